"""Figures of a trained checkpoint, beside the classic ways: python3 -m training.evaluate luma-x4-fast --out OUT"""
from __future__ import annotations

import argparse
import itertools
import os
from pathlib import Path

import numpy as np
import torch

from .data.color_metrics import color_figures, summarize
from .data.color_set import ColorSet
from .data.colorspace import rgb_to_ycc, ycc_to_rgb
from .data.imresize import imresize
from .data.metrics import psnr
from .data.video import read_frames
from .engine.config import Config, config_path
from .engine.task import Task
from .ffmpeg_nlmeans import best_nlmeans
from .tasks import TASKS
from .tasks.colorize_eval import judge

CLIPS = ("davis-dog", "flower", "bikes")


def bicubic_row(pairs: list[tuple[np.ndarray, np.ndarray]], scale: int) -> float:
    return float(np.mean([psnr(imresize(low, *high.shape), high, scale) for low, high in pairs]))


def luma_rows(task: Task) -> dict[str, float]:
    kind = task.config.task
    if kind == "super-resolution":
        return {"bicubic": bicubic_row([(low, high) for _, low, high in task.set5], task.scale)}
    if kind == "old-footage":
        cleaned = best_nlmeans(task.set14, lambda low, high: psnr(imresize(low, *high.shape), high, task.scale))
        return {"bicubic": bicubic_row(task.set14, task.scale), "nlmeans + bicubic": cleaned}
    pairs = [(noisy, clean) for _, noisy, clean in task.set14]
    return {"noisy": float(np.mean([psnr(n, c) for n, c in pairs])), "nlmeans": best_nlmeans(pairs, psnr)}


def lookup_table(pictures: ColorSet) -> np.ndarray:
    """Mean chroma for each of 32 brightnesses: the baseline that a colorizer must beat."""
    ycc = rgb_to_ycc(pictures.small[::8].astype(np.float32) / 255).reshape(-1, 3)
    index = np.minimum((ycc[:, 0] * 32).astype(int), 31)
    return np.array([[ycc[index == k, c].mean() for c in (1, 2)] for k in range(32)])


def lookup_judge(table: np.ndarray, rgb: np.ndarray) -> dict[str, float]:
    true = rgb.astype(np.float32) / 255
    luma = rgb_to_ycc(true)[..., 0]
    chroma = table[np.minimum((luma * 32).astype(int), 31)]
    predicted = ycc_to_rgb(np.concatenate([luma[..., None], chroma], axis=-1))
    return color_figures(predicted, true, np.repeat(luma[..., None], 3, axis=2))


def color_sets(task: Task) -> dict[str, list[np.ndarray]]:
    sets = {"held-out photos": [rgb for _, rgb in task.holdout]}
    for clip in CLIPS:
        sets[clip] = read_frames(task.data / "clips" / f"{clip}.mp4", count=8, short_side=192)
    return sets


def color_report(task: Task, net: torch.nn.Module, sizes: list[int], temperatures: list[float], gains: list[float]) -> None:
    table = lookup_table(task.pictures)
    sets = color_sets(task)
    for name, pictures in sets.items():
        print(f"{name:16s} luma lookup  {_line(summarize([lookup_judge(table, p) for p in pictures]))}")
    for size, temperature, gain in itertools.product(sizes, temperatures, gains):
        for name, pictures in sets.items():
            figures = summarize([judge(net, p, size, temperature, gain) for p in pictures])
            print(f"{name:16s} size {size} T {temperature} gain {gain}  {_line(figures)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--data", type=Path, default=os.environ.get("RESTORE_DATA"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work-size", type=int, nargs="*", help="colorize: the sizes to try (default: the manifest's)")
    parser.add_argument("--temperature", type=float, nargs="*", help="colorize, likewise")
    parser.add_argument("--saturation", type=float, nargs="*", help="colorize, likewise")
    args = parser.parse_args()
    config = Config.read(config_path(args.model))
    task = TASKS[config.task](config, Path(args.data), args.out / "cache")
    net = task.build()
    net.load_state_dict(torch.load(args.out / config.id / "checkpoint.pt", map_location="cpu")["ema"])
    net = net.folded().eval()
    if config.task != "colorize":
        for name, value in (luma_rows(task) | task.validate(net)).items():
            print(f"{name:24s} {value:.2f}")
        return
    default = config.manifest
    sizes, temperatures = args.work_size or [default["workSize"]], args.temperature or [default["temperature"]]
    color_report(task, net, sizes, temperatures, args.saturation or [default["saturation"]])


def _line(figures: dict[str, float]) -> str:
    return "  ".join(f"{k} {v:.3f}" for k, v in figures.items())


if __name__ == "__main__":
    main()
