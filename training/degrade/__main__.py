"""Degrade one picture: python3 -m training.degrade IN OUT --op grain=0.5 --op jpeg=0.4 --seed 1

Operations are applied in the order given; --list names them.
"""
from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from . import REGISTRY, degrade
from .compress import to_uint8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", type=Path, nargs="?")
    parser.add_argument("output", type=Path, nargs="?")
    parser.add_argument("--op", action="append", default=[], metavar="NAME=STRENGTH")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    if args.list:
        print("\n".join(sorted(REGISTRY)))
        return
    if args.input is None or args.output is None:
        parser.error("an input and an output picture are needed")
    picture = np.asarray(Image.open(args.input).convert("RGB"), np.float32) / 255
    for i, operation in enumerate(args.op):
        name, _, strength = operation.partition("=")
        try:
            picture = degrade(picture, name, float(strength or 0.5), args.seed + i)
        except ValueError as error:
            parser.error(str(error))
    Image.fromarray(to_uint8(picture)).save(args.output)


if __name__ == "__main__":
    main()
