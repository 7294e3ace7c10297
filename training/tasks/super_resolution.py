"""Clean super-resolution: bicubic low resolution in, the original out."""
from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import nn

from ..data.eval_set import super_resolution_pairs
from ..data.metrics import psnr
from ..data.patch_bank import PatchBank
from ..engine.task import Batch
from .luma_base import LumaTask, apply


class SuperResolutionTask(LumaTask):
    def batch(self, rng: np.random.Generator, progress: float) -> Batch:
        low, high = self.pictures.pair(rng, int(self.config.data["patch"]), self.config.batch)
        return torch.from_numpy(low), torch.from_numpy(high)

    @cached_property
    def banks(self) -> tuple[PatchBank, PatchBank]:
        return self.pictures.on(self.device, int(self.config.data["patch"]))

    def batch_on(self, progress: float) -> Batch:
        (low, high), size = self.banks, int(self.config.data["patch"])
        places = low.places(size, self.config.batch)
        return low.read(places, size), high.read(places, size, self.scale)

    @cached_property
    def set5(self) -> list[tuple[str, np.ndarray, np.ndarray]]:
        return super_resolution_pairs(self.data / "eval" / "Set5", self.scale) if self.data else []

    def validate(self, model: nn.Module) -> dict[str, float]:
        values = [psnr(apply(model, low), high, self.scale) for _, low, high in self.set5]
        return {"set5_psnr": float(np.mean(values)) if values else float("nan")}
