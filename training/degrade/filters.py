"""Small separable filters that degradations share."""
from __future__ import annotations

import numpy as np


def gaussian_taps(sigma: float) -> np.ndarray:
    radius = max(1, int(np.ceil(3 * sigma)))
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / max(sigma, 1e-3)) ** 2)
    return (taps / taps.sum()).astype(np.float32)


def filter_axis(picture: np.ndarray, taps: np.ndarray, axis: int) -> np.ndarray:
    """Convolve along one axis; the border is repeated."""
    radius = len(taps) // 2
    pad = [(0, 0)] * picture.ndim
    pad[axis] = (radius, radius)
    wide = np.moveaxis(np.pad(picture, pad, mode="edge"), axis, 0)
    length = picture.shape[axis]
    out = sum(t * wide[i : i + length] for i, t in enumerate(taps))
    return np.moveaxis(np.asarray(out, np.float32), 0, axis)


def gaussian_blur(picture: np.ndarray, sigma: float) -> np.ndarray:
    if sigma <= 0:
        return picture
    taps = gaussian_taps(sigma)
    return filter_axis(filter_axis(picture, taps, 0), taps, 1)


def luma_of(picture: np.ndarray) -> np.ndarray:
    """[H, W] brightness of a gray or color picture."""
    return picture if picture.ndim == 2 else picture @ np.array([0.299, 0.587, 0.114], np.float32)


def like(plane: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """A plane shaped so that it broadcasts over the picture's channels."""
    return plane if picture.ndim == 2 else plane[..., None]
