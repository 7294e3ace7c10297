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
from ..data.patterns import patterned
from ..degrade.compress import jpeg_quality
from ..degrade.filters import gaussian_blur
from ..degrade.noise import film_grain
from ..degrade.optics import KERNELS, downscale
from ..degrade.recipe import RECIPE, apply_recipe
from ..engine.task import Batch
from .luma_base import LumaTask, apply


class OldFootageTask(LumaTask):
    def batch(self, rng: np.random.Generator, progress: float) -> Batch:
        size, s = int(self.config.data["patch"]), self.scale
        _, clean = self.pictures.pair(rng, size, self.config.batch)
        for k, kind in enumerate(rng.random(len(clean))):
            clean[k, 0] = self._instead(clean[k, 0], kind, rng)
        low = np.empty((len(clean), 1, size, size), np.float32)
        # Late, when squared differences count, mostly the middle of the range: what people set.
        late = progress >= self.config.data.get("squaredFrom", 1.0)
        middle = 5.0 if late else 1.5
        drawn = np.where(rng.random(len(clean)) < 0.15, rng.random(len(clean)), rng.beta(middle, middle, len(clean)))
        strength = np.where(rng.random(len(clean)) < 0.04, 0.0, drawn).astype(np.float32)
        typical = rng.random(len(clean)) < (self.config.data.get("typicalShare", 0.0) if late else 0.0)
        for k in range(len(clean)):
            low[k, 0] = _age(clean[k, 0], float(strength[k]), s, rng, bool(typical[k]))
        return torch.from_numpy(low), torch.from_numpy(strength), torch.from_numpy(clean)

    @cached_property
    def drawings(self) -> Drawings:
        return Drawings(self.cache)

    def _instead(self, photo: np.ndarray, kind: float, rng: np.random.Generator) -> np.ndarray:
        """The photo or, for the configured shares of `kind` (0..1), something drawn."""
        data, side = self.config.data, len(photo)
        for share, draw in (
            ("cardShare", lambda: title_card(rng, side)),
            ("drawingShare", lambda: self.drawings.picture(rng, side, photo)),
            ("patternShare", lambda: patterned(rng, photo)),
        ):
            kind -= data.get(share, 0.0)
            if kind < 0:
                return draw()
        return photo

    def loss(self, model: nn.Module, batch: Batch, progress: float) -> torch.Tensor:
        """Absolute differences first, which learn faster; then squared ones, whose best guess is the mean."""
        if progress < self.config.data.get("squaredFrom", 1.0):
            return super().loss(model, batch, progress)
        *inputs, target = batch
        return 10 * (model(*inputs) - target).square().mean()

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
