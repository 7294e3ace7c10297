"""Scratches, hairs, dust and dirt: drawn ones, or scanned ones after `use_scans`."""
from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from .filters import gaussian_blur, like
from .registry import degradation


_scans: dict[str, list[bytes]] = {}


def use_scans(pack: Path) -> None:
    """From now on damage is taken from the pictures (gray and alpha, a folder a kind) of a zip file such as film-damage.zip."""
    _scans.clear()
    with zipfile.ZipFile(pack) as archive:
        for name in sorted(n for n in archive.namelist() if n.endswith(".png")):
            _scans.setdefault(name.split("/")[0], []).append(archive.read(name))


def _blend(picture: np.ndarray, color: np.ndarray | float, cover: np.ndarray) -> np.ndarray:
    cover = like(cover, picture)
    paint = like(color, picture) if isinstance(color, np.ndarray) else color
    return picture * (1 - cover) + paint * cover


def _draw(shape: tuple[int, ...]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", (shape[1], shape[0]), 0)
    return image, ImageDraw.Draw(image)


def _cover(image: Image.Image, softness: float) -> np.ndarray:
    return gaussian_blur(np.asarray(image, np.float32) / 255, softness)


def _scanned(
    picture: np.ndarray, kinds: tuple[str, ...], count: int, rng: np.random.Generator, dark: bool = False
) -> np.ndarray | None:
    files = [f for k, v in _scans.items() if k in kinds for f in v]
    if not files:
        return None
    height, width = picture.shape[:2]
    for _ in range(count):
        scan = Image.open(io.BytesIO(files[int(rng.integers(len(files)))])).convert("LA")
        side = int(min(height, width) * rng.uniform(0.3, 1.0))
        pixels = np.asarray(scan.rotate(float(rng.uniform(0, 360))).resize((side, side)), np.float32) / 255
        y, x = int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1))
        color, cover = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
        color[y : y + side, x : x + side] = 1 - pixels[..., 0] if dark else pixels[..., 0]
        cover[y : y + side, x : x + side] = pixels[..., 1]
        picture = _blend(picture, color, cover)
    return picture


@degradation("scratches")
def scratches(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Nearly vertical lines, bright or dark, most of them over the whole height."""
    height, width = picture.shape[:2]
    for _ in range(1 + int(7 * strength)):
        image, draw = _draw(picture.shape)
        x = float(rng.uniform(0, width))
        top, bottom = (0.0, float(height)) if rng.random() < 0.6 else tuple(sorted(rng.uniform(0, height, 2)))
        draw.line([(x, top), (x + float(rng.normal(0, 2)), bottom)], fill=255, width=1)
        cover = _cover(image, 0.5) * float(rng.uniform(0.3, 0.9))
        picture = _blend(picture, 0.95 if rng.random() < 0.7 else 0.05, cover)
    return picture


@degradation("hairs")
def hairs(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Curls: scanned ones, bright as the pack has them, or drawn dark ones."""
    count = 1 + int(3 * strength)
    scanned = _scanned(picture, ("hair", "hair-short", "lint"), count, rng)
    if scanned is not None:
        return scanned
    height, width = picture.shape[:2]
    for _ in range(count):
        image, draw = _draw(picture.shape)
        place, angle, points = rng.uniform(0, 1, 2) * (width, height), float(rng.uniform(0, 6.3)), []
        bend = float(rng.normal(0, 0.25))
        for _ in range(16):
            points.append(tuple(place))
            angle += bend + float(rng.normal(0, 0.15))
            place = place + np.array([np.cos(angle), np.sin(angle)]) * height / 60
        draw.line(points, fill=255, width=1)
        picture = _blend(picture, 0.08, _cover(image, 0.6) * 0.9)
    return picture


def _specks(picture: np.ndarray, count: int, largest: float, value: float, rng: np.random.Generator) -> np.ndarray:
    height, width = picture.shape[:2]
    image, draw = _draw(picture.shape)
    for _ in range(count):
        x, y, r = float(rng.uniform(0, width)), float(rng.uniform(0, height)), 0.4 + largest * float(rng.random()) ** 3
        draw.ellipse([x - r, y - r * float(rng.uniform(0.5, 1)), x + r, y + r], fill=255)
    return _blend(picture, value, _cover(image, 0.5) * 0.9)


@degradation("dust")
def dust(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Small white specks: dust on the negative."""
    scanned = _scanned(picture, ("dots", "sprinkles", "spots"), 1 + int(2 * strength), rng)
    base = picture if scanned is None else scanned
    return _specks(base, int(30 * strength), 2.0, 0.95, rng)


@degradation("dirt")
def dirt(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Dark blotches: dirt and stains on the print."""
    scanned = _scanned(picture, ("dirt", "smut", "stain"), 1 + int(2 * strength), rng, dark=True)
    base = picture if scanned is None else scanned
    return _specks(base, int(15 * strength), 3.5, 0.06, rng)
