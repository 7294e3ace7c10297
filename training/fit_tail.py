"""Solve for a luma network's last convolution by least squares: seconds where training takes minutes.

python3 -m training.fit_tail luma-x4-fast --body OUT/luma-x2-fast/checkpoint.pt --out OUT gives a network another scale on the
body of a trained one with the same layers; with the model's own checkpoint as --body the last convolution becomes the best one in the mean square (PSNR).
Writes OUT/<model>/checkpoint.pt.
"""
from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from .engine.config import Config, config_path
from .engine.loop import Trainer
from .engine.widen import impose
from .nets.luma import LumaNet
from .nets.reparam import MergedConv
from .tasks import TASKS

RIDGE = 1e-5


@torch.no_grad()
def equations(net: LumaNet, batch: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """The normal equations that one batch adds: rows are positions, columns the last convolution's inputs and a 1."""
    *inputs, target = batch
    columns = F.unfold(net.features(*inputs), 3, padding=1).transpose(1, 2).flatten(0, 1)
    columns = torch.cat([columns, torch.ones(len(columns), 1)], dim=1).double()
    wanted = F.pixel_unshuffle(target - net.repeated(inputs[0]), net.factor)
    wanted = wanted.permute(0, 2, 3, 1).flatten(0, 2).double()
    return columns.T @ columns / len(columns), columns.T @ wanted / len(columns)


def solve(net: LumaNet, left: torch.Tensor, right: torch.Tensor) -> None:
    damping = RIDGE * torch.trace(left) / len(left)
    solution = torch.linalg.solve(left + damping * torch.eye(len(left), dtype=left.dtype), right).float()
    assert isinstance(net.tail, MergedConv)
    weight = solution[:-1].T.reshape(net.factor**2, -1, 3, 3)
    impose(net.tail, weight, solution[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", type=Path, default=os.environ.get("RESTORE_DATA"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--body", type=Path, required=True, help="the checkpoint whose other layers are taken over")
    parser.add_argument("--batches", type=int, default=40)
    args = parser.parse_args()
    torch.set_num_threads(1)
    config = Config.read(config_path(args.model))
    task = TASKS[config.task](config, Path(args.data), args.out / "cache")
    trainer = Trainer(task, args.out / config.id)
    trainer.warm_start(args.body)
    trainer.step = torch.load(args.body, map_location="cpu")["step"]
    net = trainer.model.eval()
    print("before:", task.validate(net))
    sums = [equations(net, task.batch(np.random.default_rng([config.seed, 10**6 + k]), 1.0)) for k in range(args.batches)]
    solve(net, sum(s[0] for s in sums), sum(s[1] for s in sums))
    trainer.ema.model.load_state_dict(net.state_dict())
    print("after:", task.validate(net))
    trainer.save()


if __name__ == "__main__":
    main()
