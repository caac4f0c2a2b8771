"""Pictures as a training needs them, kept on disk, so that each is decoded once; see docs/cache.md.

PLACE/CACHEDIR.TAG            what backups leave out by it (bford.info/cachedir)
PLACE/lock                    held by who makes or removes files
PLACE/curves/<hash>.json      points of learning curves; see training/curve/points.py
PLACE/<what>/<name>.rows      rows of one shape; see shards.py. <what>: 16 digits of the sha256 of what was made

Nothing in it is ever needed: what is damaged, foreign, gone or cannot be written is made again from the pictures. What
was made is told apart by the code that made it, so that another version of okng, OpenCV or another processor never
takes what this one left. The files that were not used for longest go first.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from models.instructions import instruction_set
from training.data.cache_place import FILE, cache_files, claim, remove_curves, usual_limit
from training.data.shards import Damaged, Header, Row, Shard, remove_unused

MEMORY_BYTES = 10**9
_SHARD_BYTES = 256 * 2**20
_MOST_ROWS = 1 << 15
_FEWEST_ROWS = 16

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Making:
    """What is made of a picture: rows `shape` uint8; `how` holds all that two rows of one picture could differ by."""

    kind: str
    shape: tuple[int, ...]
    how: str = ""

    @property
    def row_bytes(self) -> int:
        return int(np.prod(self.shape))

    def header(self, capacity: int) -> Header:
        text = f"{self.kind} {'x'.join(str(side) for side in self.shape)}"
        said = f"{text}\0{self.how}\0{code_version()}"
        return Header(hashlib.sha256(said.encode()).digest(), text, self.row_bytes, capacity)


class Shelf(Protocol):
    """Rows of one making, by the sha256 of the picture's content."""

    def get(self, sha256: str) -> Pixels | None:
        """The row, read-only and not copied; None where there is none."""
        ...

    def put(self, sha256: str, row: Pixels) -> Pixels:
        """Keep a row, unless there is one, and give it back as `get` will; itself where it cannot be kept."""
        ...


class Store(Protocol):
    """Where rows are kept: `Cache`, or `Memory`."""

    @property
    def limit_bytes(self) -> int: ...

    def shelf(self, making: Making, expected: int) -> Shelf:
        """`expected`: how many rows a run will want of it."""
        ...

    def told(self) -> str:
        """What a run says of it."""
        ...


class Memory:
    """Keeps up to `limit_bytes` for as long as the process lives: what stands in for a cache where none is wanted."""

    def __init__(self, limit_bytes: int = MEMORY_BYTES) -> None:
        self.limit_bytes = self._left = limit_bytes
        self._rows: dict[tuple[Making, str], Pixels] = {}

    def shelf(self, making: Making, expected: int) -> Shelf:
        return _MemoryShelf(self, making)

    def get(self, making: Making, sha256: str) -> Pixels | None:
        return self._rows.get((making, sha256))

    def put(self, making: Making, sha256: str, row: Pixels) -> None:
        if (making, sha256) not in self._rows and making.row_bytes <= self._left:
            self._left -= making.row_bytes
            self._rows[making, sha256] = row

    def told(self) -> str:
        """What a run says of it."""
        return "no cache was used, as asked"


class _MemoryShelf:
    def __init__(self, memory: Memory, making: Making) -> None:
        self._memory, self._making = memory, making

    def get(self, sha256: str) -> Pixels | None:
        return self._memory.get(self._making, sha256)

    def put(self, sha256: str, row: Pixels) -> Pixels:
        self._memory.put(self._making, sha256, row)
        return row


