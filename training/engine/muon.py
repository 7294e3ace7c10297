"""Muon: steps for the weights inside a network that turn and stretch all directions alike.

The momentum of a convolution's weights, as a matrix of outputs by inputs, is replaced by the nearest matrix whose singular
values are all near 1, so that rare directions are learned as fast as common ones (Jordan et al., 2024, github.com/KellerJordan/Muon;
the step's length as in Liu et al., 2025, arXiv:2502.16982, so that learning rates of Adam fit). First and last layers, biases and
everything that is no matrix are Adam's.
"""
from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ..nets.luma import LumaNet
from ..nets.reparam import MergedConv
from .config import Config

# The quintic Newton-Schulz iteration of Jordan et al.: five rounds bring singular values from 0.001..1 to about 0.7..1.2.
QUINTIC = (3.4445, -4.7750, 2.0315)
ROUNDS = 5
MOMENTUM = 0.95
# Root mean square of a step in learning rates: what Adam's steps have.
STEP = 0.2
ADAM_SHARE = 0.5


def orthogonalized(matrices: torch.Tensor) -> torch.Tensor:
    """[..., rows, columns], rows <= columns -> the same with singular values near 1.

    The iteration is odd in the matrix, so it runs on the small square of rows by rows and meets the matrix once, at the end.
    """
    a, b, c = QUINTIC
    x = matrices / (torch.linalg.matrix_norm(matrices, keepdim=True) + 1e-7)
    square = x @ x.mT
    eye = torch.eye(square.shape[-1], device=x.device)
    product = eye
    for _ in range(ROUNDS):
        factor = a * eye + b * square + c * (square @ square)
        product = factor @ product
        square = factor @ square @ factor
    return product @ x


class Muon(torch.optim.Optimizer):
    """For convolution weights [outputs, inputs, h, w] with at most as many outputs as inputs x h x w."""

    def __init__(self, params: list[dict[str, Any]], lr: float):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for alike in _together(group["params"]):
                ahead = torch.stack([self._ahead(p).flatten(1) for p in alike])
                size = STEP * max(ahead.shape[1:]) ** 0.5
                for p, turned in zip(alike, orthogonalized(ahead), strict=True):
                    p.sub_(turned.reshape(p.shape) * (group["lr"] * size))

    def _ahead(self, p: torch.Tensor) -> torch.Tensor:
        """Nesterov's: the gradient and what the momentum will be."""
        momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
        momentum.mul_(MOMENTUM).add_(p.grad)
        return p.grad.add(momentum, alpha=MOMENTUM)


def _together(params: list[torch.Tensor]) -> list[list[torch.Tensor]]:
    """On a GPU all weights of a shape at once; on a CPU one after the other, where a batch of small products is slow."""
    rows: dict[object, list[torch.Tensor]] = {}
    for p in params:
        rows.setdefault(p.shape if p.is_cuda else id(p), []).append(p)
    return list(rows.values())


def optimizers_for(model: nn.Module, config: Config) -> list[torch.optim.Optimizer]:
    """Each parameter group has a `share`: its learning rate in those of the schedule."""
    inner: list[nn.Parameter] = []
    optimizers: list[torch.optim.Optimizer] = []
    if config.optimizer == "muon":
        if not isinstance(model, LumaNet):
            raise ValueError(f"{config.id}: the optimizer muon is for luma networks; use adam")
        collapse(model)
        inner = [block.plain for block in model.body if isinstance(block, MergedConv)]
        optimizers.append(Muon([{"params": inner, "share": 1.0}], config.learning_rate))
    known = {id(p) for p in inner}
    rest = [p for p in model.parameters() if p.requires_grad and id(p) not in known]
    return [*optimizers, adam(rest, config, ADAM_SHARE if inner else 1.0)]


def adam(params: list[nn.Parameter], config: Config, share: float) -> torch.optim.Optimizer:
    # On a GPU the step is recorded, and a recorded rate is a number on the device.
    return torch.optim.AdamW(
        [{"params": params, "share": share}],
        lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=config.weight_decay, foreach=True, capturable=params[0].is_cuda,
    )


def collapse(model: nn.Module) -> None:
    """Muon does what parallel branches are for: they are merged for good. The function stays."""
    for module in model.modules():
        if isinstance(module, MergedConv):
            module.collapse()
