"""Start a wide network as exactly the function of a trained narrow one, so that training goes on from there."""
from __future__ import annotations

import torch
from torch import nn

from ..nets.luma import LumaNet
from ..nets.reparam import MergedConv


@torch.no_grad()
def _impose(block: MergedConv, weight: torch.Tensor, bias: torch.Tensor) -> None:
    """Make the block's first outputs equal `weight` on its first inputs and deaf to the other inputs."""
    outputs, inputs = weight.shape[:2]
    others = block.merged_weight() - block.plain
    block.plain[:outputs] = -others[:outputs]
    block.plain[:outputs, :inputs] += weight
    block.bias[:outputs] = bias


@torch.no_grad()
def grow(wide: LumaNet, narrow: LumaNet) -> None:
    """Both of the same scale; `narrow` may have fewer channels and layers."""
    plain = narrow.folded()
    _impose(wide.head, plain.head.weight, plain.head.bias)
    _impose(wide.tail, plain.tail.weight, plain.tail.bias)
    channels = plain.head.weight.shape[0]
    same = torch.zeros(channels, channels, 3, 3)
    same[:, :, 1, 1] = torch.eye(channels)
    for i, block in enumerate(wide.body):
        if i < len(plain.body):
            _impose(block, plain.body[i].weight, plain.body[i].bias)
        else:
            _impose(block, same, torch.zeros(channels))


def narrow_from(state: dict[str, torch.Tensor], scale: int) -> nn.Module:
    """The narrow network of a checkpoint's weights (without a strength input)."""
    layers = sum(1 for k in state if k.startswith("body.") and k.endswith(".bias"))
    net = LumaNet(scale, state["head.bias"].shape[0], layers, False)
    net.load_state_dict(state)
    return net
