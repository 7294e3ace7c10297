"""How far two pictures are from each other for a network that recognizes things: closer to what a viewer sees than differences of pixels.

The unit-length features of several depths are compared (Zhang et al., 2018, LPIPS, without its learned weights), of nets/sight.py.
"""
from __future__ import annotations

from pathlib import Path

import torch
from torch.nn import functional as F

from ..nets.sight import Sight

# The blocks whose outputs are compared: at 1/1, 1/2, 1/4 and twice 1/8 of the picture's size.
DEPTHS = (0, 2, 5, 9, 12)


class Perception:
    def __init__(self, weights: Path, device: torch.device):
        self.net = Sight()
        self.net.load_state_dict(torch.load(weights, map_location="cpu"))
        self.net.eval().to(device, memory_format=torch.channels_last)

    def features(self, luma: torch.Tensor) -> list[torch.Tensor]:
        """[N, 1, h, w], sides multiples of 8."""
        found = []
        # In 16 bits where that is fast; a recording must not keep casts.
        with torch.autocast(luma.device.type, torch.bfloat16, luma.is_cuda, cache_enabled=False):
            x = F.relu6(self.net.stem(luma.float() * 2 - 1))
            for k, block in enumerate(self.net.blocks[: DEPTHS[-1] + 1]):
                x = block(x)
                if k in DEPTHS:
                    found.append(x.float() / (x.float().square().sum(dim=1, keepdim=True) + 1e-4).sqrt())
        return found

    def distance(self, luma: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            wanted = self.features(target)
        pairs = zip(self.features(luma), wanted, strict=True)
        return torch.stack([(a - b).square().sum(dim=1).mean() for a, b in pairs]).mean()
