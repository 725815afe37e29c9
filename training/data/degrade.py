"""How a large crop becomes the small picture that a network is given."""

import io
import random

import numpy
from PIL import Image

KERNELS = {"bicubic": Image.Resampling.BICUBIC, "area": Image.Resampling.BOX, "lanczos": Image.Resampling.LANCZOS, "bilinear": Image.Resampling.BILINEAR}
"""Reductions with anti-aliasing; bicubic is the one that papers (and the published scores) use."""

MARGIN = 8
"""Pixels of the small picture around a crop, so that kernels and JPEG's blocks are those of a whole picture's middle."""


def reduce(crop: numpy.ndarray, scale: int, kernel: str) -> Image.Image:
    picture = Image.fromarray(crop)
    size = (picture.width // scale, picture.height // scale)
    return picture.resize(size, KERNELS[kernel])


def choose(chance: random.Random, shares: dict[str, float]) -> str:
    """One of the names, with the probability of its share."""
    return chance.choices(list(shares), list(shares.values()))[0]


def compress(picture: Image.Image, chance: random.Random, settings: dict) -> Image.Image:
    """Through JPEG or WebP of random quality, sometimes twice with another block grid, as uploads have been.

    `settings`: share (of crops that are compressed), quality [lowest, highest], twice (share of those), webp (share of those).
    """
    if chance.random() >= settings["share"]:
        return picture
    picture = once(picture, chance, settings)
    if chance.random() < settings["twice"]:
        moved = chance.randint(0, 7), chance.randint(0, 7)
        wide = Image.new(picture.mode, (picture.width + 8, picture.height + 8))
        wide.paste(picture, (8, 8))
        wide.paste(picture, moved)
        wide = once(wide, chance, settings)
        picture = wide.crop((*moved, moved[0] + picture.width, moved[1] + picture.height))
    return picture


def once(picture: Image.Image, chance: random.Random, settings: dict) -> Image.Image:
    low, high = settings["quality"]
    quality = round(low + (high - low) * chance.random())
    file = io.BytesIO()
    if chance.random() < settings["webp"]:
        picture.save(file, "WEBP", quality=quality, method=2)
    else:
        picture.save(file, "JPEG", quality=quality, subsampling=chance.choice((0, 2, 2)))
    return Image.open(file).convert(picture.mode)
