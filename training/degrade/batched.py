"""Degradations of a whole batch on the device where a network learns: each picture of [N, 1, H, W] with its own strength.

The same models as blur, downscale, grain and jpeg beside this file, in operations that a CUDA graph can record.
"""
from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from ..data.imresize import cubic

# The luminance table of ITU-T T.81, Annex K.
LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.float32,
)
BLUR_REACH = 8


def each(values: torch.Tensor) -> torch.Tensor:
    """[N] as a number for every picture of [N, 1, H, W]."""
    return values[:, None, None, None]


def separable(pictures: torch.Tensor, taps: torch.Tensor, stride: int = 1) -> torch.Tensor:
    """Rows and columns of picture n by taps[n]; the border is repeated, and a stride keeps the middle of every cell."""
    count, length = taps.shape
    before = (length - stride) // 2
    after = length - stride - before
    wide = F.pad(pictures, (before, after, before, after), mode="replicate").movedim(0, 1)
    rows = F.conv2d(wide, taps.view(count, 1, 1, length), stride=(1, stride), groups=count)
    return F.conv2d(rows, taps.view(count, 1, length, 1), stride=(stride, 1), groups=count).movedim(0, 1)


def blurred(pictures: torch.Tensor, sigma: torch.Tensor, reach: int = BLUR_REACH) -> torch.Tensor:
    """Gaussian, sigma [N] in pixels, at most a third of the reach."""
    at = torch.arange(-reach, reach + 1, device=sigma.device)
    taps = torch.exp(-0.5 * (at / sigma[:, None].clamp(min=1e-2)).square())
    return separable(pictures, taps / taps.sum(dim=1, keepdim=True))


def reducing_kernels(scale: int) -> np.ndarray:
    """Antialiased bicubic, bilinear, box and Lanczos taps for a whole factor: [4, 6 * scale], the order of optics.KERNELS."""
    at = (np.arange(6 * scale) - 3 * scale + 0.5) / scale
    size = np.abs(at)
    lanczos = np.where(size < 3, np.sinc(at) * np.sinc(at / 3), 0)
    rows = np.stack([cubic(at), np.maximum(1 - size, 0), (size < 0.5).astype(float), lanczos])
    return (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)


def reduced(pictures: torch.Tensor, taps: torch.Tensor, scale: int) -> torch.Tensor:
    """taps [N, 6 * scale], rows of reducing_kernels; sides are multiples of the scale."""
    return separable(pictures, taps, scale)


def grained(pictures: torch.Tensor, sigma: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
    """film_grain with sigma [N] in units of the pictures and clumps of size [N]."""
    field = blurred(torch.randn_like(pictures), size)
    field = field / field.std(dim=(1, 2, 3), keepdim=True).clamp(min=1e-6)
    inside = pictures.clamp(0, 1)
    return pictures + each(sigma) * (0.5 + 2.0 * inside * (1 - inside)) * field


class Jpeg:
    """What JPEG of a quality [N] does to gray pictures 0..1, whose sides are multiples of 8."""

    def __init__(self, device: torch.device):
        k, n = np.mgrid[:8, :8]
        dct = np.where(k == 0, np.sqrt(1 / 8), 0.5 * np.cos((2 * n + 1) * k * np.pi / 16))
        self.dct = torch.from_numpy(dct.astype(np.float32)).to(device)
        self.table = torch.from_numpy(LUMINANCE).to(device)

    def __call__(self, pictures: torch.Tensor, quality: torch.Tensor) -> torch.Tensor:
        quality = quality.round().clamp(1, 100)
        share = torch.where(quality < 50, (5000 / quality).floor(), 200 - 2 * quality)
        table = ((self.table * share[:, None, None] + 50) / 100).floor().clamp(1, 255)[:, None, None]
        count, _, height, width = pictures.shape
        codes = (pictures.clamp(0, 1) * 255).round() - 128
        blocks = codes.view(count, height // 8, 8, width // 8, 8).transpose(2, 3)
        spectrum = (_both_ways(blocks, self.dct.T) / table).round() * table
        back = _both_ways(spectrum, self.dct).transpose(2, 3).reshape(pictures.shape)
        return (back + 128).round().clamp(0, 255) / 255


def _both_ways(blocks: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """matrix' B matrix for every block B, as two large products instead of many small ones."""
    return ((blocks @ matrix).mT @ matrix).mT
