"""The classic denoiser to beat: FFmpeg's nlmeans at its best setting."""
from __future__ import annotations

import subprocess
from typing import Callable

import numpy as np

STRENGTHS = (2, 4, 6, 8, 10, 13, 16, 20)


def nlmeans(luma: np.ndarray, strength: float) -> np.ndarray:
    """Normalized luma through 8-bit limited-range code values, as a video has them."""
    height, width = luma.shape
    codes = np.clip(np.round(luma * 219 + 16), 0, 255).astype(np.uint8)
    raw = ["-f", "rawvideo", "-pix_fmt", "gray"]
    command = ["ffmpeg", "-v", "error", *raw, "-s", f"{width}x{height}", "-i", "-", "-vf", f"nlmeans=s={strength}:p=7:r=15"]
    done = subprocess.run([*command, *raw, "-"], input=codes.tobytes(), stdout=subprocess.PIPE, check=True)
    return (np.frombuffer(done.stdout, np.uint8).reshape(height, width).astype(np.float32) - 16) / 219


def best_nlmeans(pairs: list[tuple[np.ndarray, np.ndarray]], score: Callable[[np.ndarray, np.ndarray], float]) -> float:
    """The best mean score over settings; each pair is (input, truth)."""
    return max(float(np.mean([score(nlmeans(low, s), high) for low, high in pairs])) for s in STRENGTHS)
