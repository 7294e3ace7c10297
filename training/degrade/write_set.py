"""Write a folder of pictures degraded by recipe.json: python3 -m training.degrade.write_set IN_FOLDER OUT_FOLDER [--scale 2]"""
from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from .recipe import RECIPE, apply_recipe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--scale", type=int, default=RECIPE["scale"])
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    for i, path in enumerate(sorted(args.input.glob("*.png"))):
        rgb = np.asarray(Image.open(path).convert("RGB"))
        Image.fromarray(apply_recipe(rgb, i, args.scale)).save(args.output / path.name)


if __name__ == "__main__":
    main()
