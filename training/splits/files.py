"""A split on disk: DATA/splits/NAME.csv, and NAME.manifest.json that shows whether anybody was at it.

The manifest holds the hash of the table and of every picture's content, so that a test set that was thinned out, added
to or relabelled is not taken for the one that earlier figures were made on. It is written before the table and says of
one table only that it is whole; a table without one (as data sets are published) is read, too, and proves nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from models.durable import write_atomically
from models.entry import Entry, Sha256, json_bytes, strict_json
from training.data.dataset import SPLITS
from training.data.subsets import SplitRow, Subset, counted, file_content, parse_split, split_text
from training.errors import BadData, NotThere


class By(StrEnum):
    """What pictures of one group have in common; `GROUP`: as the data set says, `NONE`: every picture alone.

    `SERIES`: as the data set says, and joined where pictures show the same part; for that they are looked at.
    """

    GROUP = "group"
    LOT = "lot"
    SHIFT = "shift"
    POSITION = "position"
    PART = "part"
    SERIES = "series"
    NONE = "none"


SCHEMA: Literal["okng-split/1"] = "okng-split/1"
DEFAULT = "default"
_NAME = re.compile(r"[^\W_][\w.-]{0,63}")


class How(Entry):
    """How pictures were grouped: `by` what, by which `column` of which `table`, which `shifts` of which `zone`."""

    by: By
    table: str | None = None
    column: str | None = None
    shifts: str | None = None
    zone: str | None = None


class SplitManifest(Entry):
    """`asked`: shares by subset; `reached`: pictures by class and subset.

    `pictures`: content hash by name.
    """

    schema_version: Literal["okng-split/1"]
    tool: str
    seed: int = Field(ge=0)
    how: How
    asked: dict[Subset, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(min_length=1)
    reached: dict[str, dict[str, int]]
    table_sha256: Sha256
    pictures: dict[str, Sha256]


@dataclass(frozen=True, slots=True)
class Made:
    """What a split is made by."""

    seed: int
    how: How
    asked: Mapping[Subset, float]


@dataclass(frozen=True, slots=True)
class StoredSplit:
    """A table as it stands on disk, and its manifest where it has one."""

    path: Path
    rows: tuple[SplitRow, ...]
    manifest: SplitManifest | None


def split_path(root: Path, name: str) -> Path:
    """Where a split of that name stands. Raises BadData: this is no name."""
    if not _NAME.fullmatch(name):
        raise BadData(f"{name!r} is no name for a split; use at most 64 letters, numbers and . _ -")
    return root / SPLITS / f"{name}.csv"


def manifest_path(table: Path) -> Path:
    return table.with_name(f"{table.stem}.manifest.json")


def find_split(root: Path, name_or_file: str) -> Path:
    """The table that is meant: a name under `root`/splits, or any file.

    Raises:
        NotThere: there is none; which there are.
    """
    if _NAME.fullmatch(name_or_file) and split_path(root, name_or_file).is_file():
        return split_path(root, name_or_file)
    if Path(name_or_file).is_file():
        return Path(name_or_file)
    known = sorted(path.stem for path in (root / SPLITS).glob("*.csv"))
    there = f"there are {', '.join(known)}" if known else f"make one with okng split {root}"
    raise NotThere(f"there is no split {name_or_file}, neither in {root / SPLITS} nor as a file; {there}")


def store_split(path: Path, rows: Sequence[SplitRow], contents: Mapping[str, str], made: Made) -> SplitManifest:
    """Write both files; `contents`: picture → hash of its content. Raises OSError."""
    table = split_text(rows).encode()
    manifest = SplitManifest(
        schema_version=SCHEMA,
        tool=f"okng {version('okng')}",
        seed=made.seed,
        how=made.how,
        asked={subset: share for subset, share in made.asked.items() if share > 0},
        reached={
            label: {subset.value: count for subset, count in sorted(row.items())}
            for label, row in counted(rows).items()
        },
        table_sha256=hashlib.sha256(table).hexdigest(),
        pictures={row.image: contents[row.image] for row in sorted(rows, key=lambda row: row.image)},
    )
    write_atomically(manifest_path(path), json_bytes(manifest))
    write_atomically(path, table)
    return manifest


def load_split(path: Path) -> StoredSplit:
    """Table and manifest.

    Raises:
        NotThere, BadData: there is none, it is wrong, or it is not the one that was made.
    """
    content = file_content(path)
    rows = parse_split(content, str(path))
    beside = manifest_path(path)
    if not beside.is_file():
        return StoredSplit(path, rows, None)
    manifest = _read_manifest(beside)
    if hashlib.sha256(content).hexdigest() != manifest.table_sha256:
        raise BadData(
            f"{path} is not the table that {beside.name} was written for: somebody changed it, or its writing was cut "
            "short; put the file back, or make the split again with okng split --force"
        )
    if set(manifest.pictures) != {row.image for row in rows}:
        raise BadData(
            f"{beside} does not list the pictures of {path.name}; make the split again with okng split --force"
        )
    return StoredSplit(path, rows, manifest)


def _read_manifest(path: Path) -> SplitManifest:
    content = file_content(path)
    try:
        data = strict_json(content)
        schema = data.get("schema_version") if isinstance(data, dict) else None
        if schema != SCHEMA:
            raise BadData(f"{path} has the schema {schema!r}, this okng reads {SCHEMA!r}; use the okng that wrote it")
        return SplitManifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise BadData(f"{path} is wrong at {where}: {first['msg']}; put the file back as it was") from error
    except ValueError as error:
        raise BadData(f"{path} is no valid JSON ({error}); put the file back as it was") from error
