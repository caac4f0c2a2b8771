"""What archive and evidence hold when the station starts: one look at the names, so that later none is needed."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from appliance.store.shelves import Item, Kind, Shelves

_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_NAME = re.compile(r"^(audited-)?(OK|NG|RECHECK|NO_PART|ERROR)-([0-9A-Za-z-]+)(?:\.(\d+))?\.(jpg|json|png)$")


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    size: int
    day: date
    stem: str
    id: str
    kind: Kind
    record: bool


def stock(shelves: Shelves, pictures: Path, evidence: Path) -> None:
    """Put on the shelves what lies in both folders, oldest first, and sweep away what a kill left half written.

    Raises:
        OSError: a folder cannot be read.
    """
    items = [(Item(file.kind, (file.path,), file.size, file.day), file.id) for file in _files(pictures, ".jpg")]
    parts: dict[tuple[date, str], list[_File]] = defaultdict(list)
    for file in _files(evidence, ".json", ".png"):
        parts[file.day, file.stem].append(file)
    for (day, _), files in parts.items():
        files.sort(key=lambda file: not file.record)
        if not files[0].record:
            for file in files:
                file.path.unlink(missing_ok=True)
            continue
        paths, size = tuple(file.path for file in files), sum(file.size for file in files)
        items.append((Item(files[0].kind, paths, size, day), files[0].id))
    _sweep(evidence)
    # Ids are UUIDv7: within a day they are in the order of time.
    for item, _ in sorted(items, key=lambda one: (one[0].day, one[1])):
        shelves.add(item)


def _files(root: Path, *endings: str) -> Iterator[_File]:
    for folder in _days(root):
        day = date.fromisoformat(Path(folder).name)
        with os.scandir(folder) as entries:
            for entry in entries:
                found = _NAME.match(entry.name)
                if found is None or not entry.name.endswith(endings):
                    continue
                audited, outcome, id, _, ending = found.groups()
                store = "PICTURE" if ending == "jpg" else "EVIDENCE"
                name = "AUDITED_EVIDENCE" if audited or (outcome in ("OK", "NO_PART") and store == "EVIDENCE") else ""
                kind = Kind[name or f"{outcome}_{store}"]
                stem = f"{audited or ''}{outcome}-{id}"
                yield _File(Path(entry.path), entry.stat().st_size, day, stem, id, kind, ending == "json")


def _days(root: Path) -> Iterator[str]:
    if root.is_dir():
        with os.scandir(root) as entries:
            yield from (entry.path for entry in entries if _DAY.match(entry.name) and entry.is_dir())


def _sweep(root: Path) -> None:
    """Half-written files, and the marks of folders that no evidence is left in."""
    for folder in [Path(day) for day in _days(root)]:
        names = [path.name for path in folder.iterdir()]
        needed = any(name.endswith(".json") for name in names)
        for name in names:
            if name.endswith(".part") or not needed:
                (folder / name).unlink(missing_ok=True)
        if not needed:
            folder.rmdir()
