"""Random pairs of small and large crops. Batch n is the same in every run with the same seed, whether resumed or not."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy
from PIL import Image

from ..metrics import BT601
from .degrade import MARGIN, choose, compress, reduce

Place = tuple[list[numpy.ndarray], tuple[slice, slice]]
"""A picture with what a teacher made of it, if it has one, and a square of it."""


class Sampler:
    """`groups` maps a folder of `root` to its share of the crops; each picture is taken with the chance of its area.

    `alone`, which may be missing, has a `count` of crops that follow those of each batch in the small ones, from `groups` of its own. They
    are given as they are, not reduced, and have no large form. Large crops of the `groups` of `teacher`, which may be missing, are what the
    network of its `name` makes of the small ones. `detail`, which may be missing, says of how many places, for some groups, the one with the
    most detail is taken: half of the crops of a photograph are skies and blurred grounds, of which a network soon knows all.
    """

    def __init__(self, root: Path, settings: dict, scale: int, image_channels: int, seed: int):
        self.settings, self.scale, self.image_channels, self.seed = settings, scale, image_channels, seed
        self.shares = settings["groups"]
        self.alone = settings.get("alone", {"count": 0, "groups": {}})
        teacher = settings.get("teacher", {"name": None, "groups": []})
        self.pictures = {
            group: load(root / group, teacher["name"] if group in teacher["groups"] else None)
            for group in {**self.shares, **self.alone["groups"]}
        }
        self.areas = {group: [layers[0].shape[0] * layers[0].shape[1] for layers in pictures] for group, pictures in self.pictures.items()}
        self.detail = settings.get("detail", {})

    def batch(self, step: int, count: int, patch: int) -> tuple[numpy.ndarray, numpy.ndarray]:
        """Small (count + alone x C x patch x patch) and large (count x C x patch*scale x patch*scale) crops as bytes."""
        chance = random.Random(f"{self.seed} {step}")
        small, large = zip(*(self.pair(chance, patch) for _ in range(count)))
        small = [*small, *(self.crops(chance, self.alone["groups"], patch)[0] for _ in range(self.alone["count"]))]
        return planes(small), planes(large)

    def pair(self, chance: random.Random, patch: int) -> tuple[numpy.ndarray, numpy.ndarray]:
        group = choose(chance, self.shares)
        scale, margin = self.scale, MARGIN * self.scale
        crops = self.crops(chance, {group: 1}, patch * scale + 2 * margin)
        large, wanted = crops[0], crops[-1]
        kernels = self.settings["kernels"].get(group, self.settings["kernels"]["default"])
        small = reduce(large, scale, choose(chance, kernels))
        if "compression" in self.settings:
            small = compress(small, chance, self.settings["compression"])
        return numpy.asarray(small)[MARGIN:-MARGIN, MARGIN:-MARGIN], wanted[margin:-margin, margin:-margin]

    def crops(self, chance: random.Random, shares: dict[str, float], side: int) -> list[numpy.ndarray]:
        """side x side x 3, or side x side of a grey network: a crop, and the teacher's form of it if it has one."""
        layers, window = self.place(chance, choose(chance, shares), side)
        crops = turned(chance, *(layer[window] for layer in layers))
        return [grey(crop) for crop in crops] if self.image_channels == 1 else crops

    def place(self, chance: random.Random, group: str, side: int) -> Place:
        """Of some places in the group, the one with the most detail."""
        places = [self.any_place(chance, group, side) for _ in range(self.detail.get(group, 1))]
        return most_detailed(places)

    def any_place(self, chance: random.Random, group: str, side: int) -> Place:
        while True:
            (layers,) = chance.choices(self.pictures[group], self.areas[group])
            # The teacher saw the whole picture reduced: a crop that has its form lies on its pixels.
            step = self.scale if len(layers) > 1 else 1
            height, width = (length - length % step for length in layers[0].shape[:2])
            if min(height, width) >= side:
                return layers, window(chance, (height, width), (side, side), step)


def window(chance: random.Random, lengths: tuple[int, int], sides: tuple[int, int], step: int = 1) -> tuple[slice, slice]:
    """A rectangle of these sides anywhere in one of these lengths, (height, width) both, on a grid of `step`."""
    begins = (chance.randrange(0, length - side + 1, step) for length, side in zip(lengths, sides))
    rows, columns = (slice(begin, begin + side) for begin, side in zip(begins, sides))
    return rows, columns


def most_detailed(places: list[Place]) -> Place:
    return places[0] if len(places) == 1 else max(places, key=detail)


def detail(place: Place) -> float:
    """The mean second difference of green, across and down."""
    (picture, *_), window = place
    green = picture[window][:, :, 1].astype(numpy.int16)
    return sum(float(numpy.abs(numpy.diff(green, 2, axis)).mean()) for axis in (0, 1))


def planes(crops: Sequence[numpy.ndarray]) -> numpy.ndarray:
    """N x C x height x width of height x width x C, or of height x width."""
    batch = numpy.stack(crops)
    return numpy.ascontiguousarray(batch[:, None] if batch.ndim == 3 else batch.transpose(0, 3, 1, 2))


def load(folder: Path, teacher: str | None) -> list[list[numpy.ndarray]]:
    """Each picture of the folder, and what the teacher made of it, if there is one."""
    layers = lambda path: [path] if teacher is None else [path, taught(path, teacher)]
    return [[read(layer) for layer in layers(path)] for path in paths(folder)]


def taught(path: Path, teacher: str) -> Path:
    """Where the teacher's form of a picture lies."""
    return path.parent / teacher / f"{path.stem}.npy"


def read(path: Path) -> numpy.ndarray:
    """A prepared picture, mapped into memory, or a packed one."""
    return numpy.load(path, mmap_mode="r") if path.suffix == ".npy" else numpy.asarray(Image.open(path).convert("RGB"))


def paths(folder: Path) -> list[Path]:
    found = sorted([*folder.glob("*.npy"), *folder.glob("*.webp")])
    if not found:
        raise FileNotFoundError(f"{folder} holds no prepared pictures: run python -m training data first")
    return found


def turned(chance: random.Random, *crops: numpy.ndarray) -> list[numpy.ndarray]:
    """All in one of the eight turns and mirrorings; in a seventh of the cases the colours change places too, and some are turned over.

    Edges where one colour rises as another falls are rare in pictures; a network that has not seen them draws lines along them.
    """
    turns = chance.randrange(4)
    crops = [numpy.rot90(crop, turns) for crop in crops]
    if chance.random() < 0.5:
        crops = [crop[:, ::-1] for crop in crops]
    if chance.random() < 1 / 7:
        over = numpy.array([chance.choice((0, 255)) for _ in range(3)], numpy.uint8)
        order = chance.sample(range(3), 3)
        crops = [crop[:, :, order] ^ over for crop in crops]
    return [numpy.ascontiguousarray(crop) for crop in crops]


def grey(crop: numpy.ndarray) -> numpy.ndarray:
    """Luma of BT.601 in full range, as JPEG, sharp and PNG writers make grey pictures."""
    return numpy.clip(numpy.rint(crop @ numpy.array(BT601)), 0, 255).astype(numpy.uint8)
