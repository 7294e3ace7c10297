"""What the luma tasks share."""
from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import nn

from ..data.luma_set import LumaSet
from ..engine.task import Batch, Task
from ..nets.luma import LumaNet


class LumaTask(Task):
    def build(self) -> nn.Module:
        return LumaNet(**self.config.net)

    @property
    def scale(self) -> int:
        return int(self.config.net["scale"])

    @cached_property
    def pictures(self) -> LumaSet:
        if self.data is None:
            raise ValueError("no data folder: give --data or set RESTORE_DATA")
        return LumaSet(self.data, self.cache, self.scale)

    def loss(self, model: nn.Module, batch: Batch, progress: float) -> torch.Tensor:
        *inputs, target = batch
        return (model(*inputs) - target).abs().mean()


@torch.no_grad()
def apply(model: nn.Module, luma: np.ndarray, strength: float | None = None) -> np.ndarray:
    """One normalized luma picture through a network; odd sizes are padded to even and cropped."""
    device = next(model.parameters()).device
    height, width = luma.shape
    multiple = getattr(model, "size_multiple", 1)
    padded = np.pad(luma, ((0, -height % multiple), (0, -width % multiple)), mode="edge")
    x = torch.from_numpy(np.ascontiguousarray(padded, np.float32))[None, None].to(device)
    inputs = (x,) if strength is None else (x, torch.tensor([strength], dtype=torch.float32, device=device))
    out = model(*inputs)[0, 0].cpu().numpy()
    scale = out.shape[0] // padded.shape[0]
    return out[: height * scale, : width * scale]
