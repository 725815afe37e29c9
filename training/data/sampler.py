"""Random pairs of small and large crops. Batch n is the same in every run with the same seed, whether resumed or not."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy

from ..metrics import BT601
from .degrade import MARGIN, choose, compress, reduce


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
        self.pictures = {group: load(root / group) for group in {**self.shares, **self.alone["groups"]}}
        self.areas = {group: [picture.shape[0] * picture.shape[1] for picture in pictures] for group, pictures in self.pictures.items()}
        self.detail = settings.get("detail", {})
        teacher = settings.get("teacher", {"groups": []})
        self.taught = {group: load(root / group / teacher["name"]) for group in teacher["groups"]}

    def batch(self, step: int, count: int, patch: int) -> tuple[numpy.ndarray, numpy.ndarray]:
        """Small (count + alone x C x patch x patch) and large (count x C x patch*scale x patch*scale) crops as bytes."""
        chance = random.Random(f"{self.seed} {step}")
        small, large = zip(*(self.pair(chance, patch) for _ in range(count)))
        small = [*small, *(self.crop(chance, self.alone["groups"], patch) for _ in range(self.alone["count"]))]
        return planes(small), planes(large)

    def pair(self, chance: random.Random, patch: int) -> tuple[numpy.ndarray, numpy.ndarray]:
        group = choose(chance, self.shares)
        scale, margin = self.scale, MARGIN * self.scale
        side = patch * scale + 2 * margin
        if group in self.taught:
            large, wanted = self.taught_crop(chance, group, side)
        else:
            large = wanted = self.crop(chance, {group: 1}, side)
        kernels = self.settings["kernels"].get(group, self.settings["kernels"]["default"])
        small = reduce(large, scale, choose(chance, kernels))
        if "compression" in self.settings:
            small = compress(small, chance, self.settings["compression"])
        return numpy.asarray(small)[MARGIN:-MARGIN, MARGIN:-MARGIN], wanted[margin:-margin, margin:-margin]

    def crop(self, chance: random.Random, shares: dict[str, float], side: int) -> numpy.ndarray:
        """side x side x 3, or side x side of a grey network."""
        group = choose(chance, shares)
        place, window = self.window(chance, group, side, 1)
        (crop,) = self.shown(chance, self.pictures[group][place][window])
        return crop

    def taught_crop(self, chance: random.Random, group: str, side: int) -> list[numpy.ndarray]:
        """A crop and the teacher's form of it. The teacher saw the whole picture reduced, so that the crop lies on its pixels."""
        place, window = self.window(chance, group, side, self.scale)
        return self.shown(chance, self.pictures[group][place][window], self.taught[group][place][window])

    def window(self, chance: random.Random, group: str, side: int, step: int) -> tuple[int, tuple[slice, slice]]:
        """Of some places, the one with the most detail: a picture of the group, and a square of that side in it, at multiples of `step`."""
        places = [self.place(chance, group, side, step) for _ in range(self.detail.get(group, 1))]
        if len(places) == 1:
            return places[0]
        return max(places, key=lambda place: detail(self.pictures[group][place[0]][place[1]]))

    def place(self, chance: random.Random, group: str, side: int, step: int) -> tuple[int, tuple[slice, slice]]:
        while True:
            (index,) = chance.choices(range(len(self.areas[group])), self.areas[group])
            height, width = (length - length % step for length in self.pictures[group][index].shape[:2])
            if min(height, width) >= side:
                y, x = (chance.randrange(0, length - side + 1, step) for length in (height, width))
                return index, (slice(y, y + side), slice(x, x + side))

    def shown(self, chance: random.Random, *crops: numpy.ndarray) -> list[numpy.ndarray]:
        crops = turned(chance, *crops)
        return [grey(crop) for crop in crops] if self.image_channels == 1 else crops


def detail(crop: numpy.ndarray) -> float:
    """The mean second difference of green, across and down."""
    green = crop[:, :, 1].astype(numpy.int16)
    return sum(float(numpy.abs(numpy.diff(green, 2, axis)).mean()) for axis in (0, 1))


def planes(crops: Sequence[numpy.ndarray]) -> numpy.ndarray:
    """N x C x height x width of height x width x C, or of height x width."""
    batch = numpy.stack(crops)
    return numpy.ascontiguousarray(batch[:, None] if batch.ndim == 3 else batch.transpose(0, 3, 1, 2))


def load(folder: Path) -> list[numpy.ndarray]:
    return [numpy.load(path, mmap_mode="r") for path in paths(folder)]


def paths(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.npy"))
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


class Prefetch:
    """Makes the coming batches in a thread beside the training."""

    def __init__(self, sampler: Sampler, count: int, patch: int, first: int, last: int, ahead: int = 4):
        self.make = lambda step: sampler.batch(step, count, patch)
        self.pool = ThreadPoolExecutor(1)
        self.last, self.ahead = last, ahead
        self.pending = {step: self.pool.submit(self.make, step) for step in range(first, min(first + ahead, last))}

    def take(self, step: int) -> tuple[numpy.ndarray, numpy.ndarray]:
        following = step + self.ahead
        if following < self.last:
            self.pending[following] = self.pool.submit(self.make, following)
        return self.pending.pop(step).result()

    def close(self) -> None:
        self.pool.shutdown(cancel_futures=True)
