"""Stripes, checks, hatching and dots laid over photos: cloth, blinds, fences and inks, which photos of nature lack."""
from __future__ import annotations

import numpy as np

from ..degrade.filters import gaussian_blur


def _smooth(rng: np.random.Generator, side: int, sigma: float) -> np.ndarray:
    """A soft random field of mean 0 and standard deviation 1."""
    small = max(8, round(side / max(1.0, sigma / 2)))
    field = gaussian_blur(rng.standard_normal((small, small)).astype(np.float32), max(0.5, sigma * small / side))
    at = np.linspace(0, small - 1.001, side, dtype=np.float32)
    low, share = at.astype(int), at - at.astype(int)
    rows = field[low] * (1 - share[:, None]) + field[low + 1] * share[:, None]
    field = rows[:, low] * (1 - share) + rows[:, low + 1] * share
    return (field - field.mean()) / max(1e-6, float(field.std()))


def _wave(rng: np.random.Generator, side: int, period: float, angle: float, bend: np.ndarray) -> np.ndarray:
    """-1..1 along one direction, from a sine to hard stripes of unequal width."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    phase = 2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period + bend
    hardness = float(rng.choice([0.0, 2.0, period / 3]))
    wave = np.sin(phase) + float(rng.uniform(-0.5, 0.5))
    return np.clip(wave, -1, 1) if hardness == 0 else np.tanh(hardness * wave)


def patterned(rng: np.random.Generator, photo: np.ndarray) -> np.ndarray:
    """[side, side] luma 0..1 with a pattern over a soft-edged part of it or over all."""
    side = len(photo)
    period = float(np.exp(rng.uniform(np.log(3.5), np.log(28))))
    angle = float(rng.uniform(0, np.pi))
    bend = _smooth(rng, side, side / 5) * float(rng.uniform(0, 5) if rng.random() < 0.7 else 0)
    wave = _wave(rng, side, period, angle, bend)
    kind = rng.random()
    if kind > 0.6:
        across = _wave(rng, side, period * float(rng.uniform(0.8, 1.3)), angle + np.pi / 2, bend)
        wave = wave * across if kind > 0.85 else np.maximum(wave, across) if kind > 0.75 else (wave + across) / 2
    contrast = float(rng.uniform(0.05, 0.45))
    cover = np.clip(_smooth(rng, side, side / 6) * float(rng.uniform(1, 12)) + float(rng.uniform(-0.5, 1.5)), 0, 1)
    base = photo if rng.random() < 0.6 else gaussian_blur(photo, 3.0)
    mid = np.clip(base, contrast, 1 - contrast) if rng.random() < 0.7 else np.full_like(photo, rng.uniform(contrast, 1 - contrast))
    return np.clip(photo + cover * (mid + contrast * wave - photo), 0, 1).astype(np.float32)
