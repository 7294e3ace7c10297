"""MATLAB's antialiased bicubic imresize, the kernel of the published super-resolution protocol."""
from __future__ import annotations

from functools import lru_cache

import numpy as np


def cubic(x: np.ndarray) -> np.ndarray:
    a = np.abs(x)
    near = 1.5 * a**3 - 2.5 * a**2 + 1.0
    far = -0.5 * a**3 + 2.5 * a**2 - 4.0 * a + 2.0
    return np.where(a <= 1, near, np.where(a <= 2, far, 0.0))


@lru_cache(maxsize=256)
def _taps(source: int, target: int) -> tuple[np.ndarray, np.ndarray]:
    scale = target / source
    stretch = min(scale, 1.0)
    width = 4.0 / stretch
    center = (np.arange(target) + 0.5) / scale - 0.5
    first = np.floor(center - width / 2).astype(int)
    index = first[:, None] + np.arange(int(np.ceil(width)) + 2)[None, :]
    weight = stretch * cubic(stretch * (center[:, None] - index))
    weight /= weight.sum(axis=1, keepdims=True)
    mirror = np.concatenate([np.arange(source), np.arange(source)[::-1]])
    return mirror[index % (2 * source)], weight.astype(np.float32)


def _along(image: np.ndarray, target: int, axis: int) -> np.ndarray:
    if image.shape[axis] == target:
        return image
    index, weight = _taps(image.shape[axis], target)
    moved = np.moveaxis(image, axis, 0)
    out = np.zeros((target, *moved.shape[1:]), np.float32)
    shape = (-1,) + (1,) * (moved.ndim - 1)
    for tap in range(index.shape[1]):
        out += weight[:, tap].reshape(shape) * moved[index[:, tap]]
    return np.moveaxis(out, 0, axis)


def imresize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """[H, W] or [H, W, C] of any number type -> float32 of the new size (not rounded, not clipped)."""
    return _along(_along(image.astype(np.float32), height, 0), width, 1)


def imresize_uint8(image: np.ndarray, height: int, width: int) -> np.ndarray:
    return np.clip(np.round(imresize(image, height, width)), 0, 255).astype(np.uint8)
