"""generate.py FOLDER PHOTO: one file for every cell of the formats' feature tables, and beside it what is expected: a PNG,
or an empty `.refused` for cells that may be refused by name; nothing where libjpeg-turbo itself refuses."""
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import jpeg
import modern
import other
import tiff


def save(path, pixels):
    if pixels.dtype == np.uint16 and pixels.ndim == 3:
        # Pillow does not write colours of 16 bits.
        path.write_bytes(other.png(pixels.astype(int), {1: 0, 2: 4, 3: 2, 4: 6}[pixels.shape[2]], 16, False))
    elif pixels.ndim == 3 and pixels.shape[2] <= 2 and pixels.dtype == np.uint8:
        path.write_bytes(other.png(pixels.astype(int), {1: 0, 2: 4}[pixels.shape[2]], 8, False))
    else:
        Image.fromarray(pixels).save(path)


def main():
    folder, photo = Path(sys.argv[1]), np.asarray(Image.open(sys.argv[2]).convert("RGB"))
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, extension, file, expected in (*jpeg.cells(photo), *tiff.cells(photo), *other.cells(photo), *modern.cells(photo)):
        (folder / f"{name}.{extension}").write_bytes(file)
        if isinstance(expected, str):
            (folder / f"{name}.refused").touch()
        elif expected is not None:
            save(folder / f"{name}.expected.png", np.ascontiguousarray(expected))
        count += 1
    print(count, "cells")


main()
