"""A small form of the prepared pictures, for machines to which two gigabytes cannot be brought: `python -m training pack`."""

import random
from pathlib import Path

from PIL import Image

from .sampler import Place, load, most_detailed, window

SIDE = 320
"""Of the crops, in pixels: enough for any patch at 4x. Smaller pictures are taken whole."""

PLACES = 6
"""Of so many places in photographs the one with the most detail becomes a crop: flat ones teach nothing."""

SHARES = {"photos": 0.58, "portraits": 0.06, "drawn": 0.08, "text": 0.12, "screens": 0.08, "flats": 0.06, "patterns": 0.02}
"""Of the bytes."""

PHOTOGRAPHS = ("photos", "portraits", "drawn")
"""Groups whose crops are saved with a loss (WebP of quality 95); what a program drew is kept exactly."""


def pack(prepared: Path, target: Path, limit: int) -> dict[str, int]:
    """Fills target/<group>/ with crops of prepared/<group>/ as WebP, `limit` bytes at most in all; how many crops each group got."""
    return {group: pack_group(prepared / group, target / group, int(share * limit)) for group, share in SHARES.items()}


def pack_group(source: Path, target: Path, limit: int) -> int:
    """Crops of random places until the next would be too much."""
    chance = random.Random(source.name)
    photograph = source.name in PHOTOGRAPHS
    pictures = load(source, None)
    target.mkdir(parents=True, exist_ok=True)
    used, count = 0, 0
    while True:
        places = [any_place(chance, pictures) for _ in range(PLACES if photograph else 1)]
        (picture,), crop = most_detailed(places)
        path = target / f"{count:05}.webp"
        Image.fromarray(picture[crop]).save(path, "WEBP", lossless=not photograph, quality=95 if photograph else 100, exact=True)
        used += path.stat().st_size
        if used > limit:
            path.unlink()
            return count
        count += 1


def any_place(chance: random.Random, pictures: list) -> Place:
    layers = chance.choice(pictures)
    lengths = layers[0].shape[:2]
    return layers, window(chance, lengths, tuple(min(SIDE, length) for length in lengths))
