"""A model's configuration file."""
from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Config:
    id: str
    task: str
    title: str
    net: dict[str, Any]
    data: dict[str, Any] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    steps: int = 30000
    batch: int = 16
    learning_rate: float = 1e-3
    final_rate: float = 1e-6
    warmup: int = 200
    weight_decay: float = 0.0
    ema: float = 0.999
    clip: float = 10.0
    seed: int = 1
    validate_every: int = 1000
    optimizer: str = "adam"

    @staticmethod
    def read(path: Path) -> "Config":
        return Config(**json.loads(path.read_text()))


def config_path(model_id: str) -> Path:
    return Path(__file__).resolve().parent.parent / "config" / f"{model_id}.json"
