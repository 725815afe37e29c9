"""Patterns of exact pixels, for crops that a network is given as they are: what photographs have in single spots, everywhere."""

import random

import numpy
from PIL import Image, ImageDraw

from .drawings import colour

SIDE = 128


def pattern(chance: random.Random) -> numpy.ndarray:
    """A SIDE x SIDE x 3 picture of one of KINDS."""
    return chance.choice(KINDS)(chance)


def generator(chance: random.Random) -> numpy.random.Generator:
    return numpy.random.default_rng(chance.getrandbits(32))


def inks(chance: random.Random, count: int = 2) -> list[tuple]:
    """Black and white in a third of the patterns, as on most pages; else any."""
    two = [(0, 0, 0), (255, 255, 255)]
    chance.shuffle(two)
    first = two if chance.random() < 1 / 3 else [colour(chance), colour(chance)]
    return first + [colour(chance) for _ in range(count - 2)]


def painted(which: numpy.ndarray, inks: list[tuple]) -> numpy.ndarray:
    """The ink of the number that each pixel has in `which`."""
    return numpy.array(inks, numpy.uint8)[which]


def periodic(chance: random.Random) -> numpy.ndarray:
    """A tile of one to six pixels a side, again and again: stripes, checkerboards, dots, grids."""
    height, width = chance.randint(1, 6), chance.randint(1, 6)
    tile = generator(chance).random((height, width)) < chance.uniform(0.1, 0.6)
    every = numpy.tile(tile, (SIDE // height + 1, SIDE // width + 1))[:SIDE, :SIDE]
    return painted(every.astype(int), inks(chance))


def checkers(chance: random.Random) -> numpy.ndarray:
    """Squares of one to five pixels."""
    cell = chance.randint(1, 5)
    y, x = numpy.mgrid[:SIDE, :SIDE] // cell
    return painted((x + y) % 2, inks(chance))


def rings(chance: random.Random) -> numpy.ndarray:
    """Circles around one place, closer and closer, down to less than a pixel."""
    y, x = numpy.mgrid[:SIDE, :SIDE]
    far = (x - chance.uniform(0, SIDE)) ** 2 + (y - chance.uniform(0, SIDE)) ** 2
    return painted((numpy.cos(far / chance.uniform(15, 120)) > 0).astype(int), inks(chance))


def diagonal(chance: random.Random) -> numpy.ndarray:
    """Slanted lines of one or two pixels."""
    pitch, thick, slope = chance.randint(2, 9), chance.randint(1, 2), chance.choice((-2, -1, 1, 2))
    y, x = numpy.mgrid[:SIDE, :SIDE]
    return painted(((x * slope + y) % pitch < thick).astype(int), inks(chance))


def noise(chance: random.Random) -> numpy.ndarray:
    """Each pixel by itself: one of some inks, or any grey or colour."""
    source, count = generator(chance), chance.choice((2, 2, 3, 8, 0, 0))
    if count:
        return painted(source.integers(0, count, (SIDE, SIDE)), inks(chance, count))
    low = chance.randint(0, 200)
    shape = (SIDE, SIDE, chance.choice((1, 3)))
    return numpy.broadcast_to(source.integers(low, chance.randint(low + 20, 256), shape), (SIDE, SIDE, 3)).astype(numpy.uint8)


def spots(chance: random.Random) -> numpy.ndarray:
    """Single pixels, pairs, small squares and short lines on one ground."""
    which = numpy.zeros((SIDE, SIDE), int)
    for _ in range(chance.randint(20, 200)):
        y, x = chance.randrange(SIDE), chance.randrange(SIDE)
        height, width = chance.choice(((1, 1), (1, 1), (1, 2), (2, 1), (2, 2), (3, 3), (1, 8), (8, 1)))
        which[y : y + height, x : x + width] = chance.randint(1, 3)
    return painted(which if chance.random() < 0.5 else which.clip(0, 1), inks(chance, 4))


def strokes(chance: random.Random) -> numpy.ndarray:
    """Thin lines close to each other, of hard or anti-aliased edges."""
    factor = chance.choice((1, 1, 4))
    ground, ink = inks(chance)
    picture = Image.new("RGB", (SIDE * factor, SIDE * factor), ground)
    draw = ImageDraw.Draw(picture)
    for _ in range(chance.randint(10, 90)):
        x, y = chance.uniform(-10, SIDE), chance.uniform(-10, SIDE)
        end = x + chance.uniform(-40, 40), y + chance.uniform(-40, 40)
        draw.line((x * factor, y * factor, end[0] * factor, end[1] * factor), fill=ink, width=round(factor * chance.uniform(0.5, 2)) or 1)
        if chance.random() < 0.05:
            ink = colour(chance)
    return numpy.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX))


def glyphs(chance: random.Random) -> numpy.ndarray:
    """Cells of random strokes of one pixel along both axes, as dense as small letters, blurred a little or not."""
    ground, ink = inks(chance)
    cover = numpy.zeros((SIDE, SIDE))
    cell = chance.randint(5, 10)
    for top in range(1, SIDE - cell, cell + chance.randint(1, 3)):
        for left in range(1, SIDE - cell, cell):
            for _ in range(chance.randint(1, 4)):
                at, start, strength = chance.randrange(cell - 1), chance.randrange(cell // 2), chance.choice((1, 1, chance.random()))
                length = chance.randint(2, cell - 1 - start) if cell - 1 - start > 2 else 2
                if chance.random() < 0.5:
                    cover[top + at, left + start : left + start + length] = strength
                else:
                    cover[top + start : top + start + length, left + at] = strength
    if chance.random() < 0.3:
        cover = (cover + numpy.roll(cover, 1, 1) * chance.random()).clip(0, 1)
    mixed = numpy.array(ground) + cover[:, :, None] * (numpy.array(ink) - numpy.array(ground))
    return mixed.round().astype(numpy.uint8)


KINDS = (periodic, checkers, diagonal, rings, noise, spots, strokes, strokes, glyphs, glyphs)
