"""Packs of pictures: zip files."""
from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


def read_zip_images(path: Path) -> list[tuple[str, np.ndarray]]:
    """All pictures of a zip as (name, uint8 RGB), sorted by name."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(n for n in archive.namelist() if n.lower().endswith((".png", ".jpg", ".jpeg", ".bmp")))
        return [(n, np.asarray(Image.open(io.BytesIO(archive.read(n))).convert("RGB"))) for n in names]
