"""Lossy compression: JPEG in memory, MPEG-2 and H.264 through the ffmpeg program."""
from __future__ import annotations

import io
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from .registry import degradation


def to_uint8(picture: np.ndarray) -> np.ndarray:
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


def jpeg_quality(picture: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(to_uint8(picture)).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer), np.float32) / 255


@degradation("jpeg")
def jpeg(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Quality 95 down to 15."""
    return jpeg_quality(picture, round(95 - 80 * strength))


def _through_ffmpeg(picture: np.ndarray, encoder: list[str], suffix: str) -> np.ndarray:
    height, width = picture.shape[:2]
    pad = [(0, height % 2), (0, width % 2)] + [(0, 0)] * (picture.ndim - 2)
    even = np.pad(to_uint8(picture), pad, mode="edge")
    pixel = "gray" if picture.ndim == 2 else "rgb24"
    size = f"{even.shape[1]}x{even.shape[0]}"
    raw = ["-f", "rawvideo", "-pix_fmt", pixel]
    with tempfile.TemporaryDirectory() as folder:
        coded = str(Path(folder) / f"frame{suffix}")
        quiet = ["ffmpeg", "-v", "error", "-y"]
        subprocess.run([*quiet, *raw, "-s", size, "-i", "-", *encoder, coded], input=even.tobytes(), check=True)
        done = subprocess.run([*quiet, "-i", coded, *raw, "-"], stdout=subprocess.PIPE, check=True)
    return np.frombuffer(done.stdout, np.uint8).reshape(even.shape)[:height, :width].astype(np.float32) / 255


@degradation("mpeg2")
def mpeg2(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Quantizer 2 to 31."""
    quantizer = str(round(2 + 29 * strength))
    return _through_ffmpeg(picture, ["-c:v", "mpeg2video", "-r", "25", "-pix_fmt", "yuv420p", "-qscale:v", quantizer], ".mpg")


@degradation("h264")
def h264(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """CRF 18 to 45."""
    crf = str(round(18 + 27 * strength))
    return _through_ffmpeg(picture, ["-c:v", "libx264", "-preset", "fast", "-pix_fmt", "yuv420p", "-crf", crf], ".mp4")
