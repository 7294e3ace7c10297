"""An exponential moving average of a model's weights and buffers: what is validated and exported."""
from __future__ import annotations

import copy

import torch
from torch import nn


class Ema:
    def __init__(self, model: nn.Module, decay: float):
        self.model = copy.deepcopy(model).eval()
        self.decay = decay
        for p in self.model.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        keep = min(self.decay, (1 + step) / (10 + step))
        pairs = list(zip(self.model.state_dict().values(), model.state_dict().values()))
        averaged = [(mine, other) for mine, other in pairs if mine.dtype.is_floating_point]
        mine, other = (list(side) for side in zip(*averaged))
        torch._foreach_mul_(mine, keep)
        torch._foreach_add_(mine, other, alpha=1 - keep)
        for count, theirs in pairs:
            if not count.dtype.is_floating_point:
                count.copy_(theirs)
