"""Denoising at the picture's own size, with the noise level as second input."""
from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import nn

from ..data.eval_set import clean_luma
from ..data.metrics import psnr
from ..data.patch_bank import PatchBank
from ..degrade.batched import each, grained
from ..degrade.noise import film_grain
from ..engine.task import Batch
from .luma_base import LumaTask, apply, guessed

RANGE = 255.0 / 219.0  # sigma counts 8-bit luma code values; normalized luma divides them by 219, not 255


class DenoiseTask(LumaTask):
    def batch(self, rng: np.random.Generator, progress: float) -> Batch:
        _, clean = self.pictures.pair(rng, int(self.config.data["patch"]), self.config.batch)
        noisy = clean.copy()
        levels = np.zeros(len(clean), np.float32)
        for k in range(len(clean)):
            kind = rng.random()
            sigma = 0.0 if kind < 0.04 else float(rng.uniform(2, 52))
            if kind < 0.7:
                noisy[k, 0] += rng.standard_normal(clean[k, 0].shape).astype(np.float32) * (sigma / 255 * RANGE)
            else:
                noisy[k, 0] = film_grain(clean[k, 0], sigma / 255 * RANGE, float(rng.uniform(0.3, 0.8)), rng)
            levels[k] = sigma / 50
        return torch.from_numpy(noisy), guessed(torch.from_numpy(levels), self.config, rng), torch.from_numpy(clean)

    @cached_property
    def bank(self) -> PatchBank:
        return self.pictures.on(self.device, int(self.config.data["patch"]))[1]

    def batch_on(self, progress: float) -> Batch:
        count = self.config.batch
        clean = self.bank.patches(int(self.config.data["patch"]), count)
        kind, level, size = torch.rand(3, count, device=self.device)
        sigma = torch.where(kind < 0.04, torch.zeros_like(level), 2 + 50 * level)
        strong = sigma / 255 * RANGE
        white = clean + torch.randn_like(clean) * each(strong)
        noisy = torch.where(each(kind < 0.7), white, grained(clean, strong, 0.3 + 0.5 * size))
        return noisy, guessed(sigma / 50, self.config), clean

    @cached_property
    def set14(self) -> list[tuple[str, np.ndarray, np.ndarray]]:
        if self.data is None:
            return []
        rows = []
        for i, (name, luma) in enumerate(clean_luma(self.data / "eval" / "Set14")):
            noise = np.random.default_rng(2000 + i).standard_normal(luma.shape).astype(np.float32)
            rows.append((name, luma + noise * (25 / 255 * RANGE), luma))
        return rows

    def validate(self, model: nn.Module) -> dict[str, float]:
        values = [psnr(apply(model, noisy, 0.5), clean) for _, noisy, clean in self.set14]
        return {"set14_sigma25_psnr": float(np.mean(values)) if values else float("nan")}
