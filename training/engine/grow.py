"""Start a wide network as four turned copies of a trained narrow one.

Averaging a network over the four quarter turns of its input is known to help (self-ensemble). Turning the kernels
instead of the picture makes the same function one network of four columns, which can be trained on.
"""
from __future__ import annotations

import torch

from ..nets.luma import LumaNet
from ..nets.reparam import MergedConv

TURNS = 4


@torch.no_grad()
def impose(block: MergedConv, weight: torch.Tensor, bias: torch.Tensor) -> None:
    """Make the merged weight and bias of a block exactly these."""
    block.plain.copy_(weight - (block.merged_weight() - block.plain))
    block.bias.copy_(bias)


def _turned(weight: torch.Tensor, turn: int) -> torch.Tensor:
    return torch.rot90(weight, -turn, (2, 3))


def _turned_tail(weight: torch.Tensor, bias: torch.Tensor, turn: int, factor: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The last convolution puts out factor x factor sub-pixels a pixel: they turn too."""
    kernel = _turned(weight, turn).reshape(factor, factor, *weight.shape[1:])
    kernel = torch.rot90(kernel, -turn, (0, 1)).reshape(weight.shape)
    return kernel, torch.rot90(bias.reshape(factor, factor), -turn, (0, 1)).reshape(-1)


@torch.no_grad()
def grow(wide: LumaNet, narrow: LumaNet) -> None:
    """`wide` has four groups and four times the channels of `narrow`, and the same scale and layers."""
    plain = narrow.folded()
    turns = range(TURNS)
    impose(wide.head, torch.cat([_turned(plain.head.weight, k) for k in turns]), plain.head.bias.repeat(TURNS))
    for block, conv in zip(wide.body, plain.body, strict=True):
        impose(block, torch.cat([_turned(conv.weight, k) for k in turns]), conv.bias.repeat(TURNS))
    tails = [_turned_tail(plain.tail.weight, plain.tail.bias, k, wide.factor) for k in turns]
    weight = torch.cat([t[0] for t in tails], dim=1) / TURNS
    impose(wide.tail, weight, torch.stack([t[1] for t in tails]).mean(dim=0))


def narrow_from(state: dict[str, torch.Tensor], scale: int) -> LumaNet:
    """The narrow network of a checkpoint's weights (without a strength input)."""
    layers = sum(1 for k in state if k.startswith("body.") and k.endswith(".bias"))
    net = LumaNet(scale, state["head.bias"].shape[0], layers, False)
    net.load_state_dict(state)
    return net
