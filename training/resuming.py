"""The checkpoint of a run, beside its package: only a run of the same data and settings may go on from it."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from training.data.cache import code_version
from training.errors import BadData
from training.learning.checkpoint import Checkpoint
from training.progress import Progress

_FILE = "learning.pt"


def checkpoint_folder(package: Path) -> Path:
    """NAME.okng.checkpoint/ beside NAME.okng."""
    return package.with_name(f"{package.name}.checkpoint")


def checkpoint_for(package: Path, data_sha256: str, config_sha256: str, held_out: str, *, resume: bool) -> Checkpoint:
    """Where a run keeps what was learned; `held_out`: names what is kept from learning.

    Raises:
        BadData: a stopped run lies there, and nobody said whether to go on with it.
    """
    folder = checkpoint_folder(package)
    file = folder / _FILE
    if file.exists() and not resume:
        raise BadData(f"a run was stopped before {package} was written; go on with --resume, or delete {folder}")
    folder.mkdir(exist_ok=True)
    said = "\0".join((data_sha256, config_sha256, held_out, code_version(), _learning_code()))
    return Checkpoint(file, hashlib.sha256(said.encode()).hexdigest())


def _learning_code() -> str:
    """Changes with the code that learns, beside the one that reads pictures."""
    digest = hashlib.sha256(version("torch").encode())
    for room in ("training.learning", "training.networks", "training.synthesis"):
        for source in sorted(files(room).iterdir(), key=lambda one: one.name):
            if source.name.endswith(".py"):
                digest.update(source.read_bytes())
    return digest.hexdigest()


def forget(package: Path) -> None:
    """Remove a checkpoint whose package is written; what else lies there stays."""
    folder = checkpoint_folder(package)
    (folder / _FILE).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def tell_nothing_to_resume(progress: Progress) -> None:
    """What --resume means for a run in which no network learns."""
    progress.say("--resume: nothing learns in this run, it goes on by itself from what the cache holds of the pictures")
