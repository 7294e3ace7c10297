"""Grain and noise."""
from __future__ import annotations

import numpy as np

from .filters import gaussian_blur, like, luma_of
from .registry import degradation

GRAIN_SIGMA = 25.0 / 255.0
NOISE_SIGMA = 50.0 / 255.0


def film_grain(picture: np.ndarray, sigma: float, size: float, rng: np.random.Generator) -> np.ndarray:
    """Grain of `sigma` (0..1 units) in the mid-tones and half of that at black and white; `size` blurs it into clumps."""
    luma = luma_of(picture)
    field = gaussian_blur(rng.standard_normal(luma.shape).astype(np.float32), size)
    field /= max(float(field.std()), 1e-6)
    weight = 0.5 + 2.0 * np.clip(luma, 0, 1) * (1 - np.clip(luma, 0, 1))
    return picture + like(sigma * weight * field, picture)


@degradation("grain")
def grain(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    return film_grain(picture, strength * GRAIN_SIGMA, float(rng.uniform(0.4, 0.9)), rng)


@degradation("noise")
def noise(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """White Gaussian noise; strength 1 is a sigma of 50 on the 255 scale."""
    return picture + rng.standard_normal(picture.shape).astype(np.float32) * (strength * NOISE_SIGMA)


@degradation("shot")
def shot(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Photon noise: its variance grows with brightness."""
    peak = 400.0 / max(strength, 1e-3) ** 2 / 16.0
    return rng.poisson(np.clip(picture, 0, 1) * peak).astype(np.float32) / np.float32(peak)
