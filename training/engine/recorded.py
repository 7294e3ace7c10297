"""Training on a GPU: the whole step, from drawing its patches to the averaged weights, is recorded once and replayed.

Small networks leave a GPU waiting for hundreds of short launches a step; a CUDA graph is one launch. The random numbers
are the device's, so that a resumed training does not see what an uninterrupted one would. On a CPU the same step simply runs.
"""
from __future__ import annotations

import torch

from .loop import Trainer
from .watchdog import Watchdog

# Between two looks at the loss and the clock, and between two changes of the learning rate.
CHUNK, RATE_EVERY = 100, 10
# Runs before recording, which let libraries choose their algorithms and optimizers make their state.
WARM_UP = 3


class RecordedTrainer(Trainer):
    def _begin(self) -> None:
        self.model.to(memory_format=torch.channels_last)
        super()._begin()
        self.graph: torch.cuda.CUDAGraph | None = None
        self.phase: int | None = None
        self.zero = torch.zeros((), device=self.device)
        self.value, self.norm = self.zero, self.zero
        pairs = zip(self.ema.model.state_dict().values(), self.model.state_dict().values(), strict=True)
        self.averaged = [(mine, other) for mine, other in pairs if mine.dtype.is_floating_point]

    def set_rate(self) -> None:
        """The recording keeps the tensor, so the tensor is filled anew."""
        if self.device.type != "cuda":
            return super().set_rate()
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                rate = group.get("rate")
                if rate is None:
                    rate = group["rate"] = torch.zeros((), device=self.device)
                group["lr"] = rate.fill_(self.rate() * group["share"])

    def _in_16_bits(self) -> torch.autocast:
        """Convolutions, if that is wanted; a recording must not keep casts."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bfloat16, cache_enabled=False)

    def _step(self) -> None:
        with torch.no_grad():
            batch = self.task.batch_on(self.progress())
        with self._in_16_bits():
            loss = self.task.loss(self.model, batch, self.progress())
        loss.backward()
        self.norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        for optimizer in self.optimizers:
            optimizer.step()
        self._average()
        self.value = loss.detach()

    @torch.no_grad()
    def _average(self) -> None:
        mine, other = (list(side) for side in zip(*self.averaged))
        torch._foreach_mul_(mine, self.config.ema)
        torch._foreach_add_(mine, other, alpha=1 - self.config.ema)

    def _record(self) -> None:
        self.graph = None
        self.set_rate()
        if self.device.type != "cuda":
            return
        torch.backends.cudnn.benchmark = True
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP):
                self.model.zero_grad(set_to_none=True)
                self._step()
        torch.cuda.current_stream().wait_stream(aside)
        self.model.zero_grad(set_to_none=True)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self._step()

    def _look(self, watchdog: Watchdog) -> None:
        """One forward pass outside of the recording, for the watchdog."""
        watchdog.watch()
        with torch.no_grad(), torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bfloat16):
            self.task.loss(self.model, self.task.batch_on(self.progress()), self.progress())
        watchdog.release()
        watchdog.check_activations(self.step)

    def some_steps(self, watchdog: Watchdog) -> float:
        phase = self.task.phase(self.progress())
        if phase != self.phase:
            self._look(watchdog)
            self._record()
            self.phase = phase
        for k in range(CHUNK):
            if k % RATE_EVERY == 0:
                self.set_rate()
            if self.graph is None:
                self.model.zero_grad(set_to_none=True)
                self._step()
            else:
                self.graph.replay()
            self.step += 1
        value = float(self.value)
        watchdog.check_loss(value, self.step)
        watchdog.check_gradients(float(self.norm), self.step)
        return value
