"""A ring of pictures in a memory-mapped file: one process draws into it, another takes from it, nothing is pickled.

    offset 0     magic "OKNGRNG1", then u32 slots, height, width, channels
    offset 64    u64 begun      the number of the latest picture begun (drawer writes)
    offset 72    u64 committed  pictures completed since the ring was made (drawer writes)
    offset 128   u64 taken      pictures taken (taker writes)
    offset 4096  slots, each: u64 stamp, number, drawn_ns, kind (0 good, else 1 + index in `_KINDS`),
                 and from the slot's offset 64 on the pixels; a slot begins at a multiple of 4096

The stamp makes a slot a seqlock: `2 n + 1` while picture n (from 0) is being drawn into it and `2 n + 2` when it is
whole. `take` compares it before and after it copied, so that a torn picture is refused and never delivered. Processes
tell each other about committed and taken pictures through a pipe, which on processors that reorder memory accesses is
also what makes the pixels visible before the news of them.
"""

from __future__ import annotations

import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from appliance.cameras.flange_defects import EMPTY, KINDS

_KINDS = (*KINDS, EMPTY)
_MAGIC = b"OKNGRNG1"
_HEADER = struct.Struct("<8s4I")
_PAGE = 4096
_PIXELS_AT = 64
_BEGUN, _COMMITTED, _TAKEN = 8, 9, 16  # in words of eight bytes
_STAMP, _NUMBER, _DRAWN_NS, _KIND = 0, 1, 2, 3


class RingError(Exception):
    """The file is no ring, or its two users do not keep to the protocol."""


class TornPicture(RingError):
    """The slot changed while it was copied, or was left half drawn: there is no picture in it."""


@dataclass(frozen=True, slots=True)
class RingPicture:
    """One picture out of the ring. `image`: `(H, W, C)` uint8, a write-protected copy. `drawn_ns` is monotonic."""

    number: int
    drawn_ns: int
    kind: str | None
    image: NDArray[np.uint8]


class Ring:
    """Single drawer, single taker. Make it with `create` in the one process, `attach` in the other."""

    def __init__(self, path: Path) -> None:
        """Map an existing ring.

        Raises:
            RingError: the file is missing, cut short or no ring.
        """
        try:
            with path.open("r+b") as file:
                self._map = mmap.mmap(file.fileno(), 0)
        except (OSError, ValueError) as error:
            raise RingError(f"{path} cannot be mapped: {error}; start the camera again") from error
        header = self._map[: _HEADER.size]
        magic, self.slots, *shape = _HEADER.unpack(header) if len(header) == _HEADER.size else (b"", 0, 0, 0, 0)
        self.shape = (int(shape[0]), int(shape[1]), int(shape[2]))
        if magic != _MAGIC or len(self._map) != _size(self.slots, self.shape):
            self._map.close()
            raise RingError(f"{path} is not a ring of pictures; delete it and start the camera again")
        self._words = np.frombuffer(self._map, np.uint64, _PAGE // 8)
        self._slot_words = [np.frombuffer(self._map, np.uint64, 4, self._slot_at(slot)) for slot in range(self.slots)]
        self._pixels = [
            np.frombuffer(self._map, np.uint8, _pixel_bytes(self.shape), self._slot_at(slot) + _PIXELS_AT).reshape(
                self.shape
            )
            for slot in range(self.slots)
        ]

    @classmethod
    def create(cls, path: Path, slots: int, shape: tuple[int, int, int]) -> Self:
        """Make an empty ring; the room is reserved, so that a full disk is found here and not by a bus error later.

        Raises:
            OSError: no room, or no permission.
        """
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, _size(slots, shape))
            file.write(_HEADER.pack(_MAGIC, slots, *shape))
        return cls(path)

    @property
    def begun(self) -> int:
        """The number of the latest picture begun, 0 before the first."""
        return int(self._words[_BEGUN])

    @property
    def waiting(self) -> int:
        """Pictures that are whole and not yet taken."""
        return int(self._words[_COMMITTED]) - int(self._words[_TAKEN])

    def begin(self, number: int) -> None:
        """Say that the picture with this number is being drawn: whoever takes over goes on behind it."""
        self._words[_BEGUN] = number

    def put(self, number: int, drawn_ns: int, kind: str | None, image: NDArray[np.uint8]) -> None:
        """Copy one picture in.

        Raises:
            RingError: no slot is free, or the picture has another shape.
        """
        if image.shape != self.shape or self.waiting >= self.slots:
            raise RingError(f"a picture of shape {image.shape} does not fit the ring; draw when a slot is free")
        count = int(self._words[_COMMITTED])
        words = self._slot_words[count % self.slots]
        words[_STAMP] = 2 * count + 1
        words[_NUMBER], words[_DRAWN_NS] = number, drawn_ns
        words[_KIND] = 0 if kind is None else 1 + _KINDS.index(kind)
        self._pixels[count % self.slots][...] = image
        words[_STAMP] = 2 * count + 2
        self._words[_COMMITTED] = count + 1

    def take(self) -> RingPicture | None:
        """The oldest picture that is whole, copied once; None when there is none.

        Raises:
            TornPicture: the slot is not what the counters say; its picture is given up.
        """
        if self.waiting <= 0:
            return None
        count = int(self._words[_TAKEN])
        words = self._slot_words[count % self.slots]
        stamp = int(words[_STAMP])
        number, drawn_ns, kind = int(words[_NUMBER]), int(words[_DRAWN_NS]), int(words[_KIND])
        image = self._pixels[count % self.slots].copy()
        whole = stamp == 2 * count + 2 == int(words[_STAMP])
        self._words[_TAKEN] = count + 1
        if not whole or kind > len(_KINDS):
            raise TornPicture(f"picture {number} was overwritten while it was copied; the next one is tried")
        image.flags.writeable = False
        return RingPicture(number, drawn_ns, _KINDS[kind - 1] if kind else None, image)

    def close(self) -> None:
        """Unmap the file; it stays on disk."""
        del self._words
        self._slot_words.clear()
        self._pixels.clear()
        self._map.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _slot_at(self, slot: int) -> int:
        return _PAGE + slot * _slot_bytes(self.shape)


def _pixel_bytes(shape: tuple[int, int, int]) -> int:
    return shape[0] * shape[1] * shape[2]


def _slot_bytes(shape: tuple[int, int, int]) -> int:
    return -(-(_PIXELS_AT + _pixel_bytes(shape)) // _PAGE) * _PAGE


def _size(slots: int, shape: tuple[int, int, int]) -> int:
    return _PAGE + slots * _slot_bytes(shape)
