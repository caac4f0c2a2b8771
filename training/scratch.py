"""Feature maps of a large data set, in files without a name: 10,000 pictures have 7 GB of them."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

IN_MEMORY_BYTES = 2 * 10**9
_BLOCK_BYTES = 256 * 2**20
_ALIGNED = 64

Floats = NDArray[np.float32]


class Scratch:
    """Keeps arrays: the first `in_memory_bytes` as they are, others on the disk for temporary files (TMPDIR).

    A file goes with the last of its arrays. Where the disk has no room, all that follow stay in memory.
    """

    def __init__(self, in_memory_bytes: int = IN_MEMORY_BYTES) -> None:
        self._left = in_memory_bytes
        self._block: mmap.mmap | None = None
        self._used = 0

    def each(self, found: Iterable[tuple[Floats, ...]]) -> Iterator[tuple[Floats, ...]]:
        """The same arrays, kept."""
        for arrays in found:
            yield tuple(self.keep(array) for array in arrays)

    def keep(self, array: Floats) -> Floats:
        """The same numbers; write-protected where they lie on disk."""
        self._left -= array.nbytes
        block = None if self._left >= 0 else self._room_for(array.nbytes)
        if block is None:
            return array
        kept = np.frombuffer(block, np.float32, array.size, self._used).reshape(array.shape)
        kept[...] = array
        kept.flags.writeable = False
        self._used += -(-array.nbytes // _ALIGNED) * _ALIGNED
        return kept

    def _room_for(self, wanted: int) -> mmap.mmap | None:
        if self._block is not None and self._used + wanted <= len(self._block):
            return self._block
        size = max(_BLOCK_BYTES, wanted)
        try:
            with tempfile.TemporaryFile() as file:
                # All of it now: a disk that fills up under a mapped file kills the process.
                os.posix_fallocate(file.fileno(), 0, size)
                self._block, self._used = mmap.mmap(file.fileno(), size), 0
        except OSError:
            self._block, self._left = None, 2**62
        return self._block
