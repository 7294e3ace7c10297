"""Start a large network from a trained small one.

`grow` makes four turned copies: averaging a network over the four quarter turns of its input is known to help
(self-ensemble), and turning the kernels instead of the picture makes the same function one network of four columns.
`widen` (Net2Net's idea) keeps the small network's function too, and adds channels and layers that do nothing yet.
Both can be trained on.
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


@torch.no_grad()
def widen(wide: LumaNet, narrow: LumaNet) -> None:
    """`wide` has at least the channels, layers and scale of `narrow`, both at half resolution.

    The new channels see the old ones, but not the other way round. At a larger scale the result is repeated.
    """
    plain = narrow.folded()
    old = plain.head.bias.shape[0]
    for mine, theirs in ((wide.head.weight, plain.head.weight), (wide.head.bias, plain.head.bias), (wide.level, plain.level)):
        mine[:old] = theirs
    for k, block in enumerate(wide.body):
        weight, bias = block.merged_weight(), torch.zeros_like(block.bias)
        weight[:old] = 0
        if k < len(plain.body):
            weight[:old, :old], bias[:old] = plain.body[k].weight, plain.body[k].bias
        else:
            weight[:old, :old, 1, 1] = torch.eye(old)
        impose(block, weight, bias)
    factor, repeat = wide.factor, wide.factor // narrow.factor
    source = torch.arange(factor**2)
    source = source // factor // repeat * narrow.factor + source % factor // repeat
    weight = torch.zeros_like(wide.tail.plain)
    weight[:, :old] = plain.tail.weight[source]
    impose(wide.tail, weight, plain.tail.bias[source])


def narrow_from(state: dict[str, torch.Tensor]) -> LumaNet:
    """The network of a checkpoint's weights."""
    layers = sum(1 for k in state if k.startswith("body.") and k.endswith(".bias"))
    half = "head.weight" in state
    factor = round(state["tail.bias"].shape[0] ** 0.5)
    net = LumaNet(factor // 2 if half else factor, state["head.bias"].shape[0], layers, "level" in state, half=half)
    net.load_state_dict(state)
    return net
