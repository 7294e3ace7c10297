"""Compare an exported ONNX file with PyTorch, through onnxruntime-node where the project has it installed."""
from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

RUNNER = Path(__file__).parent / "verify_onnx.mjs"
TOLERANCE = 1e-4


def write_case(net: nn.Module, inputs: tuple[torch.Tensor, ...], onnx_file: Path, output: str, folder: Path) -> Path:
    """The model, raw float32 inputs, PyTorch's output (expected.bin) and a case.json that names them."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(onnx_file, folder / onnx_file.name)
    rows = []
    for name, tensor in zip(("luma", "strength"), inputs):
        tensor.numpy().astype(np.float32).tofile(folder / f"{name}.bin")
        rows.append({"name": name, "dims": list(tensor.shape), "data": f"{name}.bin"})
    with torch.no_grad():
        expected = net.eval()(*inputs).numpy()
    expected.tofile(folder / "expected.bin")
    case = folder / "case.json"
    case.write_text(json.dumps({"model": onnx_file.name, "inputs": rows, "output": output, "dims": list(expected.shape)}))
    return case


def difference(net: nn.Module, inputs: tuple[torch.Tensor, ...], onnx_file: Path, output: str) -> float | None:
    """The largest absolute difference, or None where onnxruntime-node is not installed."""
    with tempfile.TemporaryDirectory() as name:
        case = write_case(net, inputs, onnx_file, output, Path(name))
        run = subprocess.run(["node", str(RUNNER), str(case)], capture_output=True, text=True)
        if run.returncode != 0:
            if "Cannot find module" in run.stderr:
                return None
            raise RuntimeError(f"onnxruntime-node refused {onnx_file.name}: {run.stderr[-500:]}")
        expected = np.fromfile(case.parent / "expected.bin", np.float32)
        actual = np.fromfile(case.parent / "actual.bin", np.float32)
        return float(np.abs(expected - actual).max())
