"""Looks at every picture of a data set once before it is taken in: nothing unreadable, made up or contrary passes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from models.errors import BadPicture
from models.picture_file import decode_picture
from training.data.synthetic_mark import is_synthetic
from training.errors import BadData
from training.formats.item import EMPTY, GOOD, Item


@dataclass(frozen=True, slots=True)
class Looked:
    """One picture: as it may be taken in, or why not. `outside`: marks that reach beyond its edges."""

    item: Item
    fault: str = ""
    synthetic: bool = False
    outside: int = 0


def look(items: Iterable[Item], told: Callable[[Iterable[Looked]], Iterable[Looked]]) -> list[Looked]:
    """Every picture and its masks, decoded by as many threads as there are cores; `told` passes them on and counts."""
    pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="look")
    try:
        return list(told(pool.map(_look, items)))
    finally:
        # Whoever stops it does not wait for all that was still to be looked at.
        pool.shutdown(cancel_futures=True)


def without_blank_masks(item: Item) -> Item:
    """A picture of no defect's class without those of its masks that mark nothing.

    Raises:
        BadData: one of a good or empty picture marks something, or one cannot be read.
    """
    clean = {GOOD, EMPTY} & set(item.labels)
    if not item.rasters or (item.labels and not clean):
        return item
    painted = tuple(raster for raster in item.rasters if np.any(raster.read()))
    if painted and clean:
        raise BadData(f"{item.name} is said to be good or empty, but its mask marks a defect; correct one of the two")
    return replace(item, rasters=painted)


def _look(item: Item) -> Looked:
    try:
        content = item.path.read_bytes()
        if is_synthetic(content):
            return Looked(item, synthetic=True)
        height, width = decode_picture(item.path.name, np.frombuffer(content, np.uint8)).shape[:2]
        for raster in item.rasters:
            mask = raster.read()
            if mask.shape != (height, width):
                sizes = f"{mask.shape[1]}x{mask.shape[0]} pixels for a picture of {width}x{height}"
                return Looked(item, f"{item.name} has a mask of {sizes}; draw it again")
        reaching = sum(not _inside(shape.bounds, width, height) for shape in item.shapes)
        return Looked(without_blank_masks(item), outside=reaching)
    except (BadPicture, BadData) as error:
        return Looked(item, str(error))
    except OSError as error:
        return Looked(item, f"{item.name} cannot be read ({error.strerror}); check the file")


def _inside(bounds: tuple[float, float, float, float], width: int, height: int) -> bool:
    left, top, right, bottom = bounds
    # A click on the very edge may lie a pixel beyond it.
    return left >= -1 and top >= -1 and right <= width + 1 and bottom <= height + 1
