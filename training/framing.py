"""From the geometry that a training is asked for to the one that its package holds."""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.alignment import reference_of
from models.decision import Box
from models.errors import PackageError
from models.geometry import Geometry
from models.geometry_entry import AlignEntry, GeometrySpec, said
from training.data.dataset import DataSet, Picture
from training.data.pictures import decode_known
from training.errors import BadData, NotThere

_REFERENCE = "geometry/reference.png"
# Proportions that differ more are kept, and what is missing is padded.
_BENT = 1.05
# With more sizes than so many a picture, each was cut along its part. Stretched, the same place of each part comes to
# the same place of the input; padded, what differs most between pictures is where their padding begins.
_CUT_ALONE = 0.5


@dataclass(frozen=True, slots=True)
class Settled:
    """A geometry with all that a station needs of it; `files` are to lie in the package."""

    spec: GeometrySpec
    files: Mapping[str, bytes]


def asked_geometry(path: Path | None, roi: tuple[int, int, int, int] | None) -> GeometrySpec:
    """The geometry of a file, or a rectangle alone, or the whole picture.

    Raises:
        NotThere, BadData: as `read_geometry`; or both are given.
    """
    if path is not None and roi is not None:
        raise BadData("give --roi or --geometry, not both; write roi into the file")
    if path is not None:
        return read_geometry(path)
    return GeometrySpec() if roi is None else GeometrySpec(roi=roi)


def read_geometry(path: Path) -> GeometrySpec:
    """A geometry from a TOML file: the keys of a recipe's `[geometry]`, in such a table or without one.

    Raises:
        NotThere: the file cannot be read.
        BadData: it is no geometry; the first thing that is wrong, and where.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotThere(f"{path} cannot be read ({error.strerror}); check the path and its rights") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadData(f"{path} is no valid TOML ({error}); correct it there") from error
    try:
        return GeometrySpec.model_validate(content.get("geometry", content))
    except ValueError as error:
        raise BadData(f"{path}: {said(error)}") from error


def settle(asked: GeometrySpec, data: DataSet, read: Callable[[Picture], NDArray[np.uint8]] = decode_known) -> Settled:
    """The geometry for pictures of a data set, its reference picture taken from there by `read`.

    Raises:
        BadData: it does not fit the pictures.
    """
    given = asked.model_dump(exclude_unset=True)
    if len(data.sizes) > 1:
        refuse_pixels(asked, data)
        if "fit" not in given and _differ(data) and not _cut_one_by_one(data):
            given["fit"] = "pad"
        return Settled(GeometrySpec.model_validate(given), {})
    if set(given) - {"roi", "mm_per_px"}:
        if asked.picture_px not in (None, data.size):
            raise BadData(f"the geometry is drawn on pictures of {asked.picture_px}, these are of {data.size}")
        given["picture_px"] = data.size
    files: dict[str, bytes] = {}
    try:
        if asked.align is not None and asked.box is not None:
            files[_REFERENCE] = _reference(asked.align, asked.align.box or asked.box, data, read)
            given["align"] = asked.align.model_dump(exclude_unset=True) | {
                "region": _rectangle(asked.align.box or asked.box),
                "reference": _REFERENCE,
                "reference_sha256": hashlib.sha256(files[_REFERENCE]).hexdigest(),
            }
        return Settled(GeometrySpec.model_validate(given), files)
    except ValueError as error:
        raise BadData(f"the geometry does not fit the pictures: {said(error)}") from error


def refuse_pixels(asked: GeometrySpec, data: DataSet) -> None:
    """Let only a geometry pass that pictures of any size can go through, where they have several.

    Raises:
        BadData: it names pixels.
    """
    named = sorted(asked.model_dump(exclude_defaults=True).keys() - {"fit", "mm_per_px"})
    if named:
        raise BadData(
            f"the pictures have {len(data.sizes)} sizes, and {', '.join(named)} of the geometry "
            f"{'is' if len(named) == 1 else 'are'} in pixels of one; take all pictures with one camera setting, or "
            "leave that out"
        )


def _differ(data: DataSet) -> bool:
    """Whether stretching all pictures to one shape would bend what some of them show."""
    width, height = data.size
    return any(abs(math.log(w / h * height / width)) > math.log(_BENT) for w, h in data.sizes)


def _cut_one_by_one(data: DataSet) -> bool:
    """Whether the frame of a picture is the outline of what it shows, rather than what a camera was set to."""
    return len({one.size for one in data.pictures}) > _CUT_ALONE * len(data.pictures)


def geometry_for(settled: Settled, size: tuple[int, int]) -> Geometry:
    """For a network input of (width, height).

    Raises:
        BadData: they do not go together.
    """
    try:
        return Geometry(settled.spec, size, settled.files)
    except PackageError as error:
        raise BadData(f"the geometry does not fit: {error}") from error


def _reference(align: AlignEntry, region: Box, data: DataSet, read: Callable[[Picture], NDArray[np.uint8]]) -> bytes:
    picture = _named(align.reference, data)
    if region.x + region.w > picture.size[0] or region.y + region.h > picture.size[1]:
        raise ValueError(f"align.region {region.w}x{region.h} at {region.x},{region.y} lies outside the pictures")
    try:
        gray = reference_of(read(picture), region)
    except ValueError as error:
        raise ValueError(f"align.reference {picture.name}: {error}") from error
    written, png = cv2.imencode(".png", gray, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    if not written:
        raise ValueError("cv2 could not encode the reference as PNG")
    return png.tobytes()


def _named(name: str | None, data: DataSet) -> Picture:
    """The picture of that name, or the first good one."""
    if name is None:
        return data.good[0]
    for picture in data.good:
        if name == picture.name:
            return picture
    raise ValueError(
        f"align.reference {name} is no good picture of the data set; name one, such as {data.good[0].name}"
    )


def _rectangle(box: Box) -> tuple[int, int, int, int]:
    return box.x, box.y, box.w, box.h
