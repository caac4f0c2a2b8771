"""A mask as the rectangle that holds its pixels, as tools store it, and back."""

from __future__ import annotations

import numpy as np

from training.data.marks import Mask


def cropped(mask: Mask) -> tuple[int, int, Mask] | None:
    """(left, top, the rectangle's part of a mask `(H, W)`); None where no pixel is set."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    top, left = int(rows[0]), int(columns[0])
    return left, top, mask[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1]


def pasted(patch: Mask, left: int, top: int, size: tuple[int, int]) -> Mask:
    """`(H, W)` of the whole picture; `size` is its (width, height).

    Raises:
        ValueError: the patch reaches out of it.
    """
    height, width = patch.shape
    if left < 0 or top < 0 or left + width > size[0] or top + height > size[1]:
        raise ValueError("its mask lies outside the picture")
    mask = np.zeros((size[1], size[0]), np.bool_)
    mask[top : top + height, left : left + width] = patch
    return mask
