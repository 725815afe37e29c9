"""The training loop."""

import csv
import math
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch

from . import architectures, checkpoint
from .config import Config
from .data.batches import batches
from .data.sampler import Sampler
from .evaluate import evaluate, load_test_sets
from .export import export
from .losses import LOSSES, unsound
from .onnx_graph import convolution_weights
from .optimizer import Optimizer
from .teach import teach

CHECKPOINT_EVERY_S = 600
MANY = 10**9
"""Steps that no run comes to."""

LARGEST_GRADIENT = 1.0
"""The norm over all weights that a longer gradient is shortened to."""

AVERAGE_OVER = 0.999
"""Each step moves the averaged weights, which are evaluated and exported, by a thousandth."""


class Trainer:
    """One network on its way: `state` and `restore` hold all that changes while it is trained. `seconds` are of processor time.

    It lies on `device`, and ends after the configuration's steps, or by the clock.
    """

    def __init__(self, config: Config, here: Path, device: str = "cpu"):
        torch.manual_seed(config.seed)
        self.config, self.device = config, torch.device(device)
        self.began, self.minutes = 0.0, None
        self.network = architectures.build(config.architecture)
        if "weights" in config.start:
            architectures.module_of(config.architecture).start_from(self.network, convolution_weights(here / config.start["weights"]))
        self.average = architectures.build(config.architecture)
        self.average.load_state_dict(self.network.state_dict())
        self.start = architectures.build(config.architecture)
        self.start.load_state_dict(self.network.state_dict())
        for network in (self.network, self.average, self.start):
            network.to(self.device)
        hidden = architectures.module_of(config.architecture).hidden(self.network)
        self.optimizer = Optimizer(self.network, hidden, config.optimizer)
        self.bfloat16_steps = config.optimizer.get("bfloat16_steps", 0) if multiplies_bfloat16(self.device) else 0
        self.step, self.seconds = 0, 0.0

    def state(self) -> dict:
        return {
            "name": self.config.name,
            "step": self.step,
            "seconds": self.seconds,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def restore(self, state: dict) -> None:
        self.step, self.seconds = state["step"], state["seconds"]
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])

    def result(self) -> torch.nn.Module:
        """What is evaluated and exported: the averaged weights, with `start.share` of those that training started from.

        Between a network and its fine-tuned form lie networks that keep what the first can and have most of what the second has learnt
        (Wortsman and others, Robust fine-tuning of zero-shot models, 2022).
        """
        network = architectures.build(self.config.architecture).to(self.device)
        share = self.config.start.get("share", 0.0)
        with torch.no_grad():
            for mixed, kept, started in zip(network.parameters(), self.average.parameters(), self.start.parameters()):
                mixed.copy_(kept).lerp_(started, share)
        return network

    def end_after(self, minutes: float) -> None:
        """From now on the clock says how much of the run is over, not the step."""
        self.began, self.minutes = time.monotonic(), minutes

    def done(self) -> float:
        """Share of the run that is over: of its steps, or of its minutes."""
        if self.minutes is None:
            return self.step / self.config.optimizer["steps"]
        return (time.monotonic() - self.began) / (60 * self.minutes)

    def pace(self) -> float:
        """Share of the highest rates: rises over `warmup` steps, then falls along half a cosine to `floor` at the end."""
        settings = self.config.optimizer
        warm = min(1.0, (self.step + 1) / settings["warmup"])
        fall = 0.5 * (1 + math.cos(math.pi * min(1.0, self.done())))
        return warm * (settings["floor"] + (1 - settings["floor"]) * fall)

    def learn(self, small: torch.Tensor, large: torch.Tensor) -> float:
        """One step on a batch of bytes, whose last small crops may have no large form; the mean absolute error, of 255."""
        small, large = (batch.to(self.device).float() / 255 for batch in (small, large))
        # The last steps are in float32: rounding the weights to bfloat16 hides from the loss what small corrections do.
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.step < self.bfloat16_steps):
            output = self.network(small)
        difference = (output[: len(large)] - large) * 255
        objective = LOSSES[self.config.optimizer["loss"]](difference).mean()
        if "soundness" in self.config.optimizer:
            objective = objective + self.config.optimizer["soundness"] * unsound(output, small)
        self.optimizer.zero_grad()
        objective.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        self.optimizer.step(self.pace())
        with torch.no_grad():
            for kept, new in zip(self.average.parameters(), self.network.parameters()):
                kept.lerp_(new, 1 - min(AVERAGE_OVER, (1 + self.step) / (10 + self.step)))
        self.step += 1
        return difference.abs().mean().item()


