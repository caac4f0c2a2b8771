"""Label Studio's painted masks: an RGBA picture, row by row, in the bit stream of thi.ng/rle-pack.

    32 bits  number of values        5 bits  word size - 1        4 x 4 bits  sizes of the run-length fields - 1
    then until all values are there:
     1 bit   1: one value repeated, 0: as many different ones
     2 bits  which of the four sizes       that many bits  number - 1
    word size bits: the value, or each of them

Only alpha is the mask. https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from training.data.marks import Mask

_CHANNELS, _ALPHA = 4, 3
_WORD_BITS = 8
_FIELD_BITS = (3, 4, 8, 16)
_FULL = 255
_OPAQUE_FROM = 128


def unpacked(data: bytes, size: tuple[int, int]) -> Mask:
    """`(H, W)`: where alpha is half or more; `size` is (width, height).

    Raises:
        ValueError: the bytes are cut short, or not of a picture of that size.
    """
    bits = _Bits(data)
    number = bits.take(32)
    if number != size[0] * size[1] * _CHANNELS:
        raise ValueError(f"its brush strokes are not of a picture of {size[0]}x{size[1]} pixels")
    word = bits.take(5) + 1
    fields = [bits.take(4) + 1 for _ in range(4)]
    values = np.zeros(number, np.uint8)
    at = 0
    while at < number:
        repeated = bits.take(1)
        end = at + 1 + bits.take(fields[bits.take(2)])
        if end > number:
            raise ValueError("its brush strokes are longer than their picture")
        if repeated:
            values[at:end] = min(bits.take(word), _FULL)
        else:
            values[at:end] = [min(bits.take(word), _FULL) for _ in range(end - at)]
        at = end
    alpha = values.reshape(size[1], size[0], _CHANNELS)[:, :, _ALPHA]
    return np.asarray(alpha >= _OPAQUE_FROM, np.bool_)


def packed(mask: Mask) -> bytes:
    """A mask `(H, W)` with all four channels full where it is set."""
    numbers = [(32, mask.size * _CHANNELS), (5, _WORD_BITS - 1), *((4, bits - 1) for bits in _FIELD_BITS)]
    for value, pixels in _runs(mask):
        for length in _pieces(pixels * _CHANNELS):
            field = next(index for index, bits in enumerate(_FIELD_BITS) if length <= 1 << bits)
            numbers += [(1, 1), (2, field), (_FIELD_BITS[field], length - 1), (_WORD_BITS, value)]
    digits = "".join(f"{number:0{bits}b}" for bits, number in numbers)
    digits += "0" * (-len(digits) % 8)
    return int(digits, 2).to_bytes(len(digits) // 8, "big")


def _runs(mask: Mask) -> Iterator[tuple[int, int]]:
    flat = mask.ravel()
    starts = np.concatenate(([0], np.flatnonzero(flat[1:] != flat[:-1]) + 1))
    for start, end in zip(starts, [*starts[1:], flat.size], strict=True):
        yield _FULL if flat[start] else 0, int(end - start)


def _pieces(length: int) -> Iterator[int]:
    longest = 1 << _FIELD_BITS[-1]
    while length > 0:
        yield min(length, longest)
        length -= longest


class _Bits:
    """Takes numbers off a stream of bits, the highest bit first."""

    def __init__(self, data: bytes) -> None:
        # As text: Python cuts it and reads numbers from it faster than it shifts through a long number.
        self._digits = f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}" if data else ""
        self._at = 0

    def take(self, bits: int) -> int:
        """Raises ValueError: there are not so many left."""
        end = self._at + bits
        if end > len(self._digits):
            raise ValueError("its brush strokes are cut short")
        number = int(self._digits[self._at : end], 2)
        self._at = end
        return number
