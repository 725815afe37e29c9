"""A configuration: one TOML file a network. docs/training.md describes each setting."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


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
    """Raises KeyError for a missing table and TypeError for one that is unknown, with the file's name."""
    with path.open("rb") as file:
        tables = tomllib.load(file)
    tables.setdefault("start", {})
    try:
        return Config(**tables)
    except TypeError as error:
        raise TypeError(f"{path}: {error}") from None
