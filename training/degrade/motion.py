"""A film that does not sit still in the gate."""
from __future__ import annotations

import numpy as np

from .registry import degradation


@degradation("weave")
def weave(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Shifts the frame by up to 6 pixels down and 3 across, with sub-pixel accuracy; borders are repeated."""
    out = picture
    for axis, reach in ((0, 6.0), (1, 3.0)):
        shift = strength * reach * float(rng.uniform(-1, 1))
        whole = int(np.floor(shift))
        part = shift - whole
        index = np.arange(picture.shape[axis])
        one = np.take(out, np.clip(index - whole, 0, len(index) - 1), axis)
        two = np.take(out, np.clip(index - whole - 1, 0, len(index) - 1), axis)
        out = (1 - part) * one + part * two
    return out
