"""The training loop."""

import csv
import math
import signal
import time
from pathlib import Path

import torch

from . import architectures, checkpoint
from .config import Config
from .data.sampler import Prefetch, Sampler
from .evaluate import evaluate, load_test_sets
from .export import export
from .losses import LOSSES, unsound
from .onnx_graph import convolution_weights
from .optimizer import Optimizer
from .teach import teach

CHECKPOINT_EVERY_S = 600
AVERAGE_OVER = 0.999
"""Each step moves the averaged weights, which are evaluated and exported, by a thousandth."""


class Trainer:
    """One network on its way: `state` and `restore` hold all that changes while it is trained. `seconds` are of processor time."""

    def __init__(self, config: Config, here: Path):
        torch.manual_seed(config.seed)
        self.config = config
        self.network = architectures.build(config.architecture)
        if "weights" in config.start:
            architectures.module_of(config.architecture).start_from(self.network, convolution_weights(here / config.start["weights"]))
        self.average = architectures.build(config.architecture)
        self.average.load_state_dict(self.network.state_dict())
        self.start = architectures.build(config.architecture)
        self.start.load_state_dict(self.network.state_dict())
        hidden = architectures.module_of(config.architecture).hidden(self.network)
        self.optimizer = Optimizer(self.network, hidden, config.optimizer)
        self.bfloat16_steps = config.optimizer.get("bfloat16_steps", 0) if multiplies_bfloat16() else 0
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
        network = architectures.build(self.config.architecture)
        share = self.config.start.get("share", 0.0)
        with torch.no_grad():
            for mixed, kept, started in zip(network.parameters(), self.average.parameters(), self.start.parameters()):
                mixed.copy_(kept).lerp_(started, share)
        return network

    def pace(self) -> float:
        """Share of the highest rates: rises over `warmup` steps, then falls along half a cosine to `floor` at the last step."""
        settings = self.config.optimizer
        warm = min(1.0, (self.step + 1) / settings["warmup"])
        fall = 0.5 * (1 + math.cos(math.pi * min(1.0, self.step / settings["steps"])))
        return warm * (settings["floor"] + (1 - settings["floor"]) * fall)

    def learn(self, small, large) -> float:
        """One step on a batch of bytes, whose last small crops may have no large form; the mean absolute error, of 255."""
        small, large = (torch.from_numpy(batch).float() / 255 for batch in (small, large))
        # The last steps are in float32: rounding the weights to bfloat16 hides from the loss what small corrections do.
        with torch.autocast("cpu", torch.bfloat16, enabled=self.step < self.bfloat16_steps):
            output = self.network(small)
        difference = (output[: len(large)] - large) * 255
        objective = LOSSES[self.config.optimizer["loss"]](difference).mean()
        if "soundness" in self.config.optimizer:
            objective = objective + self.config.optimizer["soundness"] * unsound(output, small)
        self.optimizer.zero_grad()
        objective.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.optimizer.get("clip", 1.0))
        self.optimizer.step(self.pace())
        with torch.no_grad():
            for kept, new in zip(self.average.parameters(), self.network.parameters()):
                kept.lerp_(new, 1 - min(AVERAGE_OVER, (1 + self.step) / (10 + self.step)))
        self.step += 1
        return difference.abs().mean().item()


def run(config: Config, here: Path, data: Path, tests: Path, output: Path, until: int | None = None, resume: Path | None = None) -> Trainer:
    """Trains to the configuration's last step (or `until`), from the newest checkpoint in `output` or else from `resume`, if there is one.

    `here` is the folder that the configuration's paths start from, `data` holds prepared groups, `tests` the test sets. Writes
    `<name>.pt` (every ten minutes, at the end and when told to stop), `<name>.onnx` (after each evaluation) and `<name>.csv` into `output`.
    """
    trainer = Trainer(config, here)
    saved = output / f"{config.name}.pt"
    if saved.exists() or resume is not None:
        trainer.restore(checkpoint.load(saved if saved.exists() else resume))
    last = min(config.optimizer["steps"], until or config.optimizer["steps"])
    if "teacher" in config.data:
        teach(data, config.data["teacher"], config.scale, here)
    sampler = Sampler(data, config.data, config.scale, config.image_channels, config.seed)
    sets = load_test_sets(tests, config.evaluation["sets"], config.scale, config.image_channels)
    stop = StopRequest()
    batches = Prefetch(sampler, config.optimizer["batch"], config.optimizer["patch"], trainer.step, last)
    try:
        train(trainer, batches, sets, output, last, stop)
    finally:
        batches.close()
        checkpoint.save(saved, trainer.state())
    return trainer


def train(trainer: Trainer, batches: Prefetch, sets: dict, output: Path, last: int, stop: "StopRequest") -> None:
    config, log = trainer.config, Log(output / f"{trainer.config.name}.csv")
    saved = time.monotonic()
    total, counted = 0.0, 0
    while trainer.step < last and not stop.requested:
        started = time.process_time()
        total, counted = total + trainer.learn(*batches.take(trainer.step)), counted + 1
        trainer.seconds += time.process_time() - started
        if trainer.step % config.evaluation["every"] == 0 or trainer.step == last:
            network = trainer.result()
            scores = evaluate(network, sets, config.scale)
            log.write({"step": trainer.step, "cpu_hours": trainer.seconds / 3600, "pace": trainer.pace(), "loss": total / counted, **scores})
            total, counted = 0.0, 0
            export(network, config, output / f"{config.name}.onnx")
        if time.monotonic() - saved > CHECKPOINT_EVERY_S:
            checkpoint.save(output / f"{config.name}.pt", trainer.state())
            saved = time.monotonic()


def multiplies_bfloat16() -> bool:
    """Whether this processor has instructions for it. One that has none takes seven times as long as in float32 (Zen 3)."""
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
