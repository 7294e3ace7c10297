"""Training against a critic that learns beside the network (Goodfellow et al., 2014): the recorded step with both in it.

The critic is asked from the task's phase 1 on, when the network knows its work; it learns from the beginning of that phase.
"""
from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from ..nets.critic import Critic
from .muon import adam
from .recorded import RecordedTrainer


class CriticizedTrainer(RecordedTrainer):
    """For tasks with `outcome`: what the network makes of a batch and its loss, the batch's last part being what is true."""

    def _begin(self) -> None:
        super()._begin()
        self.critic = Critic(self.config.data["criticWidth"]).to(self.device, memory_format=torch.channels_last)
        self.optimizers.append(adam(list(self.critic.parameters()), self.config, 1.0))

    def _step(self) -> None:
        if self.task.phase(self.progress()) == 0:
            return super()._step()
        self.critic.zero_grad(set_to_none=True)
        mine = list(self.model.parameters())
        with torch.no_grad():
            batch = self.task.batch_on(self.progress())
        with self._in_16_bits():
            out, loss = self.task.outcome(self.model, batch)
            believed = self.critic(out).float()
        total = loss + self.config.data["critic"] * F.softplus(-believed).mean()
        total.backward(inputs=[p for p in mine if p.requires_grad])
        self.norm = nn.utils.clip_grad_norm_(mine, self.config.clip)
        with self._in_16_bits():
            true, made = self.critic(torch.cat([batch[-1], out.detach()])).float().chunk(2)
        (F.softplus(-true).mean() + F.softplus(made).mean()).backward(inputs=list(self.critic.parameters()))
        for optimizer in self.optimizers:
            optimizer.step()
        self._average()
        self.value = total.detach()

    def _state(self) -> dict[str, Any]:
        return super()._state() | {"critic": self.critic.state_dict()}

    def _load(self, state: dict[str, Any]) -> None:
        self.critic.load_state_dict(state["critic"])
        super()._load(state)
