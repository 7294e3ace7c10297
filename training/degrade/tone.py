"""How film sees brightness: spectral response, fading, flicker."""
from __future__ import annotations

import numpy as np

from .filters import like, luma_of
from .registry import degradation

# red, green and blue weights of film stocks: orthochromatic film is blind to red
RESPONSES: dict[str, tuple[float, float, float]] = {
    "panchromatic": (0.30, 0.45, 0.25),
    "orthochromatic": (0.05, 0.50, 0.45),
    "blue-sensitive": (0.00, 0.15, 0.85),
    "red-filter": (0.75, 0.20, 0.05),
}


def random_response(rng: np.random.Generator) -> np.ndarray:
    """Mostly plain luma's neighborhood, sometimes one of the film stocks."""
    if rng.random() < 0.5:
        weights = np.array(list(RESPONSES.values())[int(rng.integers(len(RESPONSES)))])
    else:
        weights = np.array([0.299, 0.587, 0.114])
    weights = weights * np.exp(rng.normal(0, 0.35, 3))
    return (weights / weights.sum()).astype(np.float32)


def gray_with(picture: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The response acts on light, not on the coded values: the picture is linearized around it."""
    return np.clip(np.clip(picture, 0, 1) ** 2.2 @ weights, 0, 1) ** (1 / 2.2)


@degradation("gray")
def gray(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Strength mixes from the plain luma to a random film stock's response; the result is [H, W]."""
    if picture.ndim == 2:
        return picture
    return (1 - strength) * luma_of(picture) + strength * gray_with(picture, random_response(rng))


@degradation("orthochromatic")
def orthochromatic(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    if picture.ndim == 2:
        return picture
    seen = gray_with(picture, np.array(RESPONSES["orthochromatic"], np.float32))
    return (1 - strength) * luma_of(picture) + strength * seen


@degradation("fade")
def fade(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Blacks rise, whites fall, the mid-tones bend."""
    low = float(rng.uniform(0.3, 1)) * 0.25 * strength
    high = 1 - float(rng.uniform(0.3, 1)) * 0.3 * strength
    gamma = float(np.exp(rng.uniform(-0.5, 0.5) * strength))
    return low + (high - low) * np.clip(picture, 0, 1) ** gamma


@degradation("flicker")
def flicker(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """This frame's exposure is off, and a little more on one side."""
    gain = 1 + 0.3 * strength * float(rng.normal())
    slope = 0.15 * strength * float(rng.normal())
    ramp = 1 + slope * np.linspace(-0.5, 0.5, picture.shape[1], dtype=np.float32)[None, :]
    return np.clip(picture * like(np.repeat(ramp, picture.shape[0], 0), picture) * gain, 0, 1)
