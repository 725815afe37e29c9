"""The whole of the data, from downloads to prepared groups and held-out sets: `python -m training data`."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .fetch import fetch, fetch_fonts
from .generate import generate
from .portraits import portraits
from .prepare import prepare
from .screens import screens


def build(data: Path, tests: Path | None) -> None:
    """Fills data/downloads, data/prepared and data/heldout; what is there already is kept."""
    downloads, prepared, held_out = data / "downloads", data / "prepared", data / "heldout"
    pictures = fetch(downloads)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda picture: prepare(picture.path, prepared / picture.group, picture.name), pictures))
    portraits(downloads, prepared, held_out)
    generate(fetch_fonts(downloads), prepared, held_out)
    screens(prepared, held_out)
    if tests is not None:
        shutil.copytree(tests, held_out, dirs_exist_ok=True)
