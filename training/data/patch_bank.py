"""Pictures kept on the device where a network learns, and random patches of them by index.

Nothing here waits for the processor, so that a whole training step can be recorded as one CUDA graph (engine/recorded.py).
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import numpy as np
import torch


@dataclass
class Places:
    """Where patches are, in pixels of the bank that drew them, and how they are turned; each [count]."""

    picture: torch.Tensor
    top: torch.Tensor
    left: torch.Tensor
    turned: torch.Tensor
    upward: torch.Tensor
    mirrored: torch.Tensor


class PatchBank:
    """`pictures` are [h, w] or [h, w, channels] of one kind of number; `chances` say how often each is drawn."""

    def __init__(self, pictures: Sequence[np.ndarray], chances: np.ndarray, device: torch.device):
        sides = np.array([p.shape[:2] for p in pictures], np.int64)
        self.flat = torch.from_numpy(np.concatenate([p.reshape(p.shape[0] * p.shape[1], -1) for p in pictures])).to(device)
        self.start = torch.from_numpy(np.concatenate([[0], np.cumsum(sides.prod(axis=1))[:-1]])).to(device)
        self.height, self.width = (torch.from_numpy(sides[:, k].copy()).to(device) for k in (0, 1))
        reached = np.cumsum(chances / chances.sum())
        self.reached = torch.from_numpy(reached.astype(np.float32)).to(device)
        self.device = device

    def pick(self, count: int) -> torch.Tensor:
        return torch.searchsorted(self.reached, torch.rand(count, device=self.device)).clamp(max=len(self.start) - 1)

    def places(self, size: int, count: int) -> Places:
        picture = self.pick(count)
        at, turns = torch.rand(2, count, device=self.device), torch.rand(3, count, device=self.device) < 0.5
        room = torch.stack([self.height[picture], self.width[picture]]) - size + 1
        top, left = torch.minimum((at * room).long(), room - 1)
        return Places(picture, top, left, *turns)

    def read(self, places: Places, size: int, scale: int = 1) -> torch.Tensor:
        """[count, channels, size * scale, size * scale] as floats; `scale` is this bank's over that of the places."""
        side = size * scale
        down, right = torch.arange(side, device=self.device)[:, None], torch.arange(side, device=self.device)[None]
        turned, upward, mirrored = (flag[:, None, None] for flag in (places.turned, places.upward, places.mirrored))
        row, column = torch.where(turned, right, down), torch.where(turned, down, right)
        row, column = torch.where(upward, side - 1 - row, row), torch.where(mirrored, side - 1 - column, column)
        width = self.width[places.picture][:, None, None]
        y, x = (places.top * scale)[:, None, None] + row, (places.left * scale)[:, None, None] + column
        values = self.flat[self.start[places.picture][:, None, None] + y * width + x]
        return values.float().movedim(3, 1)

    def patches(self, size: int, count: int) -> torch.Tensor:
        return self.read(self.places(size, count), size)
