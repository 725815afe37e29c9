"""Renders the pages of text, the drawings and the patterns of the training set, and of the held-out set."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy

from . import drawings, patterns, text
from .prepare import save

HELD_OUT_FONTS = ("roboto", "inconsolata", "linuxlibertine", "nanum", "carlito")
"""Packages (by a part of their name) whose fonts are only ever tested with."""

TRAINING_PAGES, HELD_OUT_PAGES = 900, 12
TRAINING_DRAWINGS, HELD_OUT_DRAWINGS = 600, 12
TRAINING_PATTERNS = 1200


def generate(fonts: Path, root: Path, held_out: Path) -> None:
    """Writes the groups "text", "flats" and "patterns" under `root`; the first two under `held_out`, with other fonts and other seeds."""
    every = [path for path in fonts.rglob("*") if path.suffix.lower() in (".ttf", ".otf", ".ttc")]
    tested = [path for path in every if is_held_out(path.relative_to(fonts))]
    learnt = [path for path in every if path not in set(tested)]
    pages(root / "text" / "page-{:04}.npy", text.usable(learnt), TRAINING_PAGES, "training")
    pages(held_out / "text" / "page-{:04}.png", text.usable(tested), HELD_OUT_PAGES, "held out")
    draw(root / "flats" / "drawing-{:04}.npy", TRAINING_DRAWINGS, "training")
    draw(held_out / "flats" / "drawing-{:04}.png", HELD_OUT_DRAWINGS, "held out")
    each(root / "patterns" / "pattern-{:04}.npy", TRAINING_PATTERNS, lambda index: patterns.pattern(random.Random(f"training pattern {index}")))


def is_held_out(font: Path) -> bool:
    return any(name in font.parts[0] for name in HELD_OUT_FONTS)


def pages(target: Path, fonts: list[Path], count: int, seed: str) -> None:
    each(target, count, lambda index: text.page(random.Random(f"{seed} page {index}"), fonts))


def draw(target: Path, count: int, seed: str) -> None:
    each(target, count, lambda index: drawings.drawing(random.Random(f"{seed} drawing {index}")))


def each(target: Path, count: int, make: Callable[[int], numpy.ndarray]) -> None:
    """Writes what `make` gives for each index to `target`, in whose name the index stands, unless it is there."""
    for index in range(count):
        path = target.with_name(target.name.format(index))
        if not path.exists():
            save(path, make(index))
