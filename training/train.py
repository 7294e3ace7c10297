"""Train one network: python3 -m training.train luma-x4-fast --data DATA --out OUT [--minutes 30]"""
from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch

from .engine.config import Config, config_path
from .engine.criticized import CriticizedTrainer
from .engine.loop import Trainer
from .engine.plot import plot_log
from .engine.recorded import RecordedTrainer
from .tasks import TASKS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="the name of a file in training/config")
    parser.add_argument("--data", type=Path, default=os.environ.get("RESTORE_DATA"), help="the data folder (or RESTORE_DATA)")
    parser.add_argument("--out", type=Path, required=True, help="a folder outside the project for checkpoints, caches, logs")
    parser.add_argument("--minutes", type=float, help="end the schedule after this training time instead of after config.steps")
    parser.add_argument("--steps", type=int, help="instead of the configuration's; 0 only starts from another")
    parser.add_argument("--warm-start", type=Path, help="a checkpoint of another model whose fitting weights are taken over")
    parser.add_argument("--widen", type=Path, help="a checkpoint of a smaller luma network, of the same scale or a smaller one, whose work to begin with")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--bfloat16", action="store_true", help="convolutions in 16 bits: for processors with AVX512_BF16 or AMX, and GPUs")
    args = parser.parse_args()
    if args.data is None:
        parser.error("no data folder: give --data or set RESTORE_DATA")
    torch.set_num_threads(args.threads)
    config = Config.read(config_path(args.model))
    if args.steps is not None:
        config.steps = args.steps
    task = TASKS[config.task](config, Path(args.data), args.out / "cache")
    kind = CriticizedTrainer if "critic" in config.data else RecordedTrainer if args.device.startswith("cuda") else Trainer
    trainer = kind(task, args.out / config.id, args.minutes, args.device, args.bfloat16)
    if trainer.resume():
        print(f"resumed at step {trainer.step}")
    elif args.warm_start:
        print(f"took {trainer.warm_start(args.warm_start)} weights from {args.warm_start}")
    elif args.widen:
        trainer.widen_from(args.widen)
    trainer.run()
    log = trainer.out / "log.csv"
    if log.exists():
        plot_log(log, trainer.out / "log.png")


if __name__ == "__main__":
    main()
