"""The chroma bins of the colorizer: cluster centers of the training chroma, denser near gray.

Made once: python3 -m training.data.chroma_bins --data DATA --cache CACHE
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from .color_set import ColorSet
from .colorspace import rgb_to_ycc

FILE = Path(__file__).resolve().parent.parent / "config" / "chroma_bins.json"


def read_bins() -> list[list[float]]:
    return json.loads(FILE.read_text())


def cluster(points: np.ndarray, weights: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    centers = points[rng.choice(len(points), count, replace=False, p=weights / weights.sum())]
    for _ in range(40):
        nearest = ((points[:, None] - centers[None]) ** 2).sum(axis=2).argmin(axis=1)
        for k in range(count):
            mine = nearest == k
            if mine.any():
                centers[k] = np.average(points[mine], axis=0, weights=weights[mine])
    return centers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--count", type=int, default=128)
    args = parser.parse_args()
    pictures = ColorSet(args.data, args.cache).small.astype(np.float32)
    cells = pictures.reshape(len(pictures), 16, 4, 16, 4, 3).mean(axis=(2, 4)) / 255
    chroma = rgb_to_ycc(cells.reshape(-1, 3))[:, 1:]
    grid, places = np.histogramdd(chroma, bins=100, range=[(-0.5, 0.5), (-0.5, 0.5)])
    middle = (places[0][1:] + places[0][:-1]) / 2
    points = np.stack(np.meshgrid(middle, middle, indexing="ij"), axis=-1).reshape(-1, 2)
    counts = grid.ravel()
    keep = counts > 20
    centers = cluster(points[keep], counts[keep] ** 0.35, args.count, np.random.default_rng(1))
    order = np.lexsort((centers[:, 1], centers[:, 0]))
    FILE.write_text(json.dumps([[round(float(v), 5) for v in c] for c in centers[order]]) + "\n")


if __name__ == "__main__":
    main()
