"""What analog and digital video does to color."""
from __future__ import annotations

import numpy as np

from ..data.colorspace import rgb_to_ycc, ycc_to_rgb
from ..data.imresize import imresize
from .filters import filter_axis, gaussian_taps
from .optics import downscale
from .registry import degradation


def _with_chroma(picture: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    ycc = rgb_to_ycc(picture)
    return ycc_to_rgb(np.concatenate([ycc[..., :1], chroma], axis=-1))


@degradation("subsample")
def subsample(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Chroma at 1/2 (strength up to 0.5) or 1/4 of the size, box-averaged, and back up."""
    if picture.ndim == 2:
        return picture
    factor = 2 if strength <= 0.5 else 4
    height, width = picture.shape[:2]
    chroma = rgb_to_ycc(picture)[..., 1:]
    small = downscale(chroma, max(1, height // factor), max(1, width // factor), "box")
    return _with_chroma(picture, imresize(small, height, width))


@degradation("bleed")
def bleed(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Chroma smeared along the line and shifted to the right, as on tape."""
    if picture.ndim == 2:
        return picture
    chroma = filter_axis(rgb_to_ycc(picture)[..., 1:], gaussian_taps(8 * strength), 1)
    shift = round(6 * strength * float(rng.uniform(0.3, 1)))
    index = np.clip(np.arange(picture.shape[1]) - shift, 0, None)
    return _with_chroma(picture, chroma[:, index])
