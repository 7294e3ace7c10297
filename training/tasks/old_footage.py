"""Super-resolution of old footage: blurred, grainy, compressed and faded low resolution in, the clean original out."""
from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import nn

from ..data.cards import title_card
from ..data.colorspace import limited_luma
from ..data.drawings import Drawings
from ..data.eval_set import read_rgb
from ..data.metrics import psnr
from ..data.patch_bank import PatchBank
from ..data.patterns import patterned
from ..degrade.compress import jpeg_quality
from ..degrade.filters import gaussian_blur
from ..degrade.noise import film_grain
from ..degrade.optics import KERNELS, downscale
from ..degrade.recipe import RECIPE, apply_recipe
from ..engine.task import Batch
from .aging import Aging
from .luma_base import LumaTask, apply, guessed

# What can stand in for photos, and the side and number of pieces drawn ahead of it.
DRAWN = ("card", "drawing", "pattern")
PIECE, PIECES, DRAWN_SEED = 256, 300, 12
# Of the beta distribution that strengths are drawn from, before and after squared differences count.
MIDDLE = (1.5, 5.0)


class OldFootageTask(LumaTask):
    def batch(self, rng: np.random.Generator, progress: float) -> Batch:
        size, s = int(self.config.data["patch"]), self.scale
        _, clean = self.pictures.pair(rng, size, self.config.batch)
        for k, kind in enumerate(rng.random(len(clean))):
            clean[k, 0] = self._instead(clean[k, 0], kind, rng)
        low = np.empty((len(clean), 1, size, size), np.float32)
        # Late mostly the middle of the range: what people set.
        late = bool(self.phase(progress))
        middle = MIDDLE[late]
        drawn = np.where(rng.random(len(clean)) < 0.15, rng.random(len(clean)), rng.beta(middle, middle, len(clean)))
        strength = np.where(rng.random(len(clean)) < 0.04, 0.0, drawn).astype(np.float32)
        typical = rng.random(len(clean)) < (self.config.data.get("typicalShare", 0.0) if late else 0.0)
        for k in range(len(clean)):
            low[k, 0] = _age(clean[k, 0], float(strength[k]), s, rng, bool(typical[k]))
        return torch.from_numpy(low), guessed(torch.from_numpy(strength), self.config, rng), torch.from_numpy(clean)

    @cached_property
    def drawings(self) -> Drawings:
        return Drawings(self.cache)

    def _instead(self, photo: np.ndarray, kind: float, rng: np.random.Generator) -> np.ndarray:
        """The photo or, for the configured shares of `kind` (0..1), something drawn."""
        for name in DRAWN:
            kind -= self.config.data.get(f"{name}Share", 0.0)
            if kind < 0:
                return self._draw(name, rng, photo)
        return photo

    def _draw(self, name: str, rng: np.random.Generator, photo: np.ndarray) -> np.ndarray:
        side = len(photo)
        if name == "card":
            return title_card(rng, side)
        return self.drawings.picture(rng, side, photo) if name == "drawing" else patterned(rng, photo)

    def drawn(self, name: str) -> np.ndarray:
        """[PIECES, PIECE, PIECE] codes of brightness, drawn once and kept in a cache file."""
        file = self.cache / f"drawn-{name}.npz"
        if not file.exists():
            rng = np.random.default_rng(DRAWN_SEED)
            photos = [self.pictures.pair(rng, PIECE // self.scale, 1)[1][0, 0] for _ in range(PIECES)]
            pieces = [np.clip(self._draw(name, rng, photo), 0, 1) for photo in photos]
            np.savez_compressed(file, (np.stack(pieces) * 255 + 0.5).astype(np.uint8))
        return np.load(file)["arr_0"]

    @cached_property
    def bank(self) -> PatchBank:
        """Photos, and the configured shares of what is drawn."""
        size, data = int(self.config.data["patch"]), self.config.data
        shares = {name: data.get(f"{name}Share", 0.0) for name in DRAWN}
        pictures, chances = list(self.pictures.high), [self.pictures.chances(size) * (1 - sum(shares.values()))]
        for name, share in shares.items():
            if share > 0:
                pictures += [(piece / np.float32(255)).astype(np.float16) for piece in self.drawn(name)]
                chances.append(np.full(PIECES, share / PIECES))
        return PatchBank(pictures, np.concatenate(chances), self.device)

    @cached_property
    def aging(self) -> Aging:
        return Aging(self.scale, self.device)

    def batch_on(self, progress: float) -> Batch:
        late = bool(self.phase(progress))
        clean = self.bank.patches(int(self.config.data["patch"]) * self.scale, self.config.batch)
        low, strength = self.aging(clean, MIDDLE[late], self.config.data.get("typicalShare", 0.0) if late else 0.0)
        return low, guessed(strength, self.config), clean

    @cached_property
    def set14(self) -> list[tuple[np.ndarray, np.ndarray]]:
        if self.data is None:
            return []
        rows = []
        for i, path in enumerate(sorted((self.data / "eval" / "Set14").glob("*.png"))):
            rgb, s = read_rgb(path), self.scale
            high = rgb[: rgb.shape[0] // s * s, : rgb.shape[1] // s * s]
            rows.append((limited_luma(apply_recipe(rgb, i, s)), limited_luma(high)))
        return rows

    def validate(self, model: nn.Module) -> dict[str, float]:
        values = [psnr(apply(model, low, RECIPE["strength"]), high, self.scale) for low, high in self.set14]
        return {"set14_recipe_psnr": float(np.mean(values)) if values else float("nan")}


def _age(clean: np.ndarray, strength: float, scale: int, rng: np.random.Generator, typical: bool = False) -> np.ndarray:
    """Grain of 24 * strength (on the 255 scale), JPEG quality 90 - 100 * strength and a blur, each with some play.

    `typical` footage has none: it is the recipe's, at this strength.
    """
    height, width = clean.shape[0] // scale, clean.shape[1] // scale
    play = np.ones(2) if typical else rng.uniform(0.85, 1.15, 2)
    usual = rng.random(3) < (0.5, 0.4, 0.5)
    blur = float(rng.uniform(0.5, 1.1) if usual[0] else rng.uniform(0, 1.4))
    kernel = "bicubic" if usual[1] or strength == 0 else KERNELS[int(rng.integers(4))]
    size = float(rng.uniform(0.4, 0.8) if usual[2] else rng.uniform(0, 0.9))
    if typical:
        blur, kernel, size = RECIPE["blurSigma"] * 2 / scale, RECIPE["kernel"], RECIPE["grainSize"]
    picture = gaussian_blur(clean, blur * scale / 2 * min(1.0, 3 * strength))
    picture = downscale(picture, height, width, kernel)
    if strength == 0:
        return picture
    sigma = 24 * strength * play[0] / 255
    picture = film_grain(picture, sigma, size, rng)
    if typical or rng.random() < 0.85:
        quality = int(np.clip(90 - 100 * strength * play[1], 15, 95))
        if typical or rng.random() < 0.5:
            return jpeg_quality(picture, quality)
        gray = (picture * 219 + 16) / 255
        picture = (jpeg_quality(gray, quality) * 255 - 16) / 219
    return picture
