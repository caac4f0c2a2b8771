"""Points of a learning curve: which defective pictures each trains on, what came of it, and where that is kept.

So many defective pictures of all classes together, in an order that each repeat draws anew: group after group, so that
pictures of one part or lot come together, and every smaller set lies within the larger one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np

from models.durable import write_atomically
from models.instructions import instruction_set
from training.data.dataset import Picture
from training.learning.checkpoint import Checkpoint

_LIBRARIES = ("numpy", "opencv-python-headless", "onnx", "onnxruntime", "torch")


@dataclass(frozen=True, slots=True)
class Drawn:
    """Which defective pictures a point trains on: `chosen`, rising indices, `count` of them, in one repeat's order."""

    count: int
    repeat: int
    chosen: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A training on `defects` defective pictures: `scores` of the test pictures `names`, and its own limits.

    `taught`: whether a network was taught, or scorers were fitted to the frozen one.
    """

    defects: int
    repeat: int
    candidate: str
    names: tuple[str, ...]
    scores: tuple[float, ...]
    ok_below: float
    ng_from: float
    taught: bool = False


def nested(defective: Sequence[Picture], repeat: int) -> list[int]:
    """The order in which a repeat adds defective pictures, as indices into `defective`."""
    groups = sorted({picture.group for picture in defective})
    rng = np.random.default_rng([repeat, len(groups)])
    place = {groups[index]: at for at, index in enumerate(rng.permutation(len(groups)))}
    return sorted(range(len(defective)), key=lambda index: (place[defective[index].group], defective[index].name))


def counts_of(asked: Sequence[int | None], available: int) -> tuple[int, ...]:
    """The counts to try, rising; None means all, and no count is above that."""
    return tuple(sorted({available if count is None else min(count, available) for count in asked}))


class Kept:
    """Points on disk, each under the hash of all it depends on; without a folder none are kept."""

    def __init__(self, folder: Path | None, said: dict[str, str]) -> None:
        self._folder, self._said = folder, said

    def get(self, defects: int, repeat: int) -> Point | None:
        """None where there is none, or it is damaged."""
        if self._folder is None:
            return None
        with suppress(OSError, ValueError, TypeError, KeyError):
            row = json.loads(self._file(defects, repeat).read_text())
            return Point(**row | {"names": tuple(row["names"]), "scores": tuple(row["scores"])})
        return None

    def put(self, point: Point) -> None:
        """Keep a point, and forget what it was learned from. Raises OSError: it cannot be written."""
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = self._file(point.defects, point.repeat)
            write_atomically(file, json.dumps(asdict(point)).encode())
            file.with_suffix(".pt").unlink(missing_ok=True)

    def checkpoint(self, defects: int, repeat: int) -> Checkpoint | None:
        """Where a network that is taught for a point goes on after a stop."""
        if self._folder is None:
            return None
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._file(defects, repeat)
        return Checkpoint(file.with_suffix(".pt"), file.stem)

    def _file(self, defects: int, repeat: int) -> Path:
        said = json.dumps([self._said, defects, repeat, code_hash()], sort_keys=True)
        return (self._folder or Path()) / f"{hashlib.sha256(said.encode()).hexdigest()[:32]}.json"


@cache
def code_hash() -> str:
    """Changes with any code that a training runs, with its libraries and with the processor's instructions."""
    digest = hashlib.sha256(instruction_set().encode())
    for room in ("models", "training"):
        _add(files(room), digest)
    digest.update(" ".join(version(name) for name in _LIBRARIES).encode())
    return digest.hexdigest()


def _add(folder: Traversable, digest: hashlib._Hash) -> None:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            _add(entry, digest)
        elif entry.name.endswith(".py"):
            digest.update(entry.read_bytes())
