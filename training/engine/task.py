"""What a kind of network has to say for itself so that the one training loop can train it."""
from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
import torch
from torch import nn

from .config import Config

Batch = tuple[torch.Tensor, ...]


class Task(ABC):
    def __init__(self, config: Config, data: Path | None, cache: Path):
        self.config, self.data, self.cache = config, data, cache
        self.device = torch.device("cpu")

    @abstractmethod
    def build(self) -> nn.Module: ...

    @abstractmethod
    def batch(self, rng: np.random.Generator, progress: float) -> Batch: ...

    @abstractmethod
    def loss(self, model: nn.Module, batch: Batch, progress: float) -> torch.Tensor: ...

    @abstractmethod
    def validate(self, model: nn.Module) -> dict[str, float]:
        """Figures of merit; the first one is the one to look at."""

    def phase(self, progress: float) -> int:
        """Changes where the schedule has `batch_on` or `loss` do something else: a recorded step is recorded anew."""
        return 0

    def batch_on(self, progress: float) -> Batch:
        """As `batch`, drawn on the device by PyTorch's random numbers, without waiting for the processor."""
        raise NotImplementedError(f"{self.config.task}: batches cannot be drawn on the device")
