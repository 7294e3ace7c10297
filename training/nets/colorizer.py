"""Luma of a whole frame in, a distribution over chroma bins for every 4x4 cell out.

Most of the work happens at 1/8 and 1/16 of the frame; the mean over the whole frame is fed back twice, so that
every cell knows what kind of scene it belongs to. With `sight` a frozen network for photos adds what it recognizes at
1/8 and 1/16. Batch normalization folds into the convolutions on export.
"""
from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .sight import FAR_CHANNELS, NEAR_CHANNELS, Sight

Maybe = torch.Tensor | None


def conv(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    padding = 0 if size == stride else size // 2
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, padding, bias=False), nn.BatchNorm2d(outputs))


class Bottleneck(nn.Module):
    def __init__(self, channels: int, middle: int):
        super().__init__()
        self.reduce = conv(channels, middle, 1)
        self.mix = conv(middle, middle, 3)
        self.expand = conv(middle, channels, 1)
        nn.init.constant_(self.expand[1].weight, 0.3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.mix(F.relu(self.reduce(x))))
        return F.relu(x + self.expand(y))


class Context(nn.Module):
    """Adds what the mean of the whole frame says to every place."""

    def __init__(self, channels: int, middle: int):
        super().__init__()
        self.first = nn.Conv2d(channels, middle, 1)
        self.second = nn.Conv2d(middle, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        whole = x.mean(dim=(2, 3), keepdim=True)
        return F.relu(x + self.second(F.relu(self.first(whole))))


class Colorizer(nn.Module):
    reduction = 4
    size_multiple = 16

    def __init__(self, bins: list[list[float]], widths: list[int], blocks: list[int], sight: bool = False, dropout: float = 0.0):
        super().__init__()
        self.dropout = dropout
        w4, w8, w16 = widths
        self.sight = Sight() if sight else None
        if sight:
            self.near = conv(NEAR_CHANNELS, w8, 1)
            self.far = conv(FAR_CHANNELS, w16, 1)
            for added in (self.near, self.far):
                nn.init.constant_(added[1].weight, 0.1)
        self.stem = nn.ModuleList([conv(1, 32, 3, 2), conv(32, w4, 3, 2)])
        self.level4 = self._stage(w4, blocks[0])
        self.down8 = conv(w4, w8, 2, 2)
        self.level8 = self._stage(w8, blocks[1])
        self.down16 = conv(w8, w16, 2, 2)
        self.level16 = self._stage(w16, blocks[2])
        self.context = Context(w16, w16 // 2)
        self.scene = self._stage(w16, blocks[3])
        self.context2 = Context(w16, w16 // 2)
        self.up8 = conv(w16, w8, 1)
        self.back8 = self._stage(w8, blocks[4])
        self.up4 = conv(w8, w4, 1)
        self.back4 = self._stage(w4, blocks[5])
        self.classify = nn.Conv2d(w4, len(bins), 1)
        self.register_buffer("bins", torch.tensor(bins), persistent=False)

    @staticmethod
    def _stage(channels: int, count: int) -> nn.Sequential:
        return nn.Sequential(*(Bottleneck(channels, max(32, channels // 3 // 16 * 16)) for _ in range(count)))

    def forward(self, luma: torch.Tensor, near: Maybe = None, far: Maybe = None) -> torch.Tensor:
        """`near` and `far` are what `sight` says of this luma, where it is known already."""
        if self.sight is not None and (near is None or far is None):
            near, far = self.sight(luma)
        x = (luma - 0.45) * 4.0
        for layer in self.stem:
            x = F.relu(layer(x))
        x4 = self.level4(x)
        x8 = self.down8(x4)
        x8 = self.level8(F.relu(x8 if near is None else x8 + self._some(self.near(near))))
        x = self.down16(x8)
        x = self.context(self.level16(F.relu(x if far is None else x + self._some(self.far(far)))))
        x = self._some(self.context2(self.scene(x)))
        x = self.back8(F.relu(x8 + F.interpolate(self.up8(x), scale_factor=2.0, mode="bilinear", align_corners=False)))
        x = self.back4(F.relu(x4 + F.interpolate(self.up4(x), scale_factor=2.0, mode="bilinear", align_corners=False)))
        return self.classify(x)

    def _some(self, features: torch.Tensor) -> torch.Tensor:
        """Whole channels are missing while it learns, so that it does not learn its pictures by heart."""
        return F.dropout2d(features, self.dropout, self.training and self.dropout > 0)

    def folded(self) -> "Colorizer":
        plain = copy.deepcopy(self).eval()
        for module in list(plain.modules()):
            for name, child in list(module.named_children()):
                if isinstance(child, nn.Sequential) and len(child) == 2 and isinstance(child[1], nn.BatchNorm2d):
                    setattr(module, name, fuse_conv_bn_eval(child[0], child[1]))
        plain.stem = nn.ModuleList(
            fuse_conv_bn_eval(s[0], s[1]) if isinstance(s, nn.Sequential) else s for s in plain.stem
        )
        return plain

    def manifest(self) -> dict[str, Any]:
        return {
            "scale": 1,
            "input": {"name": "luma"},
            "output": {"name": "logits"},
            "sizeMultiple": self.size_multiple,
            "reduction": self.reduction,
            "bins": [[round(v, 5) for v in pair] for pair in self.bins.tolist()],
        }


def expected_chroma(logits: torch.Tensor, bins: torch.Tensor, temperature: float = 1.0) -> torch.Tensor:
    """The annealed mean: [N, Q, h, w] logits -> [N, 2, h, w] Cb, Cr."""
    chance = torch.softmax(logits / temperature, dim=1)
    return torch.einsum("nqhw,qc->nchw", chance, bins)
