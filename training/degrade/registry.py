"""Every degradation has a name, a strength 0..1 and a random generator; pictures are float32 0..1, [H, W] or [H, W, 3]."""
from __future__ import annotations

from typing import Callable

import numpy as np

Degradation = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
REGISTRY: dict[str, Degradation] = {}


def degradation(name: str) -> Callable[[Degradation], Degradation]:
    def register(function: Degradation) -> Degradation:
        REGISTRY[name] = function
        return function

    return register


def degrade(picture: np.ndarray, name: str, strength: float, seed: int | np.random.Generator) -> np.ndarray:
    """One picture through one degradation. The same picture, name, strength and seed give the same result."""
    if name not in REGISTRY:
        raise ValueError(f"unknown degradation {name!r}; known: {', '.join(sorted(REGISTRY))}")
    if not 0.0 <= strength <= 1.0:
        raise ValueError(f"the strength of {name} is {strength}; it must be within 0..1")
    rng = seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seed)
    return REGISTRY[name](picture.astype(np.float32), strength, rng) if strength > 0 else picture
