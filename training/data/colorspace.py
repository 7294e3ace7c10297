"""Color conversions shared by data, degradations and evaluation."""
from __future__ import annotations

import numpy as np

FULL_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def limited_luma(rgb: np.ndarray) -> np.ndarray:
    """uint8 RGB [..., 3] -> normalized BT.601 limited luma: 0 is black, 1 is white (the published protocol's Y)."""
    weights = np.array([65.481, 128.553, 24.966], np.float32) / (255.0 * 219.0)
    return rgb.astype(np.float32) @ weights


def rgb_to_ycc(rgb: np.ndarray) -> np.ndarray:
    """RGB 0..1 [..., 3] -> full-range BT.601 (JPEG) Y 0..1 and Cb, Cr -0.5..0.5."""
    y = rgb @ FULL_LUMA
    cb = (rgb[..., 2] - y) / 1.772
    cr = (rgb[..., 0] - y) / 1.402
    return np.stack([y, cb, cr], axis=-1)


def ycc_to_rgb(ycc: np.ndarray) -> np.ndarray:
    """The inverse of rgb_to_ycc, clipped to 0..1."""
    y, cb, cr = ycc[..., 0], ycc[..., 1], ycc[..., 2]
    r = y + 1.402 * cr
    b = y + 1.772 * cb
    g = (y - 0.299 * r - 0.114 * b) / 0.587
    return np.clip(np.stack([r, g, b], axis=-1), 0.0, 1.0)
