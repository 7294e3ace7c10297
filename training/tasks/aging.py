"""Old footage of a whole batch at once, on the device: what old_footage's `_age` does to one picture after the other."""
from __future__ import annotations

from functools import lru_cache
from typing import Callable

import numpy as np
import torch

from ..degrade.batched import Jpeg, blurred, each, grained, reduced, reducing_kernels
from ..degrade.recipe import RECIPE

QUANTILES = 1 << 14
# The largest blur of a lens that is out of focus, sigma in pixels of the small picture.
SOFTEST = 1.0
Grain = Callable[[torch.Tensor], torch.Tensor]


@lru_cache(maxsize=None)
def _beta_quantiles(middle: float) -> np.ndarray:
    drawn = np.random.default_rng(13).beta(middle, middle, 64 * QUANTILES)
    return np.sort(drawn)[32::64].astype(np.float32)


class Aging:
    def __init__(self, scale: int, device: torch.device):
        self.scale, self.device = scale, device
        self.jpeg = Jpeg(device)
        self.kernels = torch.from_numpy(reducing_kernels(scale)).to(device)
        self.quantiles: dict[float, torch.Tensor] = {}

    def strengths(self, count: int, middle: float) -> torch.Tensor:
        """Mostly around the middle, now and then anything, and sometimes none at all."""
        if middle not in self.quantiles:
            self.quantiles[middle] = torch.from_numpy(_beta_quantiles(middle)).to(self.device)
        kind, none, any_, at = torch.rand(4, count, device=self.device)
        usual = self.quantiles[middle][(at * QUANTILES).long().clamp(max=QUANTILES - 1)]
        return torch.where(none < 0.04, torch.zeros_like(any_), torch.where(kind < 0.15, any_, usual))

    def __call__(self, clean: torch.Tensor, middle: float, typical_share: float) -> tuple[torch.Tensor, torch.Tensor]:
        """[N, 1, H, W] luma -> what is left of it, `scale` times smaller, and the strength [N] of the damage.

        A typical picture has the recipe's damage at its strength, the others have play in everything.
        """
        strength = self.strengths(len(clean), middle)
        small, age = self._before_grain(clean, strength, typical_share)
        return age(small), strength

    def twice(self, clean: torch.Tensor, middle: float, soft_share: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Two copies that differ in their grain alone, and the strength; `soft_share` of them are out of focus too."""
        strength = self.strengths(len(clean), middle)
        soft, sigma = torch.rand(2, len(clean), device=self.device)
        misfocused = blurred(clean, torch.where(soft < soft_share, sigma * SOFTEST * self.scale, torch.zeros_like(sigma)), reach=3 * self.scale)
        small, age = self._before_grain(misfocused, strength, 0.0)
        return age(small), age(small), strength

    def _before_grain(self, clean: torch.Tensor, strength: torch.Tensor, typical_share: float) -> tuple[torch.Tensor, Grain]:
        count, s = len(clean), self.scale
        typical, *usual = torch.rand(4, count, device=self.device)
        typical, free = typical < typical_share, torch.rand(6, count, device=self.device)
        play = torch.where(typical, torch.ones_like(free[:2]), 0.85 + 0.3 * free[:2])
        blur = torch.where(usual[0] < 0.5, 0.5 + 0.6 * free[2], 1.4 * free[2])
        size = torch.where(usual[2] < 0.5, 0.4 + 0.4 * free[3], 0.9 * free[3])
        kernel = torch.where((usual[1] < 0.4) | (strength == 0), torch.zeros_like(free[4]), free[4] * len(self.kernels)).long()
        blur = torch.where(typical, torch.full_like(blur, RECIPE["blurSigma"] * 2 / s), blur)
        size = torch.where(typical, torch.full_like(size, RECIPE["grainSize"]), size)
        kernel = torch.where(typical, torch.zeros_like(kernel), kernel)
        soft = blurred(clean, blur * s / 2 * (3 * strength).clamp(max=1))
        small = reduced(soft, self.kernels[kernel.clamp(max=len(self.kernels) - 1)], s)
        coded, limited = torch.rand(2, count, device=self.device)

        def age(picture: torch.Tensor) -> torch.Tensor:
            grainy = grained(picture, 24 / 255 * strength * play[0], size)
            lossy = self._coded(grainy, strength * play[1], typical, limited)
            return torch.where(each(strength == 0), picture, torch.where(each(typical | (coded < 0.85)), lossy, grainy))

        return small, age

    def _coded(self, grainy: torch.Tensor, strength: torch.Tensor, typical: torch.Tensor, limited: torch.Tensor) -> torch.Tensor:
        """JPEG of luma as it is, or of the codes of limited range."""
        gain = torch.where(typical | (limited < 0.5), torch.ones_like(limited), torch.full_like(limited, 219 / 255))
        offset = torch.where(gain == 1, torch.zeros_like(gain), torch.full_like(gain, 16 / 255))
        quality = (90 - 100 * strength).clamp(15, 95)
        return (self.jpeg(grainy * each(gain) + each(offset), quality) - each(offset)) / each(gain)
