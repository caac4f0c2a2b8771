"""Masks as COCO's run lengths: how many pixels are out, in, out …, down the first column, then down the next.

    {"size": [height, width], "counts": [5, 3, 20, …]}          uncompressed
    {"size": [height, width], "counts": "53d0…"}                compressed: each number in groups of five bits, the
                                                                lowest first, sent as the letter 48 + group, + 32 if
                                                                more follow; from the fourth number on only what it
                                                                differs from the last but one. The top bit is the sign

The letters are those of `rleToString` in pycocotools' maskApi.c. Reading is done here and not there: given counts that
do not fill the picture, pycocotools 2.0.11 returns memory that it never wrote, or writes where it should not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data.marks import Mask
from training.formats.extras import data_extra
from training.formats.sizes import MOST_PIXELS

_LONGEST_GROUP = 7  # 35 bits: more than any count of a picture


@dataclass(frozen=True, slots=True)
class RunLengths:
    """`size`: (width, height); `counts` sum up to as many pixels."""

    size: tuple[int, int]
    counts: tuple[int, ...]

    def decode(self) -> Mask:
        """`(H, W)`."""
        inside = np.arange(len(self.counts)) % 2 == 1
        columns = np.repeat(inside, self.counts).reshape(self.size)
        return np.ascontiguousarray(columns.T)


def parse_run_lengths(said: dict[str, object]) -> RunLengths:
    """What a label file says, checked.

    Raises:
        ValueError: no size, or counts that do not fill it; the end of a sentence.
    """
    size, counts = said.get("size"), said.get("counts")
    if not isinstance(size, list) or len(size) != 2 or not all(type(side) is int and side > 0 for side in size):
        raise ValueError("run lengths need a size of two whole numbers, height and width")
    height, width = size
    if height * width > MOST_PIXELS:
        raise ValueError(f"the run lengths' size {width}x{height} is that of no picture")
    numbers = _compressed(counts) if isinstance(counts, str) else _listed(counts)
    if any(number < 0 for number in numbers) or sum(numbers) != height * width:
        raise ValueError(f"the run lengths do not fill their {width}x{height} pixels")
    return RunLengths((width, height), tuple(numbers))


def compressed(mask: Mask) -> dict[str, object]:
    """`(H, W)` → size and counts as a label file says them. Raises NotThere: pycocotools is not installed."""
    with data_extra():
        from pycocotools.mask import encode
    coded = encode(np.asfortranarray(mask, np.uint8))
    return {"size": [int(side) for side in coded["size"]], "counts": coded["counts"].decode("ascii")}


def _listed(counts: object) -> list[int]:
    if not isinstance(counts, list) or not all(type(count) is int for count in counts):
        raise ValueError("run lengths need counts, a list of whole numbers or a text")
    return counts


def _compressed(counts: str) -> list[int]:
    groups = np.array([ord(letter) - 48 for letter in counts], np.int64)
    if not len(groups) or ((groups < 0) | (groups > 63)).any() or groups[-1] & 32:
        raise ValueError("the run lengths' text is damaged or cut short")
    ends = np.flatnonzero(groups & 32 == 0)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > _LONGEST_GROUP:
        raise ValueError("the run lengths' text is damaged or cut short")
    places = 5 * (np.arange(len(groups)) - np.repeat(starts, lengths))
    numbers = np.add.reduceat((groups & 31) << places, starts)
    numbers -= np.where(groups[ends] & 16, np.int64(1) << (5 * lengths), 0)
    return _summed(numbers)


def _summed(numbers: NDArray[np.int64]) -> list[int]:
    """Differences to the last but one, from the fourth number on, as the numbers themselves."""
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return [int(number) for number in numbers]
