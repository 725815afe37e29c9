"""The batches of a run, made by processes beside the training."""

from torch.utils.data import DataLoader, Dataset

from .sampler import Sampler

AHEAD = 4
"""Batches that each process has ready."""


class Batches(Dataset):
    """Batch `step` of a sampler, as (small, large) arrays of bytes."""

    def __init__(self, sampler: Sampler, count: int, patch: int):
        self.sampler, self.count, self.patch = sampler, count, patch

    def __getitem__(self, step: int):
        return self.sampler.batch(step, self.count, self.patch)


def batches(sampler: Sampler, optimizer: dict, steps: range, processes: int) -> DataLoader:
    """Those of `steps` in their order, as tensors; `optimizer` says how many crops of which side each has."""
    dataset = Batches(sampler, optimizer["batch"], optimizer["patch"])
    return DataLoader(dataset, batch_size=None, sampler=steps, num_workers=processes, prefetch_factor=AHEAD)
