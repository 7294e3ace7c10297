"""Drawn title cards, captions and credits: sharp letters and rules, of which photos have few and films have many."""
from __future__ import annotations

from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..degrade.filters import gaussian_blur

LETTERS = "etaoinshrdlucmfwypvbgkqjxzETAOINSHRDLCMWPB0123456789.,!?-'\"&:"
# The fonts that matplotlib carries, without its tables of symbols.
FAMILIES = ("DejaVuSans*", "DejaVuSerif*", "STIXGeneral*", "cmr10*", "cmb10*", "cmss10*", "cmtt10*")


@cache
def _fonts() -> list[Path]:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return sorted(f for family in FAMILIES for f in folder.glob(f"{family}.ttf") if "Display" not in f.name)


@cache
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size)


def _words(rng: np.random.Generator, length: int) -> str:
    lengths = rng.integers(1, 10, length)
    return " ".join("".join(rng.choice(list(LETTERS), n)) for n in lengths)


def title_card(rng: np.random.Generator, side: int) -> np.ndarray:
    """A piece of one, [side, side] luma 0..1: lines of letters on a flat, shaded or cloudy ground, now and then ruled."""
    canvas = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(canvas)
    size = round(float(np.exp(rng.uniform(np.log(11), np.log(72)))))
    font = _font(_fonts()[int(rng.integers(len(_fonts())))], size)
    pitch = size * rng.uniform(1.05, 1.6)
    indent, top = rng.uniform(-0.5, 0.2) * side, rng.uniform(-1, 0.5) * pitch
    for k in range(int((side - top) / pitch) + 1):
        if rng.random() < 0.9:
            draw.text((indent, top + k * pitch), _words(rng, 12), fill=255, font=font)
    if rng.random() < 0.3:
        x, y = rng.uniform(0, side, 2)
        draw.rectangle((x, y, x + side, y + side), outline=255, width=int(rng.integers(1, 6)))
    ink = gaussian_blur(np.asarray(canvas, np.float32) / 255, float(rng.uniform(0, 0.5)))
    cloud = gaussian_blur(rng.standard_normal((side, side)).astype(np.float32), side / 8)
    slope = np.linspace(-0.5, 0.5, side, dtype=np.float32)
    shade = rng.uniform(0, 0.2) * slope[:, None] + rng.uniform(0, 0.05) * cloud / max(1e-6, float(cloud.std()))
    dark, light = rng.uniform(0, 0.25), rng.uniform(0.6, 1)
    ground, letter = (dark, light) if rng.random() < 0.6 else (light, dark)
    flat = rng.random() < 0.5
    return np.clip(ground + (letter - ground) * ink + (0 if flat else shade), 0, 1).astype(np.float32)
