"""Old footage as H.264 brings it: grain that a codec has carried from frame to frame, smeared and repeated.

JPEG codes one picture; a film is coded by its motion. So each of these is a frame out of a short pan over a photo with
new grain in every frame. Coding takes long, so they are made once and kept in a cache file.
"""
from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import numpy as np

from ..degrade.filters import gaussian_blur
from ..degrade.noise import film_grain
from ..degrade.optics import downscale
from .luma_set import LumaSet

COUNT = 480
FRAMES = 7
SIDE = 176
SEED = 77
# Limited range, as films have it: luma 0..1 is 16..235.
BLACK, RANGE = 16.0, 219.0


class CodedSet:
    """Pairs of coded low resolution and clean high resolution with the strength that they call for."""

    def __init__(self, pictures: LumaSet, cache: Path, scale: int):
        file = cache / f"coded-x{scale}.npz"
        if not file.exists():
            _build(pictures, scale, file)
        arrays = np.load(file)
        self.scale = scale
        self.strength: np.ndarray = arrays["strength"]
        self.low = [arrays[f"l{k}"] for k in range(len(self.strength))]
        self.high = [arrays[f"h{k}"] for k in range(len(self.strength))]

    def pair(self, rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray, float]:
        """A random [size, size] piece, its clean [size * scale, size * scale] and the strength, mirrored at random."""
        fitting = [k for k, low in enumerate(self.low) if min(low.shape) >= size]
        k, s = fitting[int(rng.integers(len(fitting)))], self.scale
        low, high = self.low[k], self.high[k]
        # Macroblocks begin at multiples of 16, blocks of the transform at multiples of 8.
        y, x = (8 * int(rng.integers((n - size) // 8 + 1)) for n in low.shape)
        low = (low[y : y + size, x : x + size].astype(np.float32) - BLACK) / RANGE
        high = (high[y * s : (y + size) * s, x * s : (x + size) * s].astype(np.float32) - BLACK) / RANGE
        flips = [slice(None, None, -1 if rng.random() < 0.5 else 1) for _ in range(2)]
        return low[flips[0], flips[1]], high[flips[0], flips[1]], float(self.strength[k])


def _build(pictures: LumaSet, scale: int, file: Path) -> None:
    rng = np.random.default_rng(SEED)
    reach = 3 * (FRAMES - 1)
    large = [k for k, low in enumerate(pictures.low) if min(low.shape) >= 80 + reach]
    out: dict[str, np.ndarray] = {}
    strengths = []
    for k in range(COUNT):
        clean = pictures.high[int(rng.choice(large))].astype(np.float32)
        strength = float(rng.beta(2, 2))
        low, high = _coded_frame(clean, strength, scale, reach, rng)
        out[f"l{k}"], out[f"h{k}"] = low, np.clip(high * RANGE + BLACK + 0.5, 0, 255).astype(np.uint8)
        strengths.append(strength)
    np.savez(file, strength=np.array(strengths, np.float32), **out)


def _coded_frame(clean: np.ndarray, strength: float, scale: int, reach: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    height, width = (n // scale for n in clean.shape)
    soft = gaussian_blur(clean, float(rng.uniform(0.4, 1.1)) * scale / 2 * min(1.0, 3 * strength))
    low = downscale(soft, height, width, "bicubic")
    rows, columns = (min(SIDE, n - reach) // 8 * 8 for n in (height, width))
    top, left = (int(rng.integers(0, n - size - reach + 1)) for n, size in ((height, rows), (width, columns)))
    down, right = rng.integers(-3, 4, 2)
    places = [(top + reach // 2 + int(down) * t // 2, left + reach // 2 + int(right) * t // 2) for t in range(-(FRAMES // 2), FRAMES // 2 + 1)]
    size = float(rng.uniform(0.3, 0.8))
    sigma = 24 * strength * float(rng.uniform(0.85, 1.15)) / 255
    frames = [film_grain(low[y : y + rows, x : x + columns], sigma, size, rng) for y, x in places]
    crf = round(16 + 14 * strength * float(rng.uniform(0.7, 1.3)))
    chosen = int(rng.integers(FRAMES))
    y, x = places[chosen]
    high = clean[y * scale : (y + rows) * scale, x * scale : (x + columns) * scale]
    return _through_h264(np.stack(frames), crf)[chosen], high


def _through_h264(frames: np.ndarray, crf: int) -> np.ndarray:
    """[T, h, w] luma 0..1 -> uint8 codes after x264 with its default motion search and frame types."""
    codes = np.clip(frames * RANGE + BLACK + 0.5, 0, 255).astype(np.uint8)
    count, height, width = codes.shape
    # 4:2:0 with gray chroma all the way, so that nothing converts the luma.
    chroma = np.full((count, height * width // 2), 128, np.uint8)
    film = np.concatenate([codes.reshape(count, -1), chroma], axis=1)
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p"]
    quiet = ["ffmpeg", "-v", "error", "-y", "-threads", "1"]
    with tempfile.TemporaryDirectory() as folder:
        coded = str(Path(folder) / "pan.mp4")
        encoder = ["-c:v", "libx264", "-preset", "fast", "-crf", str(crf), "-threads", "1"]
        subprocess.run([*quiet, *raw, "-s", f"{width}x{height}", "-i", "-", *encoder, coded], input=film.tobytes(), check=True)
        done = subprocess.run([*quiet, "-i", coded, *raw, "-"], stdout=subprocess.PIPE, check=True)
    return np.frombuffer(done.stdout, np.uint8).reshape(film.shape)[:, : height * width].reshape(codes.shape)
