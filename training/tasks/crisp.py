"""Super-resolution of old footage that is made for the eye: crisp instead of the mean of what may be there.

Pixels, features of a network for photos and a critic (engine/criticized.py) say what a good picture is, after Real-ESRGAN (Wang et al.,
2021). Two copies of a picture with other grain must become the same, so that what is made up does not change from frame to frame.
"""
from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ..data.metrics import psnr
from ..data.sight_weights import sight_file
from ..degrade.batched import blurred
from ..degrade.recipe import RECIPE
from ..engine.task import Batch
from .luma_base import apply, guessed
from .old_footage import MIDDLE, OldFootageTask
from .perception import Perception

# The target is a little sharper than the photo, but stays between the darkest and the brightest sample around: no halos.
SHARPER, SHARPER_SIGMA, SHARPER_REACH = 0.6, 1.5, 2


def sharper(luma: torch.Tensor) -> torch.Tensor:
    sigma = torch.full((len(luma),), SHARPER_SIGMA, device=luma.device)
    wanted = luma + SHARPER * (luma - blurred(luma, sigma))
    side = 2 * SHARPER_REACH + 1
    brightest = F.max_pool2d(luma, side, 1, SHARPER_REACH)
    darkest = -F.max_pool2d(-luma, side, 1, SHARPER_REACH)
    return torch.minimum(torch.maximum(wanted, darkest), brightest)


class CrispTask(OldFootageTask):
    @cached_property
    def perception(self) -> Perception:
        return Perception(sight_file(self.cache), self.device)

    def batch_on(self, progress: float) -> Batch:
        """Two copies of every picture, aged alike but with other grain; their strengths; the target."""
        data = self.config.data
        clean = self.bank.patches(int(data["patch"]) * self.scale, self.config.batch)
        first, second, strength = self.aging.twice(clean, MIDDLE[0], data["softShare"])
        return first, second, guessed(strength, self.config), sharper(clean)

    def phase(self, progress: float) -> int:
        """1: the critic is asked."""
        return int(progress >= self.config.data["criticFrom"])

    def outcome(self, model: nn.Module, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """What the network makes of the first copies, and how far it is from the target without asking the critic."""
        first, second, strength, target = batch
        out, other = model(torch.cat([first, second]), torch.cat([strength, strength])).float().chunk(2)
        data = self.config.data
        loss = (out - target).abs().mean() + data["steady"] * (out - other).abs().mean()
        return out, loss + data["seen"] * self.perception.distance(out, target)

    def loss(self, model: nn.Module, batch: Batch, progress: float) -> torch.Tensor:
        return self.outcome(model, batch)[1]

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        if not self.set14:
            return {"set14_seen": float("nan")}
        seen, dbs = [], []
        for low, high in self.set14:
            out = apply(model, low, RECIPE["strength"])
            h, w = (side // 8 * 8 for side in high.shape)
            a, b = (torch.from_numpy(np.ascontiguousarray(p[:h, :w], np.float32))[None, None].to(self.device) for p in (out, high))
            seen.append(float(self.perception.distance(a, b)))
            dbs.append(psnr(out, high, self.scale))
        return {"set14_seen": float(np.mean(seen)), "set14_recipe_psnr": float(np.mean(dbs))}
