"""The batches of a run, made by processes beside the training."""

import signal

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
    return DataLoader(
        dataset, batch_size=None, sampler=steps, num_workers=processes, prefetch_factor=AHEAD, worker_init_fn=ignore_signals
    )


def ignore_signals(_worker: int) -> None:
    """A terminal's Ctrl-C reaches all processes: the training stops after its step, which still wants them, and ends them itself."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
