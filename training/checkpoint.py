"""Checkpoints: everything that training needs to go on where it was stopped."""

from pathlib import Path

import torch


def save(path: Path, state: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def load(path: Path) -> dict:
    return torch.load(path, map_location="cpu", weights_only=True)


def compact(state: dict) -> dict:
    """Half the size, for the repository: the optimizer's moments as bfloat16, the averaged weights as float16, as they are exported."""
    optimizer = [{**part, "state": {key: narrowed(values) for key, values in part["state"].items()}} for part in state["optimizer"]]
    average = {name: tensor.half() for name, tensor in state["average"].items()}
    return {**state, "average": average, "optimizer": optimizer}


def narrowed(values: dict) -> dict:
    return {name: tensor.bfloat16() if name.startswith("exp_avg") else tensor for name, tensor in values.items()}
