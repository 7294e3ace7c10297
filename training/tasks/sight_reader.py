"""What nets/sight.py says of a batch: on a GPU by PyTorch, on a CPU by onnxruntime-node, which is faster there."""
from __future__ import annotations

import struct
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch

from ..nets.sight import FAR_CHANNELS, NEAR_CHANNELS, Sight

SERVER = Path(__file__).resolve().parent.parent / "sight_server.mjs"


class SightReader:
    """Falls back to PyTorch where the server does not start (no Node, or onnxruntime-node is not installed)."""

    def __init__(self, weights: Path, device: torch.device):
        self.net = Sight()
        self.net.load_state_dict(torch.load(weights, map_location="cpu"))
        self.net.eval().to(device, memory_format=torch.channels_last)
        self.device = device
        self.server = _start(self.net) if device.type == "cpu" else None

    @torch.no_grad()
    def read(self, luma: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """[N, 1, h, w] -> features at 1/8 and at 1/16."""
        if self.server is None:
            # In 16 bits where that is fast; a recording must not keep casts.
            with torch.autocast(self.device.type, torch.bfloat16, self.device.type == "cuda", cache_enabled=False):
                near, far = self.net(luma.to(self.device))
            return near.float(), far.float()
        count, _, height, width = luma.shape
        assert self.server.stdin and self.server.stdout
        self.server.stdin.write(struct.pack("<3i", count, height, width))
        self.server.stdin.write(luma.contiguous().numpy().tobytes())
        self.server.stdin.flush()
        near, far = (count, NEAR_CHANNELS, height // 8, width // 8), (count, FAR_CHANNELS, height // 16, width // 16)
        return self._take(near), self._take(far)

    def _take(self, shape: tuple[int, ...]) -> torch.Tensor:
        assert self.server and self.server.stdout
        size = 4 * int(np.prod(shape))
        data = self.server.stdout.read(size)
        if len(data) != size:
            raise RuntimeError("the program that runs the frozen network has ended")
        return torch.from_numpy(np.frombuffer(data, np.float32).reshape(shape).copy())


def _start(net: Sight) -> subprocess.Popen[bytes] | None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sight.onnx"
        axes = {0: "N", 2: "H", 3: "W"}
        dynamic = {"luma": axes, "near": {0: "N", 2: "h8", 3: "w8"}, "far": {0: "N", 2: "h16", 3: "w16"}}
        torch.onnx.export(
            net, (torch.rand(1, 1, 64, 64),), str(file), input_names=["luma"], output_names=["near", "far"],
            dynamic_axes=dynamic, opset_version=17,
        )
        try:
            server = subprocess.Popen(
                ["node", str(SERVER), str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except FileNotFoundError:
            return None
        assert server.stdout
        return server if server.stdout.read(1) == b"." else None
