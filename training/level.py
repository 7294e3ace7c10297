"""Take away the fixed pattern that a luma network lays over flat areas: python3 -m training.level old-x4-crisp --of CHECKPOINT --out OUT

Each place inside a cell of `factor` x `factor` samples has a bias of its own in the last convolution; where a loss does not
mind, they drift apart. What flat pictures of many tones and strengths become, less its mean, is taken off those biases.
Writes OUT/<model>/checkpoint.pt.
"""
from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch.nn import functional as F

from .engine.config import Config, config_path
from .nets.luma import LumaNet
from .tasks import TASKS

TONES = torch.linspace(0.05, 0.95, 10)
STRENGTHS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7)


@torch.no_grad()
def pattern(net: LumaNet) -> torch.Tensor:
    """[factor * factor]: what flat pictures become at each place of a cell, less the mean of the places. Normalized luma."""
    side = net.size_multiple * (2 * net.receptive_radius // net.size_multiple + 4)
    flat = TONES[:, None, None, None].expand(-1, 1, side, side)
    rows = []
    for strength in STRENGTHS if net.level is not None else (None,):
        told = () if strength is None else (torch.full((len(TONES),), strength),)
        cells = F.pixel_unshuffle(net(flat, *told) - net.repeated(flat), net.factor)
        # Away from the border, whose padding is not flat.
        middle = cells.shape[2] // 2
        rows.append(cells[:, :, middle, middle])
    mean = torch.cat(rows).mean(dim=0)
    return mean - mean.mean()


@torch.no_grad()
def level(net: LumaNet) -> float:
    """Returns how far the pattern was off at most, in 8-bit codes."""
    found = pattern(net)
    net.tail.bias -= found
    return float(found.abs().max()) * 219


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--of", type=Path, required=True, help="a checkpoint")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    config = Config.read(config_path(args.model))
    net = TASKS[config.task](config, None, args.out / "cache").build()
    state = torch.load(args.of, map_location="cpu")
    net.load_state_dict(state["ema"])
    before = level(net)
    print(f"{config.id}: a pattern of up to {before:.2f} codes before, {float(pattern(net).abs().max()) * 219:.2f} after")
    file = args.out / config.id / "checkpoint.pt"
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"ema": net.state_dict(), "step": state["step"]}, file)


if __name__ == "__main__":
    main()
