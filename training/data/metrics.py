"""Figures of merit."""
from __future__ import annotations

import numpy as np


def psnr(a: np.ndarray, b: np.ndarray, border: int = 0) -> float:
    """Of two luma pictures in limited-range 8-bit units (0..1 normalized is scaled by 219), borders cropped."""
    if border:
        a, b = a[border:-border, border:-border], b[border:-border, border:-border]
    error = np.mean(((a.astype(np.float64) - b.astype(np.float64)) * 219.0) ** 2)
    return float(10 * np.log10(255.0**2 / max(error, 1e-12)))
