"""The training loop: schedule, averaging, checkpoints, log, watchdog."""
from __future__ import annotations

import csv
import math
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .config import Config
from .ema import Ema
from .muon import optimizers_for
from .task import Batch, Task
from .watchdog import Watchdog
from .widen import narrow_from, widen

CHECK_EVERY = 200
SAVE_SECONDS = 90.0


class Trainer:
    """Ends after config.steps or, when `minutes` is given, after that time; the cosine ends with it.

    With `bfloat16` convolutions run in 16 bits; weights, sums of branches, optimizers and averages stay in 32.
    """

    def __init__(self, task: Task, out: Path, minutes: float | None = None, device: str = "cpu", bfloat16: bool = False):
        self.task, self.config, self.out = task, task.config, out
        self.minutes, self.device, self.bfloat16 = minutes, torch.device(device), bfloat16
        task.device = self.device
        torch.manual_seed(self.config.seed)
        self.model = task.build().to(self.device)
        self._begin()
        self.step, self.elapsed = 0, 0.0
        self.drawing = ThreadPoolExecutor(max_workers=1)
        self.ahead: Future[Batch] | None = None
        out.mkdir(parents=True, exist_ok=True)

    def _begin(self) -> None:
        """From the model's weights as they are now."""
        self.optimizers = optimizers_for(self.model, self.config)
        self.ema = Ema(self.model, self.config.ema)

    @property
    def checkpoint(self) -> Path:
        return self.out / "checkpoint.pt"

    def progress(self, step: int | None = None) -> float:
        """Share of the schedule that is over, now or at another step (where time does not decide)."""
        if self.minutes:
            return min(1.0, self.elapsed / (60 * self.minutes))
        at = self.step if step is None else step
        return min(1.0, at / self.config.steps) if self.config.steps else 1.0

    def rate(self) -> float:
        c = self.config
        wave = 0.5 * (1 + math.cos(math.pi * self.progress()))
        rise = min(1.0, (self.step + 1) / max(1, c.warmup))
        return rise * (c.final_rate + (c.learning_rate - c.final_rate) * wave)

    def _state(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "ema": self.ema.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "elapsed": self.elapsed,
        }

    def save(self) -> None:
        temporary = self.checkpoint.with_suffix(".tmp")
        torch.save(self._state(), temporary)
        temporary.replace(self.checkpoint)

    def resume(self) -> bool:
        if not self.checkpoint.exists():
            return False
        self._load(torch.load(self.checkpoint, map_location=self.device))
        return True

    def _load(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.ema.model.load_state_dict(state["ema"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.elapsed = state["step"], state["elapsed"]

    def warm_start(self, other: Path) -> int:
        """Take every averaged weight of another checkpoint whose name and shape fit; returns how many did."""
        theirs = torch.load(other, map_location=self.device)["ema"]
        mine = self.model.state_dict()
        fitting = {k: v for k, v in theirs.items() if k in mine and mine[k].shape == v.shape}
        self.model.load_state_dict({**mine, **fitting})
        self._begin()
        return len(fitting)

    def widen_from(self, other: Path) -> None:
        """Begin as a smaller network of this scale or a smaller one, with room to learn."""
        narrow = narrow_from(torch.load(other, map_location="cpu")["ema"])
        widen(self.model.cpu(), narrow)
        self.model.to(self.device)
        self._begin()

    def _draw(self, step: int) -> Future[Batch]:
        """The next batch is made while the network learns from this one."""
        rng = np.random.default_rng([self.config.seed, step])
        return self.drawing.submit(self.task.batch, rng, self.progress(step))

    def set_rate(self) -> None:
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.rate() * group["share"]

    def one_step(self, watchdog: Watchdog) -> float:
        c, checked = self.config, self.step % CHECK_EVERY == 0
        self.set_rate()
        batch = tuple(t.to(self.device) for t in (self.ahead or self._draw(self.step)).result())
        self.ahead = self._draw(self.step + 1)
        if checked:
            watchdog.watch()
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bfloat16):
            loss = self.task.loss(self.model, batch, self.progress())
        watchdog.release()
        self.model.zero_grad(set_to_none=True)
        loss.backward()
        norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), c.clip))
        watchdog.check_gradients(norm, self.step)
        if checked:
            watchdog.check_activations(self.step)
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        self.ema.update(self.model, self.step)
        value = loss.item()
        watchdog.check_loss(value, self.step)
        return value

    def some_steps(self, watchdog: Watchdog) -> float:
        """As many as are taken between two looks at the clock; returns the last loss."""
        return self.one_step(watchdog)

    def run(self) -> dict[str, float]:
        watchdog, losses, saved = Watchdog(self.model), [], time.monotonic()
        figures: dict[str, float] = {}
        while self.progress() < 1.0:
            self.model.train()
            start = time.monotonic()
            before = self.step
            losses.append(self.some_steps(watchdog))
            self.elapsed += time.monotonic() - start
            every = self.config.validate_every
            if self.step // every > before // every or self.progress() >= 1.0:
                figures = self.task.validate(self.ema.model)
                self._log(float(np.mean(losses)), figures)
                torch.save({"ema": self.ema.model.state_dict(), "step": self.step}, self.out / f"at-{self.step:07d}.pt")
                losses = []
            if time.monotonic() - saved > SAVE_SECONDS:
                self.save()
                saved = time.monotonic()
        self.save()
        return figures

    def _log(self, loss: float, figures: dict[str, float]) -> None:
        row = {"step": self.step, "seconds": round(self.elapsed, 1), "rate": f"{self.rate():.3g}", "loss": f"{loss:.5f}"}
        row.update({k: f"{v:.4f}" for k, v in figures.items()})
        file = self.out / "log.csv"
        new = not file.exists()
        with file.open("a", newline="") as handle:
            writer = csv.DictWriter(handle, row.keys())
            if new:
                writer.writeheader()
            writer.writerow(row)
        print(" ".join(f"{k}={v}" for k, v in row.items()), flush=True)
