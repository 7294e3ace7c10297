"""Colorize one picture with a network and judge the result."""
from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import nn

from ..data.color_metrics import color_figures
from ..data.colorspace import rgb_to_ycc, ycc_to_rgb
from ..nets.colorizer import expected_chroma


def network_size(height: int, width: int, work_size: int, multiple: int = 16) -> tuple[int, int]:
    k = work_size / min(height, width)
    return tuple(max(multiple, round(n * k / multiple) * multiple) for n in (height, width))  # type: ignore[return-value]


def _resize(plane: np.ndarray, height: int, width: int) -> np.ndarray:
    return np.asarray(Image.fromarray(plane.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC))


@torch.no_grad()
def frame_logits(model: nn.Module, luma: np.ndarray, work_size: int) -> torch.Tensor:
    height, width = network_size(*luma.shape, work_size)
    small = np.clip(_resize(luma, height, width), 0, 1)
    device = next(model.parameters()).device
    return model(torch.from_numpy(small)[None, None].to(device))


def read_out(logits: torch.Tensor, bins: torch.Tensor, luma: np.ndarray, temperature: float, saturation: float) -> np.ndarray:
    """Logits -> RGB 0..1 of the luma's size (plain upsampling; the product guides it by luma)."""
    chroma = expected_chroma(logits, bins, temperature)[0].cpu().numpy() * saturation
    planes = [luma] + [_resize(c, *luma.shape) for c in chroma]
    return ycc_to_rgb(np.stack(planes, axis=-1))


def judge(model: nn.Module, rgb: np.ndarray, work_size: int, temperature: float = 1.0, saturation: float = 1.0) -> dict[str, float]:
    true = rgb.astype(np.float32) / 255
    luma = rgb_to_ycc(true)[..., 0]
    logits = frame_logits(model, luma, work_size)
    predicted = read_out(logits, model.bins, luma, temperature, saturation)
    return color_figures(predicted, true, np.repeat(luma[..., None], 3, axis=2))
