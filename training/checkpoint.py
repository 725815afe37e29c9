"""Checkpoints: everything that training needs to go on where it was stopped."""

from pathlib import Path

import torch


def save(path: Path, state: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def load(path: Path) -> dict:
    return torch.load(path, weights_only=True)
