"""Blur, misfocus and the kernels that scale pictures down."""
from __future__ import annotations

import numpy as np
from PIL import Image

from ..data.imresize import imresize
from .filters import filter_axis, gaussian_blur
from .registry import degradation

KERNELS = ("bicubic", "bilinear", "box", "lanczos", "nearest")
_PIL = {
    "bilinear": Image.Resampling.BILINEAR,
    "box": Image.Resampling.BOX,
    "lanczos": Image.Resampling.LANCZOS,
    "nearest": Image.Resampling.NEAREST,
}


@degradation("blur")
def blur(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian, sigma up to 3 pixels."""
    return gaussian_blur(picture, 3.0 * strength)


@degradation("misfocus")
def misfocus(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """A disc of up to 5 pixels radius."""
    radius = 5.0 * strength
    reach = int(np.ceil(radius))
    yy, xx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(yy, xx), 0, 1).astype(np.float32)
    rows = [filter_axis(picture, row, 1) for row in disc / disc.sum()]
    out = np.zeros_like(picture)
    for offset, row in zip(range(-reach, reach + 1), rows):
        index = np.clip(np.arange(picture.shape[0]) + offset, 0, picture.shape[0] - 1)
        out += row[index]
    return out


def downscale(picture: np.ndarray, height: int, width: int, kernel: str) -> np.ndarray:
    if kernel == "bicubic":
        return imresize(picture, height, width)
    planes = [picture] if picture.ndim == 2 else [picture[..., c] for c in range(picture.shape[2])]
    out = [np.asarray(Image.fromarray(p.astype(np.float32)).resize((width, height), _PIL[kernel])) for p in planes]
    return out[0] if picture.ndim == 2 else np.stack(out, axis=-1)


@degradation("downscale")
def resample(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Down by up to 4 with a random kernel and back up: detail is lost, the size stays."""
    factor = 1.0 + 3.0 * strength
    height, width = picture.shape[:2]
    kernel = KERNELS[int(rng.integers(len(KERNELS)))]
    small = downscale(picture, max(1, round(height / factor)), max(1, round(width / factor)), kernel)
    return imresize(small, height, width)