@dataclass(frozen=True)
class Folders:
    """`here` is where the configuration's paths start from; `data` holds prepared groups, `tests` the test sets (None: nothing is scored);
    `output` gets <name>.pt (every ten minutes, at the end and when told to stop), <name>.onnx and <name>.csv (at each evaluation)."""

    here: Path
    data: Path
    tests: Path | None
    output: Path


@dataclass(frozen=True)
class Extent:
    """How far a run goes: to the configuration's last step, or `until` an earlier one, or for so many `minutes` whatever the step."""

    until: int | None = None
    minutes: float | None = None

    def last(self, config: Config) -> int:
        return MANY if self.minutes is not None else min(config.optimizer["steps"], self.until or config.optimizer["steps"])


def run(config: Config, folders: Folders, extent: Extent = Extent(), resume: Path | None = None, device: str = "cpu") -> Trainer:
    """Trains from the newest checkpoint in the output folder or else from `resume`, if there is one."""
    trainer = Trainer(config, folders.here, device)
    saved = folders.output / f"{config.name}.pt"
    if saved.exists() or resume is not None:
        trainer.restore(checkpoint.load(saved if saved.exists() else resume))
    if "teacher" in config.data:
        teach(folders.data, config.data["teacher"], config.scale, folders.here, device)
    sampler = Sampler(folders.data, config.data, config.scale, config.image_channels, config.seed)
    sets = {}
    if folders.tests is not None:
        sets = load_test_sets(folders.tests, config.evaluation["sets"], config.scale, config.image_channels)
    steps = range(trainer.step, extent.last(config))
    if extent.minutes is not None:
        trainer.end_after(extent.minutes)
    try:
        train(trainer, batches(sampler, config.optimizer, steps, processes()), sets, folders.output, steps.stop)
    finally:
        checkpoint.save(saved, trainer.state())
    return trainer


def train(trainer: Trainer, pairs: Iterable, sets: dict, output: Path, last: int) -> None:
    config, log = trainer.config, Log(output / f"{trainer.config.name}.csv")
    stop, saved = StopRequest(), time.monotonic()
    total, counted = 0.0, 0
    for small, large in pairs:
        started = time.process_time()
        total, counted = total + trainer.learn(small, large), counted + 1
        trainer.seconds += time.process_time() - started
        over = trainer.step == last or trainer.done() >= 1
        if trainer.step % config.evaluation["every"] == 0 or over:
            network = trainer.result()
            scores = evaluate(network, sets, config.scale)
            log.write({"step": trainer.step, "cpu_hours": trainer.seconds / 3600, "pace": trainer.pace(), "loss": total / counted, **scores})
            total, counted = 0.0, 0
            export(network.cpu(), config, output / f"{config.name}.onnx")
        if over or stop.requested:
            break
        if time.monotonic() - saved > CHECKPOINT_EVERY_S:
            checkpoint.save(output / f"{config.name}.pt", trainer.state())
            saved = time.monotonic()


def processes() -> int:
    """How many make batches: one for each core but the one that trains, eight at most."""
    return max(1, min(8, (os.cpu_count() or 1) - 1))


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for it. A processor that has none takes seven times as long as in float32 (Zen 3)."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))


class StopRequest:
    """SIGTERM and SIGINT end the run after the current step, with a checkpoint."""

    def __init__(self):
        self.requested = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)

    def stop(self, *_) -> None:
        self.requested = True


class Log:
    """A CSV file that goes on where an earlier run ended, with a column for whatever any row has; new rows are printed."""

    def __init__(self, path: Path):
        self.path = path

    def write(self, row: dict) -> None:
        row = {name: f"{value:.4g}" if name == "pace" else f"{value:.4f}" if isinstance(value, float) else value for name, value in row.items()}
        rows = [*self.rows(), row]
        columns = list(dict.fromkeys(name for each in rows for name in each))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".csv.partial")
        with partial.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
        partial.replace(self.path)
        print("  ".join(f"{name} {value}" for name, value in row.items()), flush=True)

    def rows(self) -> list[dict]:
        if not self.path.exists():
            return []
        with self.path.open(newline="") as file:
            return list(csv.DictReader(file))
