"""Painted masks of formats that hold one mask a class: what is read from a file, and what is written into one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np

from models.errors import BadPicture
from training.data.marks import Mask, ShapeKind, filled
from training.errors import BadData
from training.formats.item import Item
from training.formats.sizes import picture_size


def painted_reader(path: Path, above: int = 0) -> Callable[[], Mask]:
    """What `Raster.read` calls for a mask file whose gray levels above `above` are the class."""

    def read() -> Mask:
        try:
            stored = np.frombuffer(path.read_bytes(), np.uint8)
            gray = cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE) if stored.size else None
        except (OSError, cv2.error) as error:
            raise BadData(f"the mask {path} cannot be read; remove it or copy it again") from error
        if gray is None:
            raise BadData(f"the mask {path} is no readable picture; remove it or copy it again")
        return np.asarray(gray > above, np.bool_)

    return read


def class_pixels(item: Item, label: str) -> Mask | None:
    """`(H, W)`: all pixels that masks and polygons say of the class; None where no pixel is known of it.

    Raises:
        BadData: a mask cannot be read or is not as large as its picture, or the picture gives no size.
    """
    rasters = [raster for raster in item.rasters if raster.label == label]
    polygons = [shape for shape in item.shapes if shape.label == label and shape.kind is ShapeKind.POLYGON]
    if not rasters and not polygons:
        return None
    try:
        size = picture_size(item.path)
    except BadPicture as error:
        raise BadData(f"{item.name}: {error}") from error
    pixels = filled(polygons, size)
    for raster in rasters:
        mask = raster.read()
        if mask.shape != pixels.shape:
            raise BadData(
                f"a mask of {item.name} has {mask.shape[1]}x{mask.shape[0]} pixels, its picture {size[0]}x{size[1]}; "
                "draw it again"
            )
        pixels |= mask
    return pixels


def write_mask(path: Path, mask: Mask) -> None:
    """A PNG, black and white. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", mask.astype(np.uint8) * 255)[1].tobytes())


def further_classes(items: Iterable[Item]) -> tuple[str, ...]:
    """A sentence for each picture that has pixels of a class which is not its first: one mask a picture cannot say."""
    notes = []
    for item in items:
        painted = {raster.label for raster in item.rasters}
        painted |= {shape.label for shape in item.shapes if shape.kind is ShapeKind.POLYGON}
        more = sorted(painted - set(item.classes[:1]))
        if more:
            notes.append(f"{item.name}: the pixels of {', '.join(more)} are left out, a picture has one mask")
    return tuple(notes)
