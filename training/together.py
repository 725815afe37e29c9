"""Several runs at once on one machine, for so many minutes: `python -m training together`."""

import subprocess
import sys
from pathlib import Path

from . import config


def together(configs: list[Path], options: list[str], minutes: float, checkpoints: Path) -> None:
    """Runs each configuration in a process of its own, from its checkpoint in `checkpoints` if there is one, and waits for all of them.

    `options` go before the command: where data and results are, and the device. Raises RuntimeError with the names of those that failed; the
    others are finished first.
    """
    runs = {path: subprocess.Popen(command(path, options, minutes, checkpoints)) for path in configs}
    failed = [path.stem for path, process in runs.items() if process.wait() != 0]
    if failed:
        raise RuntimeError(f"failed: {', '.join(failed)}")


def command(path: Path, options: list[str], minutes: float, checkpoints: Path) -> list[str]:
    saved = checkpoints / f"{config.read(path).name}.pt"
    resume = ["--resume", str(saved)] if saved.exists() else []
    return [sys.executable, "-m", "training", *options, "run", str(path), "--minutes", str(minutes), "--unscored", *resume]
