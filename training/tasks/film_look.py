"""How film would have seen color photos: the colorizer's `_as_film` for a whole batch, on the device."""
from __future__ import annotations

from functools import lru_cache

import torch

from ..degrade.batched import blurred, each, grained
from ..degrade.noise import GRAIN_SIGMA
from ..degrade.tone import RESPONSES

GAMMA = 2.2


def as_film(rgb: torch.Tensor) -> torch.Tensor:
    """[N, 3, H, W] 0..1 -> [N, 1, H, W]: a film's response, and often blur, fading and grain."""
    count, device = len(rgb), rgb.device
    plain, films = _weights(device)
    free = torch.rand(12, count, device=device)
    film = films[(free[0] * len(films)).long().clamp(max=len(films) - 1)]
    weights = torch.where((free[1] < 0.5)[:, None], film, plain) * torch.exp(0.35 * torch.randn(count, 3, device=device))
    weights = weights / weights.sum(dim=1, keepdim=True)
    seen = _mixed(rgb.clamp(min=1e-4) ** GAMMA, weights).clamp(1e-4, 1) ** (1 / GAMMA)
    luma = torch.lerp(_mixed(rgb, plain.expand(count, 3)), seen, each(0.3 + 0.7 * free[2]))
    luma = blurred(luma, torch.where(free[3] < 0.4, 3 * 0.35 * free[4], torch.zeros_like(free[4])))
    fading = torch.where(free[5] < 0.7, 0.8 * free[6], torch.zeros_like(free[6]))
    low, high = (0.3 + 0.7 * free[7]) * 0.25 * fading, 1 - (0.3 + 0.7 * free[8]) * 0.3 * fading
    luma = each(low) + each(high - low) * luma.clamp(1e-4, 1) ** each(torch.exp((free[9] - 0.5) * fading))
    grain = torch.where(free[10] < 0.6, 0.8 * free[11], torch.zeros_like(free[11]))
    size = 0.4 + 0.5 * torch.rand(count, device=device)
    return grained(luma, grain * GRAIN_SIGMA, size).clamp(0, 1)


@lru_cache
def _weights(device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Of plain luma and of films; made once, since a recording cannot copy from the processor's memory."""
    return torch.tensor([0.299, 0.587, 0.114], device=device), torch.tensor(list(RESPONSES.values()), device=device)


def _mixed(rgb: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    return (rgb * weights[:, :, None, None]).sum(dim=1, keepdim=True)
