"""Evaluation pictures with their low-resolution twins."""
from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from .colorspace import limited_luma
from .imresize import imresize_uint8


def read_rgb(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def super_resolution_pairs(folder: Path, scale: int) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """(name, low luma, high luma), normalized limited range, by the published protocol."""
    pairs = []
    for path in sorted(folder.glob("*.png")):
        rgb = read_rgb(path)
        h, w = rgb.shape[0] // scale * scale, rgb.shape[1] // scale * scale
        rgb = rgb[:h, :w]
        low = imresize_uint8(rgb, h // scale, w // scale)
        pairs.append((path.stem, limited_luma(low), limited_luma(rgb)))
    return pairs


def clean_luma(folder: Path) -> list[tuple[str, np.ndarray]]:
    return [(path.stem, limited_luma(read_rgb(path))) for path in sorted(folder.glob("*.png"))]
