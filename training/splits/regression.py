"""The regression set: pictures that a model once got wrong. It only grows, so that old escapes stay caught.

DATA/splits/regression.jsonl holds one JSON object a line, each with the hash of the one before:

    {"number": 1, "picture": "划痕/a.png", "label": "划痕", "sha256": "…", "who": "li", "when": "2026-01-31T08:00:00Z",
     "why": "escaped at customer X", "before": "000…", "hash": "…"}

    hash(n) = SHA-256 of line n's object without "hash", as compact JSON with sorted keys          before(1) = 64 zeros

Number and hash of the last line stand in regression.anchor too, so that lines cannot be cut off its end. A line is on
disk before the anchor names it: after a power cut the anchor may be one addition behind, never ahead. Who puts both
files back to an earlier day is seen by the splits, which list their regression pictures, and by nothing else.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import Field, ValidationError

from models.durable import append_durably, write_atomically
from models.entry import Entry, Sha256, strict_json
from training.data.dataset import GOOD, SPLITS, listed
from training.data.subsets import file_content
from training.errors import BadData
from training.splits.assign import Pictured

_FILE, _ANCHOR = "regression.jsonl", "regression.anchor"
_BEGIN = "0" * 64


class RegressionLine(Entry):
    number: int = Field(ge=1)
    picture: str = Field(min_length=1)
    label: str = Field(min_length=1)
    sha256: Sha256
    who: str = Field(min_length=1)
    when: str
    why: str = Field(min_length=1)
    before: Sha256
    hash: Sha256


def regression_path(root: Path) -> Path:
    return root / SPLITS / _FILE


def read_regression(root: Path) -> tuple[RegressionLine, ...]:
    """The set of a data set; empty where there is none.

    Raises:
        BadData: a line was changed, moved, inserted or removed, or was not written to its end.
    """
    path, anchor = regression_path(root), _anchor(root)
    if not path.is_file():
        if anchor is not None:
            raise BadData(f"{path} is gone, {_ANCHOR} says that it had {anchor[0]} lines; put it back")
        return ()
    content = file_content(path)
    if content and not content.endswith(b"\n"):
        raise BadData(f"the last line of {path} was not written to its end; remove it, and add its picture again")
    lines: list[RegressionLine] = []
    for number, line in enumerate(content.splitlines(), 1):
        before = lines[-1].hash if lines else _BEGIN
        lines.append(_parsed(line, f"line {number} of {path}", number, before))
    _refuse_cut(path, lines, anchor)
    return tuple(lines)


def _parsed(line: bytes, place: str, number: int, before: str) -> RegressionLine:
    try:
        strict_json(line)
        found = RegressionLine.model_validate_json(line)
    except (ValidationError, ValueError) as error:
        raise BadData(f"{place} is none of a regression set; put the file back as it was") from error
    if found.number != number or found.before != before or found.hash != _hash(found):
        raise BadData(
            f"{place} is not what was written: a line was changed, moved or removed; put the file back as it was"
        )
    return found


def _hash(line: RegressionLine) -> str:
    said = line.model_dump(mode="json", exclude={"hash"})
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _anchor(root: Path) -> tuple[int, str] | None:
    path = root / SPLITS / _ANCHOR
    if not path.is_file():
        return None
    number, _, digest = file_content(path).decode(errors="replace").strip().partition(" ")
    if not number.isdecimal() or len(digest) != len(_BEGIN):
        raise BadData(f"{path} is no anchor of a regression set; put the file back as it was")
    return int(number), digest


def _refuse_cut(path: Path, lines: Sequence[RegressionLine], anchor: tuple[int, str] | None) -> None:
    if anchor is None:
        if len(lines) > 1:
            raise BadData(f"{path} has {len(lines)} lines and no {_ANCHOR} beside it; put that file back")
        return
    number, digest = anchor
    if not 1 <= number <= len(lines) or lines[number - 1].hash != digest:
        raise BadData(
            f"{path} has {len(lines)} lines, {_ANCHOR} says that it had {number} or that they were others; "
            "a regression set only grows: put the file back as it was"
        )


def locked_contents(root: Path) -> frozenset[str]:
    """Content hashes of the set. Raises BadData: as `read_regression`."""
    return frozenset(line.sha256 for line in read_regression(root))


def refuse_lost(root: Path, lines: Sequence[RegressionLine], pictures: Sequence[Pictured]) -> None:
    """Let a data set pass that still holds every picture of the set, each still of a defect if it was.

    Raises:
        BadData: naming those that are gone, changed, or called good.
    """
    labels = {picture.sha256: picture.label for picture in pictures}
    gone = [line.picture for line in lines if line.sha256 not in labels]
    if gone:
        raise BadData(
            f"{len(gone)} pictures of {regression_path(root)} are gone or not what they were: {listed(gone)}; "
            "put them back: what escaped once is judged by every later model"
        )
    turned = [line.picture for line in lines if labels[line.sha256] == GOOD != line.label]
    if turned:
        raise BadData(
            f"{len(turned)} pictures of {regression_path(root)} lie in {GOOD}/ now: {listed(turned)}; "
            "move them back to their defect: a regression set only grows"
        )


def add_to_regression(
    root: Path, pictures: Sequence[Pictured], who: str, when: str, why: str
) -> tuple[RegressionLine, ...]:
    """Add pictures, those left out that are in it; the lines that were added. Blocks while another process adds.

    Raises:
        BadData: the set is not whole.
        OSError: it cannot be written.
    """
    with _alone(root / SPLITS):
        known = read_regression(root)
        contents = {line.sha256 for line in known}
        before = known[-1].hash if known else _BEGIN
        added: list[RegressionLine] = []
        for picture in pictures:
            if picture.sha256 in contents:
                continue
            contents.add(picture.sha256)
            line = RegressionLine(
                number=len(known) + len(added) + 1,
                picture=picture.name,
                label=picture.label,
                sha256=picture.sha256,
                who=who,
                when=when,
                why=why,
                before=before,
                hash=_BEGIN,
            )
            line = line.model_copy(update={"hash": _hash(line)})
            append_durably(regression_path(root), (json.dumps(line.model_dump(), ensure_ascii=False) + "\n").encode())
            # After each line: an anchor that is many lines behind could hide that they were cut off again.
            write_atomically(root / SPLITS / _ANCHOR, f"{line.number} {line.hash}\n".encode())
            before = line.hash
            added.append(line)
        return tuple(added)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two that add at once would both follow the same line."""
    folder.mkdir(exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
