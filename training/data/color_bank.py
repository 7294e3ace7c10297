"""Color photos on the device where the colorizer learns, and random crops of them, resized."""
from __future__ import annotations

import numpy as np
import torch

from .color_set import MUTED_CLOSEST, MUTED_OF, ColorSet
from .patch_bank import PatchBank


class ColorBank:
    def __init__(self, pictures: ColorSet, large_share: float, scene_share: float, device: torch.device):
        groups = pictures.groups(large_share, scene_share)
        chances = np.concatenate([np.full(len(group), share / len(group)) for group, share in groups])
        self.bank = PatchBank([picture for group, _ in groups for picture in group], chances, device)
        self.device = device

    def crops(self, size: int, count: int, closest: float) -> torch.Tensor:
        """[count, 3, size, size] RGB 0..1: from `closest` to all of the short side, a little stretched, mirrored at random."""
        bank, free = self.bank, torch.rand(5, count, device=self.device)
        picture = bank.pick(count)
        height, width = (sides[picture].float() for sides in (bank.height, bank.width))
        side = torch.minimum(height, width) * (closest + (1 - closest) * free[0])
        stretch = torch.exp(0.24 * free[1] - 0.12)
        wide, high = torch.minimum(side * stretch, width), torch.minimum(side / stretch, height)
        # Sampled at twice the size and averaged, so that reducing does not alias.
        at = (torch.arange(2 * size, device=self.device) + 0.5) / (2 * size)
        row = ((free[3] * (height - high))[:, None] + at * high[:, None] - 0.5).clamp(min=0)
        column = ((free[4] * (width - wide))[:, None] + at * wide[:, None] - 0.5).clamp(min=0)
        column = torch.where((free[2] < 0.5)[:, None], column.flip(1), column)
        fine = self._sampled(picture, row, column)
        return fine.view(count, size, 2, size, 2, 3).mean(dim=(2, 4)).movedim(3, 1) / 255

    def muted(self, size: int, count: int) -> torch.Tensor:
        """As `crops`, less colorful than most: see ColorSet.muted."""
        tries = self.crops(size, MUTED_OF * count, MUTED_CLOSEST).unflatten(0, (MUTED_OF, count))
        red, green, blue = (255 * tries).unbind(dim=2)
        chroma = torch.stack([red - green, (red + green) / 2 - blue])
        spread, offset = chroma.std(dim=(3, 4), unbiased=False).norm(dim=0), chroma.mean(dim=(3, 4)).norm(dim=0)
        least = (spread + 0.3 * offset).argmin(dim=0)
        return tries[least, torch.arange(count, device=self.device)]

    def _sampled(self, picture: torch.Tensor, row: torch.Tensor, column: torch.Tensor) -> torch.Tensor:
        """Bilinear at [count, rows] x [count, columns] -> [count, rows, columns, 3]."""
        bank = self.bank
        last_row, last_column = (sides[picture][:, None] - 1 for sides in (bank.height, bank.width))
        start, width = bank.start[picture][:, None, None], bank.width[picture][:, None, None]
        above, before = row.floor().long(), column.floor().long()
        down, right = (row - above)[:, :, None, None], (column - before)[:, None, :, None]

        def tap(y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
            y, x = torch.minimum(y, last_row), torch.minimum(x, last_column)
            return bank.flat[start + y[:, :, None] * width + x[:, None, :]].float()

        upper = torch.lerp(tap(above, before), tap(above, before + 1), right)
        lower = torch.lerp(tap(above + 1, before), tap(above + 1, before + 1), right)
        return torch.lerp(upper, lower, down)
