"""Brings the pictures and fonts that sources.json lists, and checks each against its sha256.

Photographs come from public git repositories, at one commit each, and from Debian packages, by apt; fonts from Debian packages. A repository is
fetched by git, so that git's own settings (`url.<base>.insteadOf`, proxies) decide where from.
"""

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parent / "sources.json"


@dataclass(frozen=True)
class Picture:
    path: Path
    group: str
    name: str


def listed() -> dict:
    return json.loads(SOURCES.read_text())


def fetch(downloads: Path) -> list[Picture]:
    """Every listed picture as a verified file under `downloads`. Raises ValueError for a file that is not the one that is known."""
    sources = listed()
    for source in sources["sources"]:
        if source["kind"] == "deb":
            unpack(source, downloads / "debs")
    pictures = []
    folders = {source["id"]: source for source in sources["sources"]}
    for picture in sources["pictures"]:
        source = folders[picture["source"]]
        if source["kind"] == "deb":
            path = downloads / "debs" / source["package"] / picture["file"]
        else:
            path = from_repository(source, picture["file"], downloads / "git")
        verify(path, picture["sha256"])
        pictures.append(Picture(path, picture["group"], picture["name"]))
    return pictures


def fetch_fonts(downloads: Path) -> Path:
    """The folder of unpacked font packages, one subfolder each."""
    for package in listed()["fonts"]:
        unpack(package, downloads / "fonts")
    return downloads / "fonts"


def unpack(package: dict, folder: Path) -> None:
    """A Debian package, brought by apt and unpacked without being installed."""
    target = folder / package["package"]
    if target.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.glob("*.deb"))
    run(["apt-get", "download", "--quiet", f"{package['package']}={package['version']}"], cwd=folder)
    (archive,) = set(folder.glob("*.deb")) - before
    verify(archive, package["sha256"])
    partial = folder / f"{package['package']}.partial"
    run(["dpkg-deb", "--extract", str(archive), str(partial)])
    partial.rename(target)
    archive.unlink()


def from_repository(source: dict, file: str, folder: Path) -> Path:
    """A file of a git repository at the listed commit."""
    target = folder / source["id"] / file
    if target.exists():
        return target
    clone = clone_of(source, folder, "--filter=blob:none")
    blob = subprocess.run(["git", "cat-file", "blob", f"{source['commit']}:{file}"], cwd=clone, capture_output=True, check=True).stdout
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(blob)
    return target


def clone_of(source: dict, folder: Path, *options: str) -> Path:
    """A bare clone of the listed commit alone; with a filter, git brings each file when it is asked for."""
    clone = folder / f"{source['id']}.git"
    if not clone.exists():
        partial = folder / f"{source['id']}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        run(["git", "init", "--quiet", "--bare", str(partial)])
        run(["git", "remote", "add", "origin", source["repository"]], cwd=partial)
        run(["git", "fetch", "--quiet", "--depth", "1", *options, "origin", source["commit"]], cwd=partial)
        partial.rename(clone)
    return clone


def files_of(source_id: str, pattern: str, downloads: Path) -> list[Path]:
    """The files of a repository's folder that match, for sources with too many files to be listed: the commit stands for their hashes."""
    (source,) = [source for source in listed()["sources"] if source["id"] == source_id]
    clone = clone_of(source, downloads / "git")
    names = subprocess.run(["git", "ls-tree", "-r", "-z", "--name-only", source["commit"]], cwd=clone, capture_output=True, check=True, text=True).stdout
    return [from_repository(source, name, downloads / "git") for name in names.split("\0") if Path(name).match(pattern)]


def verify(path: Path, expected: str) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise ValueError(f"{path}: expected sha256 {expected} but found {found}")


def run(command: list[str], cwd: Path | None = None) -> None:
    try:
        subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C"})
    except FileNotFoundError:
        raise FileNotFoundError(f"{command[0]} is needed to bring the training pictures, and is not installed") from None
