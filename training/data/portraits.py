"""Official portraits of the United States Congress, 225 x 275 pixels, in the public domain."""

import hashlib
from pathlib import Path

import numpy
from PIL import Image

from .fetch import files_of
from .prepare import save

LEAST_BYTES = 30_000
"""Smaller files of that size are compressed too much to be ground truth."""

HELD_OUT_SHARE = 32
"""One portrait in as many is only ever tested with, chosen by the hash of its name, never by what it shows."""


def portraits(downloads: Path, root: Path, held_out: Path) -> None:
    for file in files_of("congress-images", "images/*.jpg", downloads):
        if file.stat().st_size < LEAST_BYTES:
            continue
        tested = hashlib.sha256(file.name.encode()).digest()[0] % HELD_OUT_SHARE == 0
        target = held_out / "portraits" / f"{file.stem}.png" if tested else root / "portraits" / f"{file.stem}.npy"
        if not target.exists():
            save(target, numpy.asarray(Image.open(file).convert("RGB")))
