"""Turns downloaded pictures into clean ground truth: reduced to a fraction of their size, which removes noise and traces of compression.

Each picture becomes up to three H x W x 3 arrays of bytes, `<group>/<name>-<long side>.npy`, which training maps into memory.
"""

from pathlib import Path

import numpy
from PIL import Image

LONG_SIDES = (1600, 900, 500)
LEAST_REDUCTION = 1.2

Image.MAX_IMAGE_PIXELS = None


def prepare(source: Path, folder: Path, name: str) -> list[Path]:
    """Writes the reduced forms of `source`, skipping those that would be reduced by less than LEAST_REDUCTION."""
    wanted = [(side, folder / f"{name}-{side}.npy") for side in LONG_SIDES]
    if all(path.exists() for _, path in wanted):
        return [path for _, path in wanted]
    picture = Image.open(source)
    if picture.mode in ("RGBA", "LA", "P"):
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    picture = picture.convert("RGB")
    written = []
    for side, path in wanted:
        ratio = side / max(picture.size)
        if ratio * LEAST_REDUCTION > 1:
            continue
        size = tuple(round(length * ratio) for length in picture.size)
        save(path, numpy.asarray(picture.resize(size, Image.Resampling.LANCZOS)))
        written.append(path)
    return written


def save(path: Path, pixels: numpy.ndarray) -> None:
    """Bytes of H x W x 3 as .npy, which training maps into memory, or as .png, which held-out pictures are for all programs to read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        if path.suffix == ".png":
            Image.fromarray(pixels).save(file, "PNG")
        else:
            numpy.save(file, pixels)
    partial.replace(path)
