"""What a network for photos knows: the trunk of MobileNetV2 (Sandler et al., 2018) as an object detector learned it.

It is frozen. It sees the frame at twice its size, which its first convolution (3x3, stride 2) and bilinear doubling
do as one 3x3 convolution of stride 1; a stride of 2 with TensorFlow's padding is a 4x4 kernel whose first row and
column are zero. Its batch normalization is folded.
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

# Expansion, channels and stride of each block, in order.
BLOCKS = (
    *((1, 16, 1), (6, 24, 2), (6, 24, 1), (6, 32, 2), (6, 32, 1), (6, 32, 1), (6, 64, 2)),
    *((6, 64, 1), (6, 64, 1), (6, 64, 1), (6, 96, 1), (6, 96, 1), (6, 96, 1)),
    *((6, 160, 2), (6, 160, 1), (6, 160, 1), (6, 320, 1)),
)
# The last block at 1/8 of the frame's own size, and its channels; the last block of all is at 1/16.
NEAR, NEAR_CHANNELS = 12, 96
FAR_CHANNELS = 320


class InvertedResidual(nn.Module):
    def __init__(self, inputs: int, expansion: int, outputs: int, stride: int):
        super().__init__()
        middle = inputs * expansion
        self.expand = nn.Conv2d(inputs, middle, 1) if expansion > 1 else None
        size = 3 if stride == 1 else 4
        self.depthwise = nn.Conv2d(middle, middle, size, stride, 1, groups=middle)
        self.project = nn.Conv2d(middle, outputs, 1)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu6(self.expand(x)) if self.expand is not None else x
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if self.adds else y


class Sight(nn.Module):
    """Luma [N, 1, h, w] 0..1, sides multiples of 16 -> features at 1/8 (96 channels) and 1/16 (320)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 32, 3, 1, 1)
        self.blocks = nn.ModuleList()
        channels = 32
        for expansion, outputs, stride in BLOCKS:
            self.blocks.append(InvertedResidual(channels, expansion, outputs, stride))
            channels = outputs
        for p in self.parameters():
            p.requires_grad_(False)

    def forward(self, luma: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = F.relu6(self.stem(luma * 2 - 1))
        near = x
        for k, block in enumerate(self.blocks):
            x = block(x)
            if k == NEAR:
                near = x
        return near, x
