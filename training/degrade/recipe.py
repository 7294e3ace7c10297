"""The fixed recipe that old-footage networks are measured with."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from .compress import jpeg_quality, to_uint8
from .filters import gaussian_blur
from .noise import film_grain
from .optics import downscale

RECIPE: dict[str, Any] = json.loads((Path(__file__).parent / "recipe.json").read_text())


def apply_recipe(rgb: np.ndarray, index: int, scale: int = RECIPE["scale"]) -> np.ndarray:
    """uint8 RGB -> degraded uint8 RGB, `scale` times smaller; `index` is the picture's place in the sorted set."""
    rng = np.random.default_rng(RECIPE["seed"] + index)
    height, width = rgb.shape[0] // scale * scale, rgb.shape[1] // scale * scale
    picture = gaussian_blur(rgb[:height, :width].astype(np.float32) / 255, RECIPE["blurSigma"])
    picture = downscale(picture, height // scale, width // scale, RECIPE["kernel"])
    picture = film_grain(picture, RECIPE["grainSigma255"] / 255, RECIPE["grainSize"], rng)
    return to_uint8(jpeg_quality(picture, RECIPE["jpegQuality"]))
