"""A 3x3 convolution trained as several parallel branches and used as one.

The branches (plain 3x3, 1x1, 1x1 followed by 3x3, three edge filters, identity) are all linear and share
their padding, so their sum is a 3x3 convolution. It is merged in weight space at every forward pass:
training costs hardly more than the plain convolution, and the export writes just that one.
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

EDGES = torch.tensor(
    [
        [[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]],
        [[1.0, 2.0, 1.0], [0.0, 0.0, 0.0], [-1.0, -2.0, -1.0]],
        [[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]],
    ]
)


class MergedConv(nn.Module):
    """`residual` adds the input to the output; it needs as many outputs as inputs."""

    def __init__(self, inputs: int, outputs: int, residual: bool, gain: float = 1.0):
        super().__init__()
        self.residual = residual
        self.merged = False
        middle = 2 * outputs
        std = gain * (2.0 / (9 * inputs)) ** 0.5
        self.plain = nn.Parameter(torch.randn(outputs, inputs, 3, 3) * std)
        self.point = nn.Parameter(torch.randn(outputs, inputs) * std * 0.3)
        self.expand = nn.Parameter(torch.randn(middle, inputs) * (1.0 / inputs) ** 0.5)
        self.squeeze = nn.Parameter(torch.randn(outputs, middle, 3, 3) * gain * 0.3 * (1.0 / (9 * middle)) ** 0.5)
        self.edge_mix = nn.Parameter(torch.randn(3, outputs, inputs) * std)
        self.edge_scale = nn.Parameter(torch.full((3, outputs), 0.05))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("edges", EDGES.clone(), persistent=False)
        same = torch.arange(outputs)[:, None] % inputs == torch.arange(inputs)[None]
        self.register_buffer("same", same.float(), persistent=False)

    def merged_weight(self) -> torch.Tensor:
        if self.merged:
            return self.plain + F.pad(self.same[:, :, None, None], (1, 1, 1, 1)) if self.residual else self.plain
        # Plain matrix products: without MKL, PyTorch runs an einsum of these as a slow batch of small ones.
        outputs, inputs = self.point.shape
        through = self.squeeze.movedim(1, 3).flatten(0, 2) @ self.expand
        edges = (self.edge_mix * self.edge_scale[:, :, None]).flatten(1).T @ self.edges.flatten(1)
        weight = self.plain + through.view(outputs, 3, 3, inputs).movedim(3, 1) + edges.view(outputs, inputs, 3, 3)
        center = self.point
        if self.residual:
            center = center + self.same
        return weight + F.pad(center[:, :, None, None], (1, 1, 1, 1))

    @torch.no_grad()
    def collapse(self) -> None:
        """Let the plain branch do what all do, and the others nothing from now on."""
        weight, self.merged = self.merged_weight(), True
        for branch in (self.point, self.expand, self.squeeze, self.edge_mix, self.edge_scale):
            branch.zero_()
            branch.requires_grad_(False)
        self.plain += weight - self.merged_weight()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # The branches are summed in 32 bits, even where the convolution itself runs in 16.
        with torch.autocast(x.device.type, enabled=False):
            weight = self.merged_weight()
        return F.conv2d(x, weight, self.bias, padding=1)

    def folded(self) -> nn.Conv2d:
        outputs, inputs = self.point.shape
        conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        conv.weight.data = self.merged_weight().detach().clone()
        conv.bias.data = self.bias.detach().clone()
        return conv
