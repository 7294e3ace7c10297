"""Degrade a picture or a film: python3 -m training.degrade IN OUT --op grain=0.5 --op jpeg=0.4 --seed 1

Operations are applied in the order given; --list names them. With --scans ZIP hairs, dust and dirt
are those of a pack of scans (film-damage.zip).
"""
from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from . import REGISTRY, degrade
from .compress import to_uint8
from .damage import use_scans
from .film import PICTURES, degrade_film


def _operation(text: str) -> tuple[str, float]:
    """`name` or `name=strength`."""
    name, _, strength = text.partition("=")
    if name not in REGISTRY:
        raise argparse.ArgumentTypeError(f"unknown degradation {name!r}; known: {', '.join(sorted(REGISTRY))}")
    try:
        value = float(strength or 0.5)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"the strength of {name} is {strength}; it must be within 0..1")
    return name, value


def _degrade_picture(source: Path, output: Path, operations: list[tuple[str, float]], seed: int) -> None:
    picture = np.asarray(Image.open(source).convert("RGB"), np.float32) / 255
    for i, (name, strength) in enumerate(operations):
        picture = degrade(picture, name, strength, seed + i)
    Image.fromarray(to_uint8(picture)).save(output)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", type=Path, nargs="?")
    parser.add_argument("output", type=Path, nargs="?")
    parser.add_argument("--op", action="append", type=_operation, default=[], metavar="NAME=STRENGTH")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scans", type=Path, metavar="ZIP")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    if args.list:
        print("\n".join(sorted(REGISTRY)))
        return
    if args.input is None or args.output is None:
        parser.error("an input and an output are needed")
    if args.scans is not None:
        use_scans(args.scans)
    if args.output.suffix.lower() in PICTURES:
        _degrade_picture(args.input, args.output, args.op, args.seed)
        return
    try:
        degrade_film(args.input, args.output, args.op, args.seed, lambda n: print(f"\r{n} frames", end="", file=sys.stderr))
    except subprocess.CalledProcessError:
        parser.exit(1, "ffprobe cannot read it\n")
    except (ValueError, OSError) as error:
        parser.exit(1, f"{error}\n")
    print(file=sys.stderr)


if __name__ == "__main__":
    main()