class Cache:
    """A cache at `root` of at most `limit_bytes` (none given: see `usual_limit`); any number of processes may use it.

    `warn` is told, once each, in a sentence: that something in it is damaged, that it cannot be written, that it is
    too small.

    Raises:
        BadData: there is something else at `root`.
    """

    def __init__(self, root: Path, warn: Callable[[str], None], limit_bytes: int | None = None) -> None:
        self.root, self._warn = root, warn
        self._told: set[str] = set()
        self.writable = True
        try:
            claim(root)
        except OSError as error:
            self.stop_writing(error)
        self.limit_bytes = usual_limit(root) if limit_bytes is None else limit_bytes

    def shelf(self, making: Making, expected: int) -> Shelf:
        return _CacheShelf(self, making, expected)

    def warn(self, kind: str, sentence: str) -> None:
        """Say it, if nothing of the kind was said before."""
        if kind not in self._told:
            self._told.add(kind)
            self._warn(sentence)

    def damaged(self, what: object) -> None:
        self.warn("damaged", f"the cache in {self.root} is damaged ({what}); what is needed of it is made again")

    def stop_writing(self, error: OSError) -> None:
        self.writable = False
        why = error.strerror or str(error)
        self.warn("write", f"the cache in {self.root} cannot be written ({why}); this run goes on without it")

    def told(self) -> str:
        held = sum(status.st_blocks * 512 for _, status in cache_files(self.root))
        return f"cache {self.root}: {held / 1e6:.0f} MB of {self.limit_bytes / 1e9:.1f} GB"

    def add_file(self, making: Making, rows: int) -> Shard | None:
        """An empty file for about so many rows, others removed for it; None where there is no room.

        Raises:
            OSError: the disk does not take it.
        """
        header = making.header(self._rows_a_file(making, rows))
        folder = self.root / header.making.hex()[:16]
        with self._locked():
            if not self._make_room(header.file_bytes):
                self.writable = False
                gb = self.limit_bytes / 1e9
                self.warn("small", f"the cache of {gb:.1f} GB is too small for all of this; give more with --cache-gb")
                return None
            folder.mkdir(mode=0o700, exist_ok=True)
            return Shard.create(folder / f"{secrets.token_hex(8)}.rows", header)

    def clear(self) -> tuple[int, int]:
        """Remove what nobody uses: (bytes removed, bytes in use left). Raises OSError."""
        removed = left = 0
        with self._locked():
            for path, status in cache_files(self.root):
                if remove_unused(path):
                    removed += status.st_blocks * 512
                else:
                    left += status.st_blocks * 512
        return removed + remove_curves(self.root), left

    def _rows_a_file(self, making: Making, rows: int) -> int:
        # Small against the limit, so that little is lost when one goes.
        largest = min(_SHARD_BYTES, max(self.limit_bytes // 8, 1)) // max(making.row_bytes, 1)
        return max(1, min(max(rows, _FEWEST_ROWS), largest, _MOST_ROWS))

    def _make_room(self, wanted: int) -> bool:
        found = sorted(cache_files(self.root), key=lambda pair: pair[1].st_mtime_ns)
        total = sum(status.st_size for _, status in found)
        for path, status in found:
            if total + wanted <= self.limit_bytes:
                break
            if remove_unused(path):
                total -= status.st_size
        return total + wanted <= self.limit_bytes

    @contextmanager
    def _locked(self) -> Iterator[None]:
        handle = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


class _CacheShelf:
    """The files of one making, opened when they are first asked for; one thread at a time."""

    def __init__(self, store: Cache, making: Making, expected: int) -> None:
        self._store, self._making, self._wanted = store, making, expected
        self._shards = list(self._open_all())
        self._wanted -= sum(len(shard.keys) for shard in self._shards)

    def get(self, sha256: str) -> Pixels | None:
        key = bytes.fromhex(sha256)
        for shard in self._shards:
            try:
                row = shard.get(key)
            except Damaged as error:
                self._store.damaged(error)
                continue
            if row is not None:
                return row.reshape(self._making.shape)
        return None

    def put(self, sha256: str, row: Pixels) -> Pixels:
        if row.shape != self._making.shape or row.dtype != np.uint8:
            raise ValueError(f"a row of {self._making} cannot be {row.dtype} {row.shape}")
        known = self.get(sha256)
        if known is not None or not self._store.writable:
            return row if known is None else known
        try:
            shard = self._open_end()
            return row if shard is None else shard.put(bytes.fromhex(sha256), _flat(row)).reshape(row.shape)
        except OSError as error:
            self._store.stop_writing(error)
            return row

    def _open_end(self) -> Shard | None:
        """The file to add to."""
        if not self._shards or self._shards[-1].full:
            shard = self._store.add_file(self._making, self._wanted)
            if shard is None:
                return None
            self._shards.append(shard)
        self._wanted -= 1
        return self._shards[-1]

    def _open_all(self) -> Iterator[Shard]:
        header = self._making.header(0)
        folder = self._store.root / header.making.hex()[:16]
        try:
            paths = sorted(path for path in folder.iterdir() if FILE.fullmatch(path.name))
        except OSError:
            return
        for path in paths:
            try:
                shard = Shard.open(path, header.making, header.row_bytes)
            except Damaged as error:
                self._store.damaged(f"{path}: {error}")
                with suppress(OSError):
                    remove_unused(path)
            except (FileNotFoundError, BlockingIOError):
                continue  # another process is removing it
            except OSError as error:
                self._store.damaged(f"{path}: {error.strerror}")
            else:
                with suppress(OSError):
                    shard.touch()
                yield shard


@cache
def code_version() -> str:
    """Changes with anything that could make other pixels: the station's code and this one, libraries, processor."""
    digest = hashlib.sha256(instruction_set().encode())
    for room in ("models", "training", "training.data", "training.rois"):
        for source in sorted(files(room).iterdir(), key=lambda one: one.name):
            if source.name.endswith(".py"):
                digest.update(source.read_bytes())
    digest.update(f"{version('okng')} {version('simplejpeg')} {np.__version__} {cv2.__version__}".encode())
    return digest.hexdigest()


def _flat(row: Pixels) -> Row:
    return np.ascontiguousarray(row).reshape(-1)
