"""A split on disk: DATA/splits/NAME.csv, and NAME.manifest.json that shows whether anybody was at it.

The manifest holds the hash of the table and of every picture's content, so that a test set that was thinned out, added
to or relabelled is not taken for the one that earlier figures were made on. It is written before the table and says of
one table only that it is whole; a table without one (as data sets are published) is read, too, and proves nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import Field, ValidationError

from models.durable import write_atomically
from models.entry import Entry, Sha256, json_bytes, strict_json
from training.data.dataset import SPLITS, listed
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


@dataclass(frozen=True, slots=True)
class Assignment:
    """Picture → subset. `sha256` changes with any name, class, subset, group or picture of the split."""

    subsets: Mapping[str, Subset]
    sha256: str

    def names(self, *subsets: Subset) -> frozenset[str]:
        return frozenset(name for name, subset in self.subsets.items() if subset in subsets)


class Pictured(Protocol):
    """A picture of a data set, as far as a split knows it."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def sha256(self) -> str: ...


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


def assign(
    stored: StoredSplit,
    pictures: Sequence[Pictured],
    copies: Iterable[tuple[str, str]] = (),
    sources: Mapping[str, str] | None = None,
) -> Assignment:
    """The subset of every labelled picture of a data set.

    `copies`: (left out, the picture it equals). `sources`: picture → its name before import, by which a table may call
    it.

    Raises:
        BadData: one sentence for each kind of trouble: pictures changed, missing, moved or unlisted; groups or exact
            copies in several subsets.
    """
    owner = _owners(stored, pictures, dict(copies), sources or {})
    by_name = {picture.name: picture for picture in pictures}
    subsets: dict[str, Subset] = {}
    crossing = []
    for row in stored.rows:
        name = owner.get(row.image)
        if name is not None and subsets.setdefault(name, row.subset) is not row.subset:
            crossing.append(row.image)
    said = [
        *_strangers(stored, by_name, owner, subsets),
        *_changes(stored, by_name, owner),
        *_crossings(stored, crossing),
    ]
    if said:
        raise BadData("\n".join(said))
    lines = sorted(
        f"{name}\0{row.label}\0{row.subset}\0{row.group}\0{by_name[name].sha256}\n"
        for row, name in ((row, owner[row.image]) for row in stored.rows)
    )
    return Assignment(subsets, hashlib.sha256("".join(lines).encode()).hexdigest())


def _owners(
    stored: StoredSplit, pictures: Sequence[Pictured], copies: Mapping[str, str], sources: Mapping[str, str]
) -> dict[str, str]:
    """Name in the table → picture of the data set, for those that are there."""
    called = {picture.name: picture.name for picture in pictures} | dict(copies)
    before: dict[str, set[str]] = {}
    for name, source in sources.items():
        if name in called:
            before.setdefault(source, set()).add(called[name])
    unique = {source: names.copy().pop() for source, names in before.items() if len(names) == 1}
    return {
        row.image: called.get(row.image) or unique[row.image]
        for row in stored.rows
        if row.image in called or row.image in unique
    }


def _strangers(
    stored: StoredSplit, by_name: Mapping[str, Pictured], owner: Mapping[str, str], subsets: Mapping[str, Subset]
) -> Iterable[str]:
    """Pictures that only one of the two knows."""
    missing = [row.image for row in stored.rows if row.image not in owner]
    unlisted = [name for name in by_name if name not in subsets]
    contents = {by_name[name].sha256: name for name in unlisted}
    hashes = stored.manifest.pictures if stored.manifest else {}
    moved = {image: contents[hashes[image]] for image in missing if hashes.get(image) in contents}
    if moved:
        pairs = [f"{old} is now {new}" for old, new in moved.items()]
        yield (
            f"{len(moved)} pictures of {stored.path} were renamed or relabelled since it was made: {listed(pairs)}; "
            "take that over with okng split --extend"
        )
    missing = [image for image in missing if image not in moved]
    if missing:
        yield (
            f"{len(missing)} pictures of {stored.path} are not in the data set: {listed(missing)}; put them back, or "
            "give them up with okng split --extend --force"
        )
    unlisted = [name for name in unlisted if name not in moved.values()]
    if unlisted:
        yield (
            f"{len(unlisted)} pictures of the data set are not in {stored.path}: {listed(unlisted)}; "
            "deal them, too, with okng split --extend"
        )


def _changes(stored: StoredSplit, by_name: Mapping[str, Pictured], owner: Mapping[str, str]) -> Iterable[str]:
    """Pictures that are others than when the split was made."""
    hashes = stored.manifest.pictures if stored.manifest else {}
    changed = [image for image, content in hashes.items() if image in owner and by_name[owner[image]].sha256 != content]
    if changed:
        yield (
            f"{len(changed)} pictures of {stored.path} are not what they were when it was made: {listed(changed)}; "
            "put them back, or take them as they are with okng split --extend --force"
        )


def _crossings(stored: StoredSplit, copies: list[str]) -> Iterable[str]:
    """Groups and copies on both sides; what is kept as regression set is on no side."""
    if copies:
        yield (
            f"{len(copies)} pictures of {stored.path} are exact copies of pictures in another subset: "
            f"{listed(copies)}; remove them from the table, or make the split again with okng split --force"
        )
    sides: dict[str, set[Subset]] = {}
    for row in stored.rows:
        if row.subset is not Subset.REGRESSION:
            sides.setdefault(row.group, set()).add(row.subset)
    torn = sorted(group for group, subsets in sides.items() if len(subsets) > 1)
    if torn:
        yield (
            f"{len(torn)} groups of {stored.path} stand in several subsets: {listed(torn)}; "
            "make the split again with okng split --force"
        )
