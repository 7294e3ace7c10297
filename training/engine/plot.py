"""A plot of a training log."""
from __future__ import annotations

import csv
from pathlib import Path


def plot_log(log: Path, picture: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = list(csv.DictReader(log.open()))
    names = [n for n in rows[0] if n not in ("step", "seconds", "rate")]
    steps = [int(r["step"]) for r in rows]
    figure, axes = pyplot.subplots(len(names), 1, figsize=(8, 2.2 * len(names)), sharex=True, squeeze=False)
    for axis, name in zip(axes[:, 0], names):
        axis.plot(steps, [float(r[name]) for r in rows])
        axis.set_ylabel(name)
        axis.grid(True)
    axes[-1, 0].set_xlabel("step")
    figure.tight_layout()
    figure.savefig(picture, dpi=80)
    pyplot.close(figure)
