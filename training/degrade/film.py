"""Degrade a whole film, frame by frame, with the ffmpeg program at both ends: its sound, if any, is copied."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Callable

import numpy as np

from .compress import to_uint8
from .registry import degrade

# What a picture file is called; everything else is a film.
PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}
# Of these the same place and shape stays for the whole film: a lens does not change its focus from frame to frame.
STEADY = {"blur", "misfocus", "downscale", "fade", "gray", "orthochromatic", "bleed", "subsample"}
QUIET = ["ffmpeg", "-v", "error", "-nostdin", "-y"]


def _probe(film: Path) -> tuple[int, int, str]:
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "json"]
    shown = subprocess.run(
        [*command, "-show_entries", "stream=width,height,avg_frame_rate", str(film)], stdout=subprocess.PIPE, check=True
    )
    streams = json.loads(shown.stdout).get("streams", [])
    if not streams:
        raise ValueError(f"{film} has no video")
    return streams[0]["width"], streams[0]["height"], streams[0]["avg_frame_rate"]


def _encoder(output: Path) -> list[str]:
    """Nearly lossless, so that only the degradations show: FFV1 where the container takes it, else H.264."""
    if output.suffix.lower() in {".mkv", ".avi", ".nut"}:
        return ["-c:v", "ffv1", "-pix_fmt", "yuv444p"]
    return ["-c:v", "libx264", "-crf", "10", "-preset", "fast", "-pix_fmt", "yuv420p"]


def degrade_frame(frame: np.ndarray, operations: list[tuple[str, float]], seed: int, index: int) -> np.ndarray:
    """Float RGB 0..1 in and out. What changes from frame to frame draws from (seed, index), the rest from the seed."""
    picture = frame
    for i, (name, strength) in enumerate(operations):
        source = [seed + i] if name in STEADY else [seed + i, index]
        picture = degrade(picture, name, strength, np.random.default_rng(source))
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)


def degrade_film(
    film: Path,
    output: Path,
    operations: list[tuple[str, float]],
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Writes the degraded film under its name when it is whole; returns its number of frames."""
    width, height, rate = _probe(film)
    part = output.with_name(f"{output.stem}.part-{os.getpid()}{output.suffix}")
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24"]
    decode = [*QUIET, "-i", str(film), "-map", "0:v:0", "-fps_mode", "passthrough", *raw, "-"]
    encode = [*QUIET, *raw, "-s", f"{width}x{height}", "-r", rate, "-i", "-", "-i", str(film)]
    encode += ["-map", "0:v", "-map", "1:a?", "-c:a", "copy", *_encoder(output), str(part)]
    count = 0
    try:
        with subprocess.Popen(decode, stdout=subprocess.PIPE) as reader:
            with subprocess.Popen(encode, stdin=subprocess.PIPE) as writer:
                assert reader.stdout and writer.stdin
                while len(data := reader.stdout.read(width * height * 3)) == width * height * 3:
                    frame = np.frombuffer(data, np.uint8).reshape(height, width, 3).astype(np.float32) / 255
                    writer.stdin.write(to_uint8(degrade_frame(frame, operations, seed, count)).tobytes())
                    count += 1
                    progress(count)
                writer.stdin.close()
        if reader.returncode or writer.returncode or count == 0:
            raise ValueError(f"{film} could not be decoded, or {output} not be written")
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    return count
