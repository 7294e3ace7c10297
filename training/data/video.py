"""A few frames of a clip through the ffmpeg program."""
from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np


def read_frames(clip: Path, count: int, short_side: int | None = None) -> list[np.ndarray]:
    """`count` uint8 RGB frames, evenly spread over the clip, reduced to the given short side."""
    probe = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-count_packets", "-of", "json"]
    shown = subprocess.run(
        [*probe, "-show_entries", "stream=width,height,nb_read_packets", str(clip)], stdout=subprocess.PIPE, check=True
    )
    stream = json.loads(shown.stdout)["streams"][0]
    width, height, frames = stream["width"], stream["height"], int(stream["nb_read_packets"])
    if short_side:
        k = short_side / min(width, height)
        width, height = round(width * k), round(height * k)
    every = max(1, frames // count)
    chain = f"select=not(mod(n\\,{every})),scale={width}:{height}:flags=area"
    command = ["ffmpeg", "-v", "error", "-i", str(clip), "-vf", chain, "-vsync", "0", "-frames:v", str(count)]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], stdout=subprocess.PIPE, check=True).stdout
    return list(np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3))
