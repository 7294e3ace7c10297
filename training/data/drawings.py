"""Drawings from the Open Clip Art Library (public domain; Debian's package openclipart-png), pasted together into pictures.

Outlines, flat areas and inks, of which photos have few, and animation, comics and posters consist.
"""
from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ..degrade.filters import gaussian_blur, luma_of

FOLDER = Path("/usr/share/openclipart/png")
KEPT = 1500
SEED = 11
# Smaller files are icons, larger ones take long to reduce.
BYTES = range(4_000, 200_000)
LONG_SIDE = 384


class Drawings:
    """Pieces of brightness and opacity, reduced once and kept in a cache file."""

    def __init__(self, cache: Path):
        file = cache / "drawings.npz"
        if not file.exists():
            cache.mkdir(parents=True, exist_ok=True)
            self._build(file)
        arrays = np.load(file)
        self.pieces = [arrays[name] for name in arrays.files]

    def _build(self, file: Path) -> None:
        names = sorted(p for p in FOLDER.rglob("*.png") if p.stat().st_size in BYTES)
        if not names:
            raise ValueError(f"no drawings in {FOLDER}: apt-get install openclipart-png, or set drawingShare to 0")
        chosen = np.random.default_rng(SEED).permutation(len(names))[:KEPT]
        out: dict[str, np.ndarray] = {}
        for k in sorted(chosen):
            with Image.open(names[k]) as opened:
                if max(opened.size) > 4000:
                    continue
                image = opened.convert("RGBA")
            image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
            pixels = np.asarray(image, np.float32)
            piece = np.stack([luma_of(pixels[..., :3]), pixels[..., 3]])
            out[f"d{k}"] = np.clip(piece + 0.5, 0, 255).astype(np.uint8)
        np.savez(file, **out)

    def picture(self, rng: np.random.Generator, side: int, ground: np.ndarray) -> np.ndarray:
        """[side, side] luma 0..1: drawings at random places of a flat area, a slope or (seldom) of `ground`, a photo."""
        slope = np.linspace(-0.5, 0.5, side, dtype=np.float32) * rng.uniform(0, 0.4)
        kind = rng.random()
        canvas = ground.copy() if kind < 0.2 else np.full((side, side), rng.uniform(0, 1), np.float32)
        if kind > 0.7:
            canvas += slope[:, None] if rng.random() < 0.5 else slope[None]
        for _ in range(int(rng.integers(2, 9))):
            self._paste(canvas, self.pieces[int(rng.integers(len(self.pieces)))], rng)
        return np.clip(gaussian_blur(canvas, float(rng.uniform(0, 0.5))), 0, 1)

    @staticmethod
    def _paste(canvas: np.ndarray, piece: np.ndarray, rng: np.random.Generator) -> None:
        piece = np.rot90(piece, int(rng.integers(4)), (1, 2))
        if rng.random() < 0.6:
            reduced = float(rng.uniform(0.2, 1))
            size = tuple(max(8, round(n * reduced)) for n in piece.shape[:0:-1])
            piece = np.stack([np.asarray(Image.fromarray(p).resize(size, Image.Resampling.LANCZOS)) for p in piece])
        side, (high, wide) = len(canvas), piece.shape[1:]
        top, left = int(rng.integers(-high // 2, side - high // 3)), int(rng.integers(-wide // 2, side - wide // 3))
        rows, columns = slice(max(0, top), min(side, top + high)), slice(max(0, left), min(side, left + wide))
        part = piece[:, rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] / np.float32(255)
        ink, cover = part
        if rng.random() < 0.15:
            ink = 1 - ink
        canvas[rows, columns] += cover * (ink - canvas[rows, columns])
