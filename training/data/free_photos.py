"""Free photos of Debian's packages, beside the packs: python3 -m training.data.free_photos --out OUT

Wallpapers, monuments and animals, reduced until they are sharp. Their licences, as the packages state them, are in
training/README.md. The project keeps none of them.
"""
from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Iterator

import numpy as np
from PIL import Image

from .packs import read_zip_images

# What is taken of a package: files whose path matches. Those of .edj and .rcc are containers of pictures.
PACKAGES = {
    "enlightenment-data": r"backgrounds/(Bamboo|God-Rays|.*-Maple|Lichen.*|Sea-of.*|Snow-.*|Spruce.*|Sunset-Clouds|.*-Flower)\.edj",
    "gcompris-qt-data": r"/(erase|explore_(farm_animals|monuments|world_animals|world_music))\.rcc",
    "kphotoalbum": r"demo/(?!grand_canyon_1|new_wave_1|wayne).*\.jpg",
    "lomiri-wallpapers-16.04": r"_by_(?!Abhishek).*\.jpg",
    "lomiri-wallpapers-20.04": r"/Kleiber_.*\.jpg",
    "lxqt-themes": r"wallpapers/(Butterfly.*|Valendas|after.*|appleflower|beam|butterfly|cloud|drop|flowers|fog|this-is.*)\.(jpg|png)",
    "palapeli-data": r"collection/.*\.jpg",
    "plasma-workspace-wallpapers": (
        r"wallpapers/(BytheWater|ColdRipple|ColorfulCups|EveningGlow|FallenLeaf|Kite|Kokkini|OneStandsOut|Path|Shell|Volna|summer_1am)"
        r"/contents/images/(2560x1600|3840x2160|5120x2880)\.(jpg|png)"
    ),
}
CONTAINERS = (".edj", ".rcc")
JPEG, RIFF = b"\xff\xd8\xff", b"RIFF"
# Smaller ones are icons. Pixels.
SMALLEST = 200_000
# A picture is reduced at least so much, which takes its compression and the softness of its lens with it, and to at most so many pixels.
REDUCED, LARGEST = 0.7, 4_000_000
QUALITY = 95


def free_photos_file(cache: Path) -> Path:
    return cache / "free-photos.zip"


def free_photos(cache: Path) -> list[np.ndarray]:
    file = free_photos_file(cache)
    if not file.exists():
        raise ValueError("no free photos: run python3 -m training.data.free_photos with the same --out first, or set freePhotos to false")
    return [rgb for _, rgb in read_zip_images(file)]


def embedded(data: bytes, signature: bytes) -> Iterator[Image.Image]:
    """Every picture that begins with the signature inside a container."""
    for found in re.finditer(re.escape(signature), data):
        try:
            yield Image.open(io.BytesIO(data[found.start() :]))
        except (OSError, SyntaxError):
            continue


def pictures_of(file: Path) -> Iterator[Image.Image]:
    if file.suffix not in CONTAINERS:
        yield Image.open(file)
    elif file.suffix == ".rcc":
        yield from embedded(file.read_bytes(), RIFF)
    else:  # the same picture in several sizes
        yield max(embedded(file.read_bytes(), JPEG), key=lambda image: image.width)


def reduced(image: Image.Image) -> Image.Image:
    share = min(REDUCED, (LARGEST / (image.width * image.height)) ** 0.5)
    return image.convert("RGB").resize((round(image.width * share), round(image.height * share)), Image.Resampling.LANCZOS)


def unpack(package: str, folder: Path) -> Path:
    subprocess.run(["apt-get", "-q", "download", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["dpkg", "-x", str(next(folder.glob(f"{package}_*.deb"))), str(folder / package)], check=True)
    return folder / package


def write(file: Path) -> int:
    """Fetches the packages and writes a zip of JPEG files, which gets its name when it is whole; returns how many."""
    count, unfinished = 0, file.with_suffix(".tmp")
    with tempfile.TemporaryDirectory() as name, zipfile.ZipFile(unfinished, "w") as out:
        for package, wanted in PACKAGES.items():
            root = unpack(package, Path(name))
            for path in sorted(p for p in root.rglob("*") if p.is_file() and re.search(wanted + "$", str(p))):
                for image in pictures_of(path):
                    if image.width * image.height < SMALLEST:
                        continue
                    packed = io.BytesIO()
                    reduced(image).save(packed, "JPEG", quality=QUALITY, subsampling=0)
                    out.writestr(f"{package}/{count:03d}.jpg", packed.getvalue())
                    count += 1
    unfinished.replace(file)
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="as for training.train")
    file = free_photos_file(parser.parse_args().out / "cache")
    if shutil.which("apt-get") is None:
        parser.error("there is no apt-get, and these photos are Debian's: set freePhotos to false in the configurations to do without")
    file.parent.mkdir(parents=True, exist_ok=True)
    print(f"wrote {write(file)} photos to {file}")


if __name__ == "__main__":
    main()
