"""Write models/<id>.onnx and its manifest: python3 -m training.export luma-x4-fast --out OUT"""
from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from .engine.config import Config, config_path
from .half_weights import round_to_half, store_half
from .tasks import TASKS
from .verify import TOLERANCE, difference

MODELS = Path(__file__).resolve().parent.parent / "models"
OPSET = 17
# Networks with this many parameters are stored as 16-bit floats.
HALVED_FROM = 200_000


def write_onnx(net: nn.Module, example: tuple[torch.Tensor, ...], file: Path, output: str) -> None:
    names = ["luma", "strength"][: len(example)]
    dynamic = {"luma": {0: "N", 2: "H", 3: "W"}, output: {0: "N", 2: "outH", 3: "outW"}}
    torch.onnx.export(
        net, example, str(file), opset_version=OPSET, input_names=names, output_names=[output], dynamic_axes=dynamic
    )
    onnx.checker.check_model(onnx.load(str(file)), full_check=True)


def luma_manifest(config: Config, net: Any) -> dict[str, Any]:
    inputs = {"name": "luma"} | ({"strengthName": "strength"} if net.level is not None else {})
    return {
        "scale": net.scale,
        "input": inputs,
        "output": {"name": "output"},
        "sizeMultiple": net.size_multiple,
        "receptiveField": net.receptive_radius,
    }


def export(config: Config, net: nn.Module, folder: Path) -> dict[str, Any]:
    """`net` is the trained (averaged) network, folded; a large one's weights are rounded in place. Returns the manifest that was written."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{config.id}.onnx"
    kind = config.manifest["kind"]
    output = "logits" if kind == "colorize" else "output"
    side = 64
    example: tuple[torch.Tensor, ...] = (torch.rand(1, 1, side, side),)
    if kind != "colorize" and net.level is not None:
        example += (torch.tensor([0.5]),)
    parameters = sum(p.numel() for p in net.parameters())
    if parameters >= HALVED_FROM:
        round_to_half(net)
    write_onnx(net, example, file, output)
    if parameters >= HALVED_FROM:
        store_half(file)
    body = net.manifest() if kind == "colorize" else luma_manifest(config, net)
    manifest: dict[str, Any] = {"id": config.id, "title": config.title, **config.manifest, "file": file.name}
    manifest["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    manifest["sizeBytes"] = file.stat().st_size
    manifest |= body | {
        "parameters": parameters,
        "tolerance": 1e-3,
    }
    manifest.setdefault("licence", "MIT")
    (folder / f"{config.id}.json").write_text(json.dumps(manifest, indent=2) + "\n")
    return manifest


def check(config: Config, net: nn.Module, folder: Path, limit: float = TOLERANCE) -> None:
    """Another size than the export's example, so that a fixed dimension in the graph does not stay unnoticed."""
    inputs: tuple[torch.Tensor, ...] = (torch.rand(1, 1, 48, 80),)
    if getattr(net, "level", None) is not None:
        inputs += (torch.tensor([0.4]),)
    output = "logits" if config.manifest["kind"] == "colorize" else "output"
    worst = difference(net, inputs, folder / f"{config.id}.onnx", output)
    print(f"against PyTorch: {'onnxruntime-node is not installed' if worst is None else f'{worst:.2e}'}")
    if worst is not None and worst > limit:
        raise RuntimeError(f"{config.id}: the export differs from PyTorch by {worst:.2e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--out", type=Path, required=True, help="the folder that training.train wrote to")
    parser.add_argument("--models", type=Path, default=MODELS)
    args = parser.parse_args()
    config = Config.read(config_path(args.model))
    net = TASKS[config.task](config, None, args.out / "cache").build()
    state = torch.load(args.out / config.id / "checkpoint.pt", map_location="cpu")
    net.load_state_dict(state["ema"])
    net = net.folded()
    manifest = export(config, net, args.models)
    check(config, net, args.models)
    print(f"{config.id}: step {state['step']}, {manifest['parameters']} parameters, {manifest['sizeBytes']} bytes")


if __name__ == "__main__":
    main()
