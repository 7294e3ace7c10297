"""Luma pictures for training: read from the pack once, then kept as arrays in a cache file."""
from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch

from .colorspace import limited_luma
from .free_photos import free_photos
from .imresize import imresize_uint8
from .packs import read_zip_images
from .patch_bank import PatchBank

# Of the smaller print of a picture, to the picture.
SMALLER = 0.7


class LumaSet:
    """High-resolution luma and, for scale > 1, its bicubic low-resolution twin, as float16 arrays.

    With `variants` every picture is there four times: as luma, as luma of a smaller print, and as its red and its blue alone.
    With `free` the free photos are there too.
    """

    def __init__(self, data: Path, cache: Path, scale: int, variants: bool = False, free: bool = False):
        self.scale = scale
        file = cache / f"luma-x{scale}{'-variants' if variants else ''}{'-free' if free else ''}.npz"
        if not file.exists():
            cache.mkdir(parents=True, exist_ok=True)
            pictures = [rgb for _, rgb in read_zip_images(data / "train-sr.zip")]
            self._build(pictures + (free_photos(cache) if free else []), file, variants)
        arrays = np.load(file)
        count = len(arrays.files) // 2 if scale > 1 else len(arrays.files)
        self.high = [arrays[f"h{i}"] for i in range(count)]
        self.low = [arrays[f"l{i}"] for i in range(count)] if scale > 1 else self.high

    def chances(self, size: int) -> np.ndarray:
        """Larger pictures are drawn more often, those smaller than a patch never."""
        weight = np.array([np.sqrt(p.size) * (min(p.shape) >= size) for p in self.low])
        return weight / weight.sum()

    def _build(self, pictures: list[np.ndarray], file: Path, variants: bool) -> None:
        out: dict[str, np.ndarray] = {}
        with ProcessPoolExecutor() as pool:
            twins = [twin for found in pool.map(partial(_twins, self.scale, variants), pictures) for twin in found]
        for i, (high, low) in enumerate(twins):
            out[f"h{i}"] = high
            if self.scale > 1:
                out[f"l{i}"] = low
        np.savez(file, **out)

    def on(self, device: torch.device, size: int) -> tuple[PatchBank, PatchBank]:
        """Low and high resolution for patches of `size` low pixels; the same places fit both."""
        chances = self.chances(size)
        low = PatchBank(self.low, chances, device)
        return low, low if self.high is self.low else PatchBank(self.high, chances, device)

    def pair(self, rng: np.random.Generator, size: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """`count` random (low, high) patches; `size` is the low-resolution side. Turned and mirrored at random."""
        s = self.scale
        lows = np.empty((count, 1, size, size), np.float32)
        highs = np.empty((count, 1, size * s, size * s), np.float32)
        for k, i in enumerate(rng.choice(len(self.high), count, p=self.chances(size))):
            low, high = self.low[i], self.high[i]
            y = int(rng.integers(0, low.shape[0] - size + 1))
            x = int(rng.integers(0, low.shape[1] - size + 1))
            turn, mirror = int(rng.integers(4)), bool(rng.integers(2))
            lows[k, 0] = _turned(low[y : y + size, x : x + size], turn, mirror)
            highs[k, 0] = _turned(high[y * s : (y + size) * s, x * s : (x + size) * s], turn, mirror)
        return lows, highs


def _twins(scale: int, variants: bool, rgb: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """High and low resolution of one picture, of all its variants if they are wanted."""
    h, w = rgb.shape[0] // 4 * 4, rgb.shape[1] // 4 * 4
    prints = [(rgb[:h, :w], [limited_luma])]
    if variants:
        prints[0][1].extend([partial(_channel, 0), partial(_channel, 2)])
        smaller = imresize_uint8(rgb, round(h * SMALLER / 4) * 4, round(w * SMALLER / 4) * 4)
        prints.append((smaller, [limited_luma]))
    rows = []
    for high, ways in prints:
        low = imresize_uint8(high, high.shape[0] // scale, high.shape[1] // scale) if scale > 1 else high
        rows += [(seen(high).astype(np.float16), seen(low).astype(np.float16)) for seen in ways]
    return rows


def _channel(index: int, rgb: np.ndarray) -> np.ndarray:
    return rgb[..., index].astype(np.float32) / 255


def _turned(patch: np.ndarray, turn: int, mirror: bool) -> np.ndarray:
    patch = np.rot90(patch, turn)
    return patch[:, ::-1] if mirror else patch
