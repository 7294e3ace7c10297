"""Start a large network from a trained small one (Net2Net's idea): its function is kept, and room to learn is added."""
from __future__ import annotations

import torch

from ..nets.luma import LumaNet
from ..nets.reparam import MergedConv


@torch.no_grad()
def impose(block: MergedConv, weight: torch.Tensor, bias: torch.Tensor) -> None:
    """Make the merged weight and bias of a block exactly these."""
    block.plain.copy_(weight - (block.merged_weight() - block.plain))
    block.bias.copy_(bias)


@torch.no_grad()
def widen(wide: LumaNet, narrow: LumaNet) -> None:
    """`wide` has at least the channels, layers and scale of `narrow`, both at half resolution or neither.

    The new channels see the old ones, but not the other way round. At a larger scale the result is repeated.
    """
    plain = narrow.folded()
    old = plain.head.bias.shape[0]
    if isinstance(wide.head, MergedConv):
        weight, bias = wide.head.merged_weight(), torch.zeros_like(wide.head.bias)
        weight[:old], bias[:old] = plain.head.weight, plain.head.bias
        impose(wide.head, weight, bias)
    else:
        wide.head.weight[:old], wide.head.bias[:old] = plain.head.weight, plain.head.bias
    if wide.level is not None:
        wide.level[:old] = 0 if plain.level is None else plain.level
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
