"""One-channel restoration networks: plain 3x3 convolutions, pixel shuffle, residual on the repeated input.

No normalization and no pooling over space: what a pixel becomes depends only on its receptive field, so a
picture may be cut into tiles without a seam.
"""
from __future__ import annotations

import copy

import torch
from torch import nn
from torch.nn import functional as F

from .reparam import MergedConv


class LumaNet(nn.Module):
    """With `half` (which scale 1 always has) the body works at half resolution, so that it sees twice as far for a
    quarter of the work (FFDNet's idea); its 6x6 stride-2 head is pixel-unshuffle and 3x3 in one.
    """

    def __init__(self, scale: int, channels: int, layers: int, strength: bool, half: bool = False):
        super().__init__()
        self.scale = scale
        self.half = half or scale == 1
        self.head: nn.Module = (
            nn.Conv2d(1, channels, 6, stride=2, padding=2) if self.half else MergedConv(1, channels, False)
        )
        self.level = nn.Parameter(torch.randn(channels) * 0.1) if strength else None
        self.body = nn.ModuleList(MergedConv(channels, channels, True, 0.3) for _ in range(layers))
        self.factor = 2 * scale if self.half else scale
        self.tail: nn.Module = MergedConv(channels, self.factor**2, False, gain=0.1)

    def features(self, luma: torch.Tensor, strength: torch.Tensor | None = None) -> torch.Tensor:
        """What the last convolution sees."""
        x = self.head(luma)
        if self.level is not None and strength is not None:
            x = x + strength.reshape(-1, 1, 1, 1) * self.level.reshape(1, -1, 1, 1)
        x = F.relu(x)
        for block in self.body:
            x = F.relu(block(x))
        return x

    def forward(self, luma: torch.Tensor, strength: torch.Tensor | None = None) -> torch.Tensor:
        x = self.tail(self.features(luma, strength))
        if self.half:
            return self.repeated(luma) + F.pixel_shuffle(x, self.factor)
        return F.pixel_shuffle(x + luma, self.factor)

    def repeated(self, luma: torch.Tensor) -> torch.Tensor:
        """The input at the output's size: what the network adds to."""
        return F.pixel_shuffle(torch.cat([luma] * self.scale**2, dim=1), self.scale) if self.scale > 1 else luma

    def folded(self) -> "LumaNet":
        """The same function with every block merged into one convolution: what is exported."""
        plain = copy.deepcopy(self).eval()
        if isinstance(plain.head, MergedConv):
            plain.head = plain.head.folded()
        plain.body = nn.ModuleList(block.folded() for block in plain.body)
        plain.tail = plain.tail.folded()
        return plain

    @property
    def size_multiple(self) -> int:
        return 2 if self.half else 1

    @property
    def receptive_radius(self) -> int:
        """In input pixels; with tile offsets at multiples of size_multiple a halo this wide is exact."""
        return (len(self.body) + 2) * self.size_multiple
