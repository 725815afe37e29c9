"""python -m training run configs/<name>.toml, and what belongs to it: see docs/training.md."""

import argparse
import os
import shutil
from pathlib import Path

import torch

from . import checkpoint, config, evaluate
from .data.build import build
from .data.pack import pack
from .export import export
from .run import Extent, Folders, Trainer, run
from .together import together

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training", description="Trains upscaler-node's networks and exports them to ONNX.")
    folder = Path(os.environ.get("TRAINING_DATA", "training-data"))
    parser.add_argument("--data", type=Path, default=folder, help="folder of pictures [$TRAINING_DATA, training-data]")
    folder = Path(os.environ.get("TRAINING_OUTPUT", "training-output"))
    parser.add_argument("--output", type=Path, default=folder, help="folder of checkpoints, logs and exports [$TRAINING_OUTPUT, training-output]")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cpu or cuda [cuda if there is one]")
    commands = parser.add_subparsers(dest="command", required=True)
    data = commands.add_parser("data", help="bring, check and prepare the pictures")
    data.add_argument("--tests", type=Path, help="folder whose subfolders are test sets (set5, kodak), copied beside the held-out pictures")
    training = commands.add_parser("run", help="train a network, from its newest checkpoint on")
    training.add_argument("--until", type=int, metavar="STEP", help="stop at this step")
    training.add_argument("--minutes", type=float, help="end after so many, whatever the step")
    training.add_argument("--unscored", action="store_true", help="do without test sets, which are not here")
    training.add_argument("--resume", type=Path, metavar="FILE", help="checkpoint to go on from where the output folder has none")
    several = commands.add_parser("together", help="train several networks at once, from the project's own checkpoints on")
    several.add_argument("--minutes", type=float, required=True)
    several.add_argument("configs", type=Path, nargs="+")
    packing = commands.add_parser("pack", help="put crops of the prepared pictures into a small folder")
    packing.add_argument("folder", type=Path)
    packing.add_argument("--megabytes", type=float, default=24)
    exporting = commands.add_parser("export", help="write the ONNX file of the newest checkpoint")
    scoring = commands.add_parser("score", help="score the newest checkpoint on all test sets")
    keeping = commands.add_parser("keep", help="put the newest checkpoint, its ONNX file and its log into the repository")
    for command in (training, exporting, scoring, keeping):
        command.add_argument("config", type=Path)
    exporting.add_argument("file", type=Path)
    scoring.add_argument("sets", nargs="+")
    COMMANDS[(arguments := parser.parse_args()).command](arguments)


def data_command(arguments) -> None:
    build(arguments.data, arguments.tests)


def run_command(arguments) -> None:
    settings = config.read(find(arguments.config))
    folders = Folders(HERE, arguments.data / "prepared", None if arguments.unscored else arguments.data / "heldout", arguments.output)
    run(settings, folders, Extent(arguments.until, arguments.minutes), arguments.resume, arguments.device)


def together_command(arguments) -> None:
    options = ["--data", str(arguments.data), "--output", str(arguments.output), "--device", arguments.device]
    together([find(path) for path in arguments.configs], options, arguments.minutes, HERE / "checkpoints")


def pack_command(arguments) -> None:
    for group, count in pack(arguments.data / "prepared", arguments.folder / "prepared", int(arguments.megabytes * 1e6)).items():
        print(f"{group}\t{count} crops")


def export_command(arguments) -> None:
    settings, network = newest(arguments)
    export(network, settings, arguments.file)


def keep_command(arguments) -> None:
    settings = config.read(find(arguments.config))
    saved, kept = arguments.output / f"{settings.name}.pt", HERE / "checkpoints"
    checkpoint.save(kept / saved.name, checkpoint.compact(checkpoint.load(saved)))
    shutil.copy(saved.with_suffix(".csv"), kept)
    settings, network = newest(arguments)
    export(network, settings, kept / f"{settings.name}.onnx")


def score_command(arguments) -> None:
    settings, network = newest(arguments)
    sets = evaluate.load_test_sets(arguments.data / "heldout", arguments.sets, settings.scale, settings.image_channels)
    for name, value in evaluate.evaluate(network, sets, settings.scale).items():
        print(f"{name}\t{value:.4f}" if "ssim" in name else f"{name}\t{value:.2f}")


def newest(arguments):
    """The configuration, and the network of the newest checkpoint: of the output folder, or of the repository."""
    settings = config.read(find(arguments.config))
    saved = arguments.output / f"{settings.name}.pt"
    trainer = Trainer(settings, HERE)
    trainer.restore(checkpoint.load(saved if saved.exists() else HERE / "checkpoints" / saved.name))
    return settings, trainer.result()


def find(path: Path) -> Path:
    """The path itself, or the one of this package's folder: `configs/fast-2x.toml` works from anywhere."""
    return path if path.exists() else HERE / path


COMMANDS = {
    "data": data_command,
    "pack": pack_command,
    "run": run_command,
    "together": together_command,
    "export": export_command,
    "keep": keep_command,
    "score": score_command,
}

if __name__ == "__main__":
    main()
