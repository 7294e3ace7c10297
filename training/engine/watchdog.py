"""Stops a training that has gone wrong, with a sentence that says what went wrong."""
from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn


class TrainingRunaway(RuntimeError):
    """Training produced NaN, exploded, or lost most of a layer's channels."""


@dataclass
class LayerStats:
    layer: str
    mean: float
    peak: float
    dead: float


class Watchdog:
    """Looks at the activations of every convolution-like layer and at the gradients once in a while."""

    def __init__(self, model: nn.Module, dead_limit: float = 0.6, activation_limit: float = 1e4, gradient_limit: float = 1e4):
        self.model = model
        self.dead_limit, self.activation_limit, self.gradient_limit = dead_limit, activation_limit, gradient_limit
        self.stats: list[LayerStats] = []
        self._handles: list[torch.utils.hooks.RemovableHandle] = []

    def watch(self) -> None:
        """Record the activations of the next forward pass."""
        self.stats = []
        for name, module in self.model.named_modules():
            if isinstance(module, nn.Conv2d) or type(module).__name__ == "MergedConv":
                self._handles.append(module.register_forward_hook(self._hook(name)))

    def _hook(self, name: str):
        def record(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
            values = output.detach().float()
            top = values.amax(dim=(0, 2, 3)) - values.amin(dim=(0, 2, 3))
            dead = (top < 1e-7).float().mean().item()
            self.stats.append(LayerStats(name, values.mean().item(), values.abs().max().item(), dead))

        return record

    def release(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def check_loss(self, loss: float, step: int) -> None:
        if not math.isfinite(loss):
            raise TrainingRunaway(f"step {step}: the loss is {loss}; lower the learning rate or look at the data")

    def check_gradients(self, norm: float, step: int) -> None:
        if not math.isfinite(norm):
            raise TrainingRunaway(f"step {step}: the gradient norm is {norm}")
        if norm > self.gradient_limit:
            raise TrainingRunaway(f"step {step}: the gradient norm {norm:.3g} is over {self.gradient_limit:.3g}")

    def check_activations(self, step: int) -> None:
        for s in self.stats:
            if not math.isfinite(s.mean) or not math.isfinite(s.peak):
                raise TrainingRunaway(f"step {step}: layer {s.layer} puts out NaN or infinity")
            if s.peak > self.activation_limit:
                raise TrainingRunaway(f"step {step}: layer {s.layer} reaches {s.peak:.3g}")
            if s.dead > self.dead_limit:
                raise TrainingRunaway(f"step {step}: {s.dead:.0%} of the channels of layer {s.layer} are dead")
