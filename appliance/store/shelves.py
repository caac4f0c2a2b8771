"""What is kept on disk for eyes and for auditors, and what goes first when room is short.

An item is one archived picture, or the evidence of one part. It goes when it is older than its class may become, when
its class or its store is over its quota, or when the disk runs full. Where a store or the disk is the reason, what
matters least goes first, in the order of `Kind`, and of that the oldest: nothing is shed while something that matters
less is left. The index is made once at the start and kept in memory: no part waits for a look at the disk.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum, StrEnum
from pathlib import Path


class Store(StrEnum):
    PICTURES = "pictures"
    EVIDENCE = "evidence"


class Kind(IntEnum):
    """In the order in which they go: NG and what was drawn for the audit stay longest."""

    OK_PICTURE = 0
    NO_PART_PICTURE = 1
    ERROR_PICTURE = 2
    RECHECK_PICTURE = 3
    ERROR_EVIDENCE = 4
    RECHECK_EVIDENCE = 5
    NG_PICTURE = 6
    NG_EVIDENCE = 7
    AUDITED_EVIDENCE = 8

    @property
    def store(self) -> Store:
        return Store.PICTURES if self.name.endswith("_PICTURE") else Store.EVIDENCE


@dataclass(frozen=True, slots=True)
class Item:
    """`files` are deleted in this order; `day` is the day it was made on."""

    kind: Kind
    files: tuple[Path, ...]
    size: int
    day: date


@dataclass(frozen=True, slots=True)
class Allowance:
    """How long and how many bytes of one class may be kept; None: no limit of its own."""

    days: int | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class StoreRoom:
    """`min_free_bytes`: with less left on the disk nothing is added to the store, and things go."""

    quota_bytes: int
    min_free_bytes: int


_SHED_BYTES = 10_000_000
_NO_LIMIT = Allowance()


class Shelves:
    """Used by one thread; `bytes_of` and `count_of` may be asked by any.

    `free_bytes` says how much room the disk of the state directory has.
    """

    def __init__(
        self,
        rooms: Mapping[Store, StoreRoom],
        allowances: Mapping[Kind, Allowance],
        *,
        free_bytes: Callable[[], int],
        delete: Callable[[Item], None] | None = None,
    ) -> None:
        self._rooms, self._allowances = rooms, allowances
        self._free_bytes = free_bytes
        self._delete = delete or delete_files
        self._items: dict[Kind, deque[Item]] = {kind: deque() for kind in Kind}
        self._bytes = dict.fromkeys(Kind, 0)

    def bytes_of(self, store: Store) -> int:
        return sum(self._bytes[kind] for kind in Kind if kind.store is store)

    def count_of(self, store: Store) -> int:
        return sum(len(self._items[kind]) for kind in Kind if kind.store is store)

    def add(self, item: Item) -> None:
        """An item is on disk; of its class the newest."""
        self._items[item.kind].append(item)
        self._bytes[item.kind] += item.size

    def make_room(self, kind: Kind, size: int, today: date) -> bool:
        """Let go of what must go so that an item of this size may be added; False: it may not, nothing helps."""
        self._expire(today)
        room, most = self._rooms[kind.store], self._allowances.get(kind, _NO_LIMIT).max_bytes
        if size > room.quota_bytes or (most is not None and size > most):
            return False
        while most is not None and self._bytes[kind] + size > most:
            self._drop_oldest(kind)
        while self.bytes_of(kind.store) + size > room.quota_bytes:
            self._drop_least(lambda other: other.store is kind.store)
        free = self._free_bytes()
        if free >= room.min_free_bytes:
            return True
        self._relieve(free)
        return False

    def _relieve(self, free: int) -> None:
        """The disk runs full: let go of some of what is least worth in every store that has to give."""
        giving = {store for store, room in self._rooms.items() if free < room.min_free_bytes}
        given = 0
        while given < _SHED_BYTES:
            item = self._drop_least(lambda kind: kind.store in giving)
            if item is None:
                return
            given += item.size

    def _expire(self, today: date) -> None:
        for kind, allowance in self._allowances.items():
            if allowance.days is None:
                continue
            last = today - timedelta(days=allowance.days)
            while self._items[kind] and self._items[kind][0].day < last:
                self._drop_oldest(kind)

    def _drop_least(self, may_go: Callable[[Kind], bool]) -> Item | None:
        kind = next((kind for kind in Kind if self._items[kind] and may_go(kind)), None)
        return self._drop_oldest(kind) if kind is not None else None

    def _drop_oldest(self, kind: Kind) -> Item:
        item = self._items[kind].popleft()
        self._bytes[kind] -= item.size
        self._delete(item)
        return item


def held_in(folder: Path) -> int:
    """Bytes of all files below a folder, although they may come and go while they are counted."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(Path(parent, name)).st_size
    return total


def delete_files(item: Item) -> None:
    """Delete an item's files, and the folder of its day with the last of them. Raises OSError."""
    for file in item.files:
        file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # others are in it
        item.files[0].parent.rmdir()
