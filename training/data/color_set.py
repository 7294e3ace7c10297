"""Color photos for the colorizer, decoded once and kept in memory."""
from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Sequence

import numpy as np
from PIL import Image

from .free_photos import free_photos
from .packs import read_zip_images

HOLDOUT_FILE = Path(__file__).resolve().parent.parent / "holdout.json"
HOLDOUT_COUNT = 200
# Colorfulness up to which a photo is a gray one and says nothing about color.
GRAY = 2.0
LARGE_PACK = "train-color-112.zip"
# A muted crop is the least colorful of so many, which may be closer ones.
MUTED_OF = 4
MUTED_CLOSEST = 0.5


def holdout_names(names: list[str]) -> list[str]:
    """The pictures of the large pack that are never trained on: the first ones by the hash of their name."""
    return sorted(names, key=lambda n: hashlib.sha256(n.encode()).hexdigest())[:HOLDOUT_COUNT]


def holdout_pictures(data: Path) -> list[tuple[str, np.ndarray]]:
    keep = set(json.loads(HOLDOUT_FILE.read_text())["names"])
    return [(n, rgb) for n, rgb in read_zip_images(data / LARGE_PACK) if n in keep]


class ColorSet:
    """`small` are 64 x 64, `large` have a short side of 112 or a little more, `scenes` one of 160 to 288, with `free` the free photos too."""

    def __init__(self, data: Path, cache: Path, free: bool = False):
        file = cache / f"color-photos{'-free' if free else ''}.npz"
        if not file.exists():
            cache.mkdir(parents=True, exist_ok=True)
            self._build(data, free_photos(cache) if free else [], file)
        arrays = np.load(file)
        self.small: np.ndarray = arrays["small"]
        self.large = _unpacked(arrays["large"], arrays["shapes"])
        self.scenes = _unpacked(arrays["scenes"], arrays["scene_shapes"])

    def _build(self, data: Path, free: list[np.ndarray], file: Path) -> None:
        small = np.stack([rgb for _, rgb in read_zip_images(data / "train-color-64.zip")])
        packed = read_zip_images(data / LARGE_PACK)
        names = holdout_names([n for n, _ in packed])
        HOLDOUT_FILE.write_text(json.dumps({"pack": LARGE_PACK, "names": sorted(names)}, indent=1) + "\n")
        large = [rgb for n, rgb in packed if n not in set(names)]
        sharp = [rgb for _, rgb in read_zip_images(data / "train-sr.zip")] + free
        scenes = [rgb for rgb in sharp if min(rgb.shape[:2]) >= 160 and colorfulness(rgb) > GRAY]
        scenes = [_short_side(rgb, min(288, *rgb.shape[:2])) for rgb in scenes]
        np.savez(
            file, small=small, large=_packed(large), shapes=_shapes(large), scenes=_packed(scenes), scene_shapes=_shapes(scenes)
        )

    def groups(self, large_share: float, scene_share: float) -> list[tuple[Sequence[np.ndarray], float]]:
        """Pictures of a kind and how often one of them is drawn."""
        return [(self.small, 1 - large_share - scene_share), (self.large, large_share), (self.scenes, scene_share)]

    def muted(self, rng: np.random.Generator, size: int, large_share: float, scene_share: float) -> np.ndarray:
        """A crop that is less colorful than most: the packs have few such pictures, the world many."""
        tries = [self.crop(rng, size, large_share, scene_share, MUTED_CLOSEST) for _ in range(MUTED_OF)]
        return min(tries, key=colorfulness)

    def crop(self, rng: np.random.Generator, size: int, large_share: float, scene_share: float, closest: float) -> np.ndarray:
        """One random uint8 RGB crop of size x size, from `closest` to all of the picture's short side."""
        groups = self.groups(large_share, scene_share)
        pictures = groups[int(rng.choice(len(groups), p=[share for _, share in groups]))][0]
        picture = pictures[int(rng.integers(len(pictures)))]
        h, w = picture.shape[:2]
        side = min(h, w) * float(rng.uniform(closest, 1.0))
        stretch = float(np.exp(rng.uniform(-0.12, 0.12)))
        bw, bh = min(side * stretch, w), min(side / stretch, h)
        x, y = float(rng.uniform(0, w - bw)), float(rng.uniform(0, h - bh))
        image = Image.fromarray(picture).resize((size, size), Image.Resampling.BILINEAR, box=(x, y, x + bw, y + bh))
        out = np.asarray(image)
        return out[:, ::-1] if rng.integers(2) else out


def _packed(pictures: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([p.ravel() for p in pictures])


def _shapes(pictures: list[np.ndarray]) -> np.ndarray:
    return np.array([p.shape[:2] for p in pictures])


def _unpacked(flat: np.ndarray, shapes: np.ndarray) -> list[np.ndarray]:
    ends = np.cumsum(shapes.prod(axis=1) * 3)
    return [flat[end - h * w * 3 : end].reshape(h, w, 3) for end, (h, w) in zip(ends, shapes, strict=True)]


def _short_side(rgb: np.ndarray, side: int) -> np.ndarray:
    h, w = rgb.shape[:2]
    k = side / min(h, w)
    return np.asarray(Image.fromarray(rgb).resize((round(w * k), round(h * k)), Image.Resampling.BICUBIC))


def colorfulness(rgb: np.ndarray) -> float:
    """Hasler and Suesstrunk, 2003, "Measuring colourfulness in natural images"; of bytes."""
    red, green, blue = np.moveaxis(rgb.astype(np.float32), -1, 0)
    one, two = red - green, (red + green) / 2 - blue
    return float(np.hypot(one.std(), two.std()) + 0.3 * np.hypot(one.mean(), two.mean()))
