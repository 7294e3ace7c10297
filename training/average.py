"""Average the weights of several trainings of one network, each begun from the one before.

python3 -m training.average colorize --of A/colorize/checkpoint.pt B/colorize/checkpoint.pt --out OUT writes
OUT/colorize/checkpoint.pt, for training.export. What each has learned too well cancels out (model soups, Wortsman et al.,
2022). The statistics of batch normalization do not average: they are taken anew from training batches.
"""
from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn

from .engine.config import Config, config_path
from .engine.muon import collapse
from .engine.task import Task
from .tasks import TASKS

BATCHES = 40
SEED = 5
PROGRESS = 0.5


@torch.no_grad()
def averaged(states: list[dict[str, torch.Tensor]], task: Task, shares: list[float] | None = None) -> nn.Module:
    """A network with the mean of these weights, or with their sum by `shares`, which add up to 1."""
    model = task.build()
    collapse(model)
    names = model.state_dict()
    states = [_merged(state, task) for state in states]
    parts = shares or [1 / len(states)] * len(states)
    mixed = {n: sum(part * s[n].double() for part, s in zip(parts, states, strict=True)) for n in names}
    model.load_state_dict({n: mixed[n].to(names[n].dtype) for n in names})
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
        norm.reset_running_stats()
    model.train()
    for k in range(BATCHES if norms else 0):
        *inputs, _ = task.batch(np.random.default_rng([SEED, k]), PROGRESS)
        model(*inputs)
    return model.eval()


def _merged(state: dict[str, torch.Tensor], task: Task) -> dict[str, torch.Tensor]:
    """Branches of a convolution are merged first: they multiply, so that their means are not those of what they do."""
    model = task.build()
    model.load_state_dict(state)
    collapse(model)
    return model.state_dict()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--of", type=Path, nargs="+", required=True, help="checkpoints")
    parser.add_argument("--shares", type=float, nargs="+", help="how much each counts; all alike unless given")
    parser.add_argument("--data", type=Path, default=os.environ.get("RESTORE_DATA"))
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    shares = args.shares and [share / sum(args.shares) for share in args.shares]
    if shares and len(shares) != len(args.of):
        parser.error(f"{len(args.of)} checkpoints, but {len(shares)} shares")
    if args.data is None:
        parser.error("no data folder: give --data or set RESTORE_DATA")
    config = Config.read(config_path(args.model))
    task = TASKS[config.task](config, Path(args.data), args.out / "cache")
    states = [torch.load(file, map_location="cpu") for file in args.of]
    model = averaged([state["ema"] for state in states], task, shares)
    print(" ".join(f"{k}={v:.4f}" for k, v in task.validate(model).items()))
    file = args.out / config.id / "checkpoint.pt"
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"ema": model.state_dict(), "step": sum(s["step"] for s in states)}, file)


if __name__ == "__main__":
    main()
