"""Write a checkpoint with the weights of an embedded model, to train on where no checkpoint was kept.

python3 -m training.from_model old-x2 --out OUT writes OUT/old-x2/checkpoint.pt, for --warm-start and --widen of training.train.
A merged convolution comes back as one whose other branches start afresh and are subtracted: the function is the same. So it is
with batch normalization, which takes its statistics from training pictures (--data) and undoes what it does with them.
"""
from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from .engine.config import Config, config_path
from .engine.widen import impose
from .export import MODELS
from .nets.colorizer import Colorizer
from .nets.luma import LumaNet
from .nets.reparam import MergedConv
from .tasks import TASKS

SEED = 9


def read_weights(file: Path) -> dict[str, np.ndarray]:
    """Initializers by their PyTorch names, 16-bit ones as 32-bit floats."""
    rows = {i.name: numpy_helper.to_array(i) for i in onnx.load(str(file)).graph.initializer}
    return {name.removesuffix(".half"): np.array(value, np.float32) for name, value in rows.items()}


@torch.no_grad()
def restore_luma(net: LumaNet, weights: dict[str, np.ndarray]) -> None:
    if net.level is not None:
        (level,) = (v for k, v in weights.items() if k == "level" or k.startswith("onnx::Mul"))
        net.level.copy_(torch.from_numpy(level).reshape(-1))
    for name, module in net.named_modules():
        if f"{name}.weight" not in weights:
            continue
        weight, bias = (torch.from_numpy(weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        if isinstance(module, MergedConv):
            impose(module, weight, bias)
        else:
            module.weight.copy_(weight)
            module.bias.copy_(bias)


@torch.no_grad()
def restore_colorizer(net: Colorizer, weights: dict[str, np.ndarray], examples: tuple[torch.Tensor, ...]) -> None:
    """`examples` are inputs of the network: what batch normalization is to find ordinary."""

    def take(norm: nn.BatchNorm2d, inputs: tuple[torch.Tensor], bias: torch.Tensor) -> None:
        (x,) = inputs
        norm.running_var.copy_(x.var(dim=(0, 2, 3)))
        norm.running_mean.copy_(x.mean(dim=(0, 2, 3)))
        norm.weight.copy_((norm.running_var + norm.eps).sqrt())
        norm.bias.copy_(norm.running_mean + bias)

    hooks = []
    for name, module in net.named_modules():
        if f"{name}.weight" not in weights:
            continue
        weight, bias = (torch.from_numpy(weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        if isinstance(module, nn.Sequential):
            module[0].weight.copy_(weight)
            hooks.append(module[1].register_forward_pre_hook(lambda norm, inputs, bias=bias: take(norm, inputs, bias)))
        else:
            module.weight.copy_(weight)
            module.bias.copy_(bias)
    net.eval()
    net(*examples)
    for hook in hooks:
        hook.remove()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=os.environ.get("RESTORE_DATA"), help="for colorize")
    parser.add_argument("--models", type=Path, default=MODELS)
    args = parser.parse_args()
    config = Config.read(config_path(args.model))
    if config.task == "colorize" and args.data is None:
        parser.error("no data folder, of which batch normalization takes its statistics: give --data or set RESTORE_DATA")
    task = TASKS[config.task](config, Path(args.data) if args.data else None, args.out / "cache")
    net, weights = task.build(), read_weights(args.models / f"{config.id}.onnx")
    if isinstance(net, Colorizer):
        *examples, _ = task.batch(np.random.default_rng(SEED), 1.0)
        restore_colorizer(net, weights, tuple(examples))
    else:
        restore_luma(net, weights)
    file = args.out / config.id / "checkpoint.pt"
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"ema": net.state_dict(), "step": 0}, file)


if __name__ == "__main__":
    main()
