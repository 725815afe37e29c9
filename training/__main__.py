"""python -m training run configs/<name>.toml, and what belongs to it: see docs/training.md."""

import argparse
import os
from pathlib import Path

from . import checkpoint, config
from .export import export
from .run import Trainer, run

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training", description="Trains upscaler-node's networks and exports them to ONNX.")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("TRAINING_DATA", "training-data")), help="folder of pictures [training-data]")
    parser.add_argument("--output", type=Path, default=Path(os.environ.get("TRAINING_OUTPUT", "training-output")), help="folder of checkpoints, logs and exports [training-output]")
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("run", help="train a network, from its newest checkpoint on")
    training.add_argument("config", type=Path)
    training.add_argument("--until", type=int, help="stop at this step")
    exporting = commands.add_parser("export", help="write the ONNX file of a checkpoint")
    exporting.add_argument("config", type=Path)
    exporting.add_argument("file", type=Path)
    arguments = parser.parse_args()
    settings = config.read(find(arguments.config))
    if arguments.command == "run":
        run(settings, HERE, arguments.data / "prepared", arguments.data / "heldout", arguments.output, arguments.until)
    else:
        trainer = Trainer(settings, HERE)
        trainer.restore(checkpoint.load(arguments.output / f"{settings.name}.pt"))
        export(trainer.average, settings, arguments.file)


def find(path: Path) -> Path:
    """The path itself, or the one of this package's folder: `configs/fast-2x.toml` works from anywhere."""
    return path if path.exists() else HERE / path


main()
