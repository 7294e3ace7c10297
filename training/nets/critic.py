"""Tells pictures of a network from true ones, place by place; it is needed while a network learns and never shipped.

A U-Net with spectral normalization (Schoenfeld et al., 2020; Wang et al., 2021, Real-ESRGAN), on one channel.
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm


def _conv(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Module:
    return spectral_norm(nn.Conv2d(inputs, outputs, size, stride, 1, bias=False))


class Critic(nn.Module):
    """Luma [N, 1, h, w], sides multiples of 8 -> a number for every pixel: how sure it is that the place is true."""

    def __init__(self, width: int = 32):
        super().__init__()
        self.first = nn.Conv2d(1, width, 3, 1, 1)
        self.down = nn.ModuleList(_conv(width << k, width << k + 1, 4, 2) for k in range(3))
        self.up = nn.ModuleList(_conv(width << k + 1, width << k) for k in (2, 1, 0))
        self.smooth = _conv(width, width)
        self.last = nn.Conv2d(width, 1, 3, 1, 1)

    def forward(self, luma: torch.Tensor) -> torch.Tensor:
        x = F.leaky_relu(self.first(luma * 2 - 1), 0.2)
        passed = []
        for conv in self.down:
            passed.append(x)
            x = F.leaky_relu(conv(x), 0.2)
        for conv in self.up:
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = F.leaky_relu(conv(x), 0.2) + passed.pop()
        return self.last(F.leaky_relu(self.smooth(x), 0.2))
