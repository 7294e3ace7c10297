"""What the luma tasks share."""
from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import nn

from ..data.luma_set import LumaSet
from ..engine.config import Config
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
        wanted = self.config.data
        return LumaSet(self.data, self.cache, self.scale, wanted.get("variants", False), wanted.get("freePhotos", False))

    def phase(self, progress: float) -> int:
        """1: late, when squared differences count."""
        return int(progress >= self.config.data.get("squaredFrom", 1.0))

    def loss(self, model: nn.Module, batch: Batch, progress: float) -> torch.Tensor:
        """Absolute differences first, which learn faster; then squared ones, whose best guess is the mean."""
        *inputs, target = batch
        difference = model(*inputs) - target
        return 10 * difference.square().mean() if self.phase(progress) else difference.abs().mean()


def guessed(strength: torch.Tensor, config: Config, rng: np.random.Generator | None = None) -> torch.Tensor:
    """What the network is told instead of the true strength [N], which in films is only estimated: off by a random factor.

    `guess` in the configuration: the share of pictures for which it is off, and by how much (a deviation of its logarithm).
    Without `rng` the random numbers are the device's.
    """
    guess = config.data.get("guess")
    if not guess:
        return strength
    if rng is None:
        chance, wander = torch.rand_like(strength), torch.randn_like(strength)
    else:
        chance, wander = (torch.from_numpy(draw(len(strength)).astype(np.float32)) for draw in (rng.random, rng.standard_normal))
    return torch.where(chance < guess["share"], strength * torch.exp(guess["spread"] * wander), strength).clamp(0, 1.1)


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
