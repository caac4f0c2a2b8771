"""One file of the cache: rows of one shape, each under the sha256 of the picture that it was made from.

    0     "okngrows" | format u32 | capacity u32 | bytes a row u64 | sha256 of what was made | length u16 and text of it
          up to 4092, then the CRC-32 of all that u32; little endian
    4096  capacity entries: key 32 bytes | CRC-32 of the row u32 | CRC-32 of place, key and row's CRC u32
    then  capacity rows, each at a multiple of 64 bytes

A row counts when its entry is whole, and the entry is written after the row: who is killed between the two leaves a row
that nobody sees. After a power cut an entry may stand there without its row; the row's own CRC, which every process
checks when it first reads the row, tells. Rows are never changed, and only the process that made a file adds to it.

All who use a file hold its shared lock (flock); who removes it needs the exclusive one. Rows are read through a memory
map and written by ordinary writes: a full disk would kill (SIGBUS) who writes through a map.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import struct
import weakref
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.uint8]

_FIXED = struct.Struct("<8sIIQ32sH")
_MAGIC, _FORMAT = b"okngrows", 1
_HEADER = 4096
_ENTRY = struct.Struct("<32sII")
_PLACED = struct.Struct("<I32sI")
_ALIGNED = 64
KEY_BYTES = 32


class Damaged(Exception):
    """The file is none of ours, or not as it was written."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file holds: `making` is the sha256 of what was made of the pictures, `text` tells it."""

    making: bytes
    text: str
    row_bytes: int
    capacity: int

    @property
    def stride(self) -> int:
        return -(-self.row_bytes // _ALIGNED) * _ALIGNED

    @property
    def first_row(self) -> int:
        return _HEADER + -(-self.capacity * _ENTRY.size // _HEADER) * _HEADER

    @property
    def file_bytes(self) -> int:
        return self.first_row + self.capacity * self.stride

    def to_bytes(self) -> bytes:
        text = self.text.encode()
        fixed = _FIXED.pack(_MAGIC, _FORMAT, self.capacity, self.row_bytes, self.making, len(text))
        content = (fixed + text).ljust(_HEADER - 4, b"\0")
        return content + zlib.crc32(content).to_bytes(4, "little")

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Raises Damaged."""
        if len(content) != _HEADER or zlib.crc32(content[:-4]) != int.from_bytes(content[-4:], "little"):
            raise Damaged("its head is damaged")
        magic, form, capacity, row_bytes, making, length = _FIXED.unpack_from(content)
        if magic != _MAGIC or form != _FORMAT:
            raise Damaged("it is none of okng's, or of another version")
        return cls(making, content[_FIXED.size : _FIXED.size + length].decode(errors="replace"), row_bytes, capacity)


class Shard:
    """One open file; `keys` tells the place of each row. One thread at a time adds, any number reads."""

    def __init__(self, path: Path, handle: int, header: Header, used: int = 0) -> None:
        self.path, self.header, self._handle, self._used = path, header, handle, used
        self._map = mmap.mmap(handle, header.file_bytes, prot=mmap.PROT_READ)
        rows = np.frombuffer(self._map, np.uint8, header.capacity * header.stride, header.first_row)
        self._rows = rows.reshape(header.capacity, header.stride)[:, : header.row_bytes]
        self._checked = np.zeros(header.capacity, np.bool_)
        self.keys = self._whole_entries()
        # The map has a handle of its own: the lock lasts as long as anybody holds a row.
        weakref.finalize(self, os.close, handle)

    @classmethod
    def create(cls, path: Path, header: Header) -> Self:
        """An empty file. Raises OSError; then nothing is left of it."""
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            os.ftruncate(handle, header.file_bytes)
            write_all(handle, header.to_bytes(), 0)
            return cls(path, handle, header)
        except OSError:
            os.close(handle)
            path.unlink(missing_ok=True)
            raise

    @classmethod
    def open(cls, path: Path, making: bytes, row_bytes: int) -> Self:
        """A file that somebody made.

        Raises:
            Damaged: it does not hold such rows.
            OSError: it cannot be read, or is being removed.
        """
        handle = _open(path)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            header = Header.from_bytes(os.pread(handle, _HEADER, 0))
            # Memory beyond a file's end cannot be read without being killed.
            if os.fstat(handle).st_size != header.file_bytes or (header.making, header.row_bytes) != (
                making,
                row_bytes,
            ):
                raise Damaged("it holds something else than its name says")
            return cls(path, handle, header, used=header.capacity)
        except (OSError, Damaged):
            os.close(handle)
            raise

    @property
    def full(self) -> bool:
        """Whether nothing can be added; what another process made is always full."""
        return self._used >= self.header.capacity

    def get(self, key: bytes) -> Row | None:
        """`(row_bytes,)` uint8, read-only, a view of the file; None where there is none.

        Raises:
            Damaged: there is one, but not as it was written; it counts no longer.
        """
        place = self.keys.get(key)
        if place is None:
            return None
        row: Row = self._rows[place]
        if not self._checked[place]:
            if zlib.crc32(row.data) != self._entry(place)[1]:
                self._revoke(key, place)
                raise Damaged("a row of it is damaged")
            self._checked[place] = True
        return row

    def put(self, key: bytes, row: Row) -> Row:
        """Add `(row_bytes,)` uint8 and give it back as `get` would.

        Raises:
            OSError: the disk does not take it; it counts as not there.
        """
        place = self._used
        self._used += 1
        content, header = np.ascontiguousarray(row).data, self.header
        checksum = zlib.crc32(content)
        write_all(self._handle, content, header.first_row + place * header.stride)
        entry = _ENTRY.pack(key, checksum, zlib.crc32(_PLACED.pack(place, key, checksum)))
        write_all(self._handle, entry, _HEADER + place * _ENTRY.size)
        self.keys[key], self._checked[place] = place, True
        added: Row = self._rows[place]
        return added

    def touch(self) -> None:
        """It was used now. Raises OSError."""
        os.utime(self._handle)

    def _whole_entries(self) -> dict[bytes, int]:
        found = {}
        for place in range(self.header.capacity):
            key, checksum, own = self._entry(place)
            if own and own == zlib.crc32(_PLACED.pack(place, key, checksum)):
                found[key] = place
        return found

    def _entry(self, place: int) -> tuple[bytes, int, int]:
        key, checksum, own = _ENTRY.unpack_from(self._map, _HEADER + place * _ENTRY.size)
        return key, checksum, own

    def _revoke(self, key: bytes, place: int) -> None:
        """Take its entry out, so that no other process stumbles over it; on a read-only disk it will."""
        del self.keys[key]
        with suppress(OSError):
            write_all(self._handle, bytes(_ENTRY.size), _HEADER + place * _ENTRY.size)


def remove_unused(path: Path) -> bool:
    """Remove a file that nobody uses; whether it is gone. Raises OSError where it cannot be."""
    try:
        handle = _open(path)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def read_header(path: Path) -> tuple[Header, int]:
    """What a file says of itself, and how many rows it holds. Raises Damaged, OSError."""
    handle = _open(path)
    try:
        header = Header.from_bytes(os.pread(handle, _HEADER, 0))
        index = os.pread(handle, header.capacity * _ENTRY.size, _HEADER)
    finally:
        os.close(handle)
    rows = sum(1 for *_, own in _ENTRY.iter_unpack(index[: len(index) // _ENTRY.size * _ENTRY.size]) if own)
    return header, rows


def write_all(handle: int, content: bytes | memoryview, at: int) -> None:
    """Raises OSError, also where a full disk takes only a part."""
    left = memoryview(content).cast("B")
    while left:
        written = os.pwrite(handle, left, at)
        left, at = left[written:], at + written


def _open(path: Path) -> int:
    flags = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        return os.open(path, os.O_RDWR | flags)
    except PermissionError:
        return os.open(path, os.O_RDONLY | flags)
    except OSError as error:
        if error.errno != errno.EROFS:  # what is on a read-only disk can still be read
            raise
        return os.open(path, os.O_RDONLY | flags)
