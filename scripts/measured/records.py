"""What one training of one row gave, and where it is kept so that it need not be made again.

WORK/results/<row>/seed<n>-<key>.json   the key is a hash of code, data and settings: another key, another result
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from models.durable import write_atomically


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Seen(_Kept):
    """What a package said of one test picture.

    `named`: the class of its first detection, "" for none. `likeliest`: what a classifier would name it, however
    unsure; "" of others. `pixels`: row what is shown, column what was called, of background and the record's classes;
    None where nothing calls pixels, or nobody knows which are defective.
    """

    name: str
    label: str
    group: str
    score: float
    outcome: str
    named: str
    likeliest: str = ""
    pixels: tuple[tuple[int, ...], ...] | None = None


class Ratio(_Kept):
    """Judging in processor time, in shares of the fp32 trunk's; see scripts/bench_score.py."""

    runtime: str
    ratio: float


class Training(_Kept):
    """`wall_s`, `cpu_s`: None where the training was interrupted and went on, so that nobody knows.

    `load`: of the machine when it began.
    """

    wall_s: float | None
    cpu_s: float | None
    load: float
    good: int
    defective: int
    package_bytes: int


class Record(_Kept):
    """`classes`: what the columns of `Seen.pixels` beside the background are."""

    schema_version: Literal["okng-accuracy/1"] = "okng-accuracy/1"
    row: str
    seed: int
    key: str
    date: str
    machine: str
    cores: int
    training: Training
    classes: tuple[str, ...]
    int8: tuple[Seen, ...]
    fp32: tuple[Seen, ...]
    ratios: tuple[Ratio, ...]


def path_of(work: Path, row: str, seed: int, key: str) -> Path:
    return work / "results" / row / f"seed{seed}-{key[:16]}.json"


def find(work: Path, row: str, seed: int, key: str) -> Record | None:
    """What is kept under this key; a file that another okng wrote, or that is damaged, counts as none."""
    try:
        found = Record.model_validate_json(path_of(work, row, seed, key).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    return found if found.key == key else None


def keep(work: Path, record: Record) -> None:
    """Raises OSError."""
    write_atomically(path_of(work, record.row, record.seed, record.key), record.model_dump_json().encode())
