"""A configuration: one TOML file a network. docs/training.md describes each setting."""

import inspect
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from .architectures import module_of
from .data.degrade import KERNELS


@dataclass(frozen=True)
class Config:
    name: str
    seed: int
    architecture: dict
    start: dict
    data: dict
    optimizer: dict
    evaluation: dict

    @property
    def scale(self) -> int:
        return self.architecture["scale"]

    @property
    def image_channels(self) -> int:
        return self.architecture.get("image_channels", 3)


def read(path: Path) -> Config:
    """Raises ValueError, with the file's name, where a table (or `name` or `seed`) is missing, and for a key that nothing reads.

    A key that is missing from a table is found where the table is used.
    """
    with path.open("rb") as file:
        settings = {"start": {}, **tomllib.load(file)}
    try:
        check(settings)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return Config(**settings)


def check(settings: dict) -> None:
    names = [field.name for field in fields(Config)]
    refuse_unknown("outside of the tables", settings, names)
    missing = [name for name in names if name not in settings]
    if missing:
        raise ValueError(f"{', '.join(missing)} missing")
    for table, given, known in tables(settings):
        refuse_unknown(f"in [{table}]", given, known)


def refuse_unknown(place: str, given: dict, known: Iterable[str]) -> None:
    known = list(known)
    for key in given:
        if key not in known:
            raise ValueError(f"unknown key {key!r} {place}: known are {', '.join(known)}")


def tables(settings: dict) -> Iterator[tuple[str, dict, Iterable[str]]]:
    """Each table: its name, what it holds, and the keys that something reads. A table comes before those within it."""
    yield "architecture", settings["architecture"], architecture_keys(settings["architecture"])
    yield "start", settings["start"], ["weights", "share"]
    data = settings["data"]
    yield "data", data, ["groups", "kernels", "alone", "teacher", "detail", "compression"]
    yield "data.compression", data.get("compression", {}), ["share", "quality", "twice", "webp"]
    alone = data.get("alone", {})
    yield "data.alone", alone, ["count", "groups"]
    groups = data.get("groups", {})
    yield "data.detail", data.get("detail", {}), {**groups, **alone.get("groups", {})}
    kernels = data.get("kernels", {})
    yield "data.kernels", kernels, ["default", *groups]
    for group, shares in kernels.items():
        yield f"data.kernels.{group}", shares, KERNELS
    if "teacher" in data:
        teacher = data["teacher"]
        yield "data.teacher", teacher, ["name", "architecture", "weights", "groups"]
        if "architecture" in teacher:
            # The scale of what is taught is the teacher's too.
            known = [key for key in architecture_keys(teacher["architecture"]) if key != "scale"]
            yield "data.teacher.architecture", teacher["architecture"], known
    optimizer = ["steps", "batch", "patch", "loss", "soundness", "rate", "end_rate", "floor", "warmup", "bfloat16_steps"]
    yield "optimizer", settings["optimizer"], optimizer
    yield "evaluation", settings["evaluation"], ["every", "sets"]


def architecture_keys(architecture: dict) -> list[str]:
    return ["kind", *inspect.signature(module_of(architecture).build).parameters]
