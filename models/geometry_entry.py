"""What a geometry says, in a package's manifest, a recipe and `okng train --geometry` alike; see docs/geometry.md.

All figures are pixels of the camera picture that the geometry was drawn on; with alignment, of the reference picture.
The hash binds certificates: it is of all that changes what a network sees. A picture's scale in millimetres does not.
Longer than 300 lines, because one schema with all that it refuses is read in one go.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from models.decision import Box
from models.entry import Entry, FileName, Finite, Sha256
from models.errors import BadPicture
from models.masking import filled
from models.zones import Zone

MAX_SIDE_PX = 16_384
MAX_TILES = 64
_MOST_MASKS = 32

# Written as lists in TOML and JSON; what stands in them is as strict as everywhere.
Point = Annotated[tuple[Finite, Finite], Field(strict=False)]
Polygon = Annotated[tuple[Point, ...], Field(strict=False, min_length=3, max_length=64)]
_Side = Annotated[int, Field(ge=1, le=MAX_SIDE_PX)]
_Start = Annotated[int, Field(ge=0, le=MAX_SIDE_PX)]
Rectangle = Annotated[tuple[_Start, _Start, _Side, _Side], Field(strict=False)]
PictureSize = Annotated[tuple[_Side, _Side], Field(strict=False)]


class AlignEntry(Entry):
    """How the part is found before anything is cut.

    `region`: where the reference picture shows the part; the ROI's own rectangle when left out. `reference`: in a
    package, its file; for a training, a picture of the data set. A pose is refused beyond the three limits, below
    `min_similarity`, and when it does not make the picture more like the reference.
    """

    method: Literal["phase", "ecc", "orb"]
    motion: Literal["euclidean", "affine"] = "euclidean"
    region: Rectangle | None = None
    reference: FileName | None = None
    reference_sha256: Sha256 | None = None
    max_shift_px: float = Field(40.0, gt=0.0, le=MAX_SIDE_PX, allow_inf_nan=False)
    max_angle_deg: float = Field(10.0, ge=0.0, le=180.0, allow_inf_nan=False)
    max_scale: float = Field(0.05, ge=0.0, le=0.5, allow_inf_nan=False)
    min_similarity: float = Field(0.5, ge=0.2, lt=1.0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _only_ecc_is_affine(self) -> Self:
        if self.motion == "affine" and self.method != "ecc":
            raise ValueError(f'motion "affine" needs method "ecc"; with "{self.method}" leave motion out')
        return self

    @property
    def box(self) -> Box | None:
        return None if self.region is None else Box(*self.region)


class TilesEntry(Entry):
    """Overlapping pieces of the ROI, each a network input of its own."""

    width_px: int = Field(ge=32, le=MAX_SIDE_PX)
    height_px: int = Field(ge=32, le=MAX_SIDE_PX)
    overlap_px: int = Field(0, ge=0, le=MAX_SIDE_PX)

    @model_validator(mode="after")
    def _goes_on(self) -> Self:
        if self.overlap_px >= min(self.width_px, self.height_px):
            raise ValueError(
                f"tiles of {self.width_px}x{self.height_px} cannot overlap by {self.overlap_px} px; "
                "overlap_px must be smaller than a tile"
            )
        return self


class GeometrySpec(Entry):
    """Where a model looks. Everything may be left out: the whole picture, stretched to the network's input.

    `picture_px`: size of the pictures that the rest was drawn on. `polygon` instead of `roi`: what lies outside never
    scores, as what lies in one of `masks`. `fit`: "pad" keeps the proportions, and the padding never scores.
    """

    roi: Rectangle | None = None
    polygon: Polygon | None = None
    masks: Annotated[tuple[Polygon, ...], Field(strict=False, max_length=_MOST_MASKS)] = ()
    picture_px: PictureSize | None = None
    fit: Literal["stretch", "pad"] = "stretch"
    tiles: TilesEntry | None = None
    align: AlignEntry | None = None
    mm_per_px: float | None = Field(None, gt=0.0, le=1000.0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _polygons_have_an_inside(self) -> Self:
        if self.roi is not None and self.polygon is not None:
            raise ValueError("give roi or polygon, not both; the polygon's own rectangle is cut out")
        for name, points in [("polygon", self.polygon), *((f"masks[{i}]", one) for i, one in enumerate(self.masks))]:
            if points is not None:
                Zone(name, points)
        if self.polygon is not None and min(min(point) for point in self.polygon) < 0:
            raise ValueError("polygon lies outside the picture; its corners start at 0")
        return self

    @model_validator(mode="after")
    def _lies_inside(self) -> Self:
        if self.picture_px is None:
            return self
        for name, box in (("roi" if self.polygon is None else "polygon", self.box), ("align.region", self._align_box)):
            if box is not None and (box.x + box.w > self.picture_px[0] or box.y + box.h > self.picture_px[1]):
                raise ValueError(f"{name} {outside(box, self.picture_px)}")
        return self

    @model_validator(mode="after")
    def _tiles_fit(self) -> Self:
        box, tiles = self._known_box, self.tiles
        if tiles is None:
            return self
        if self.fit == "pad":
            raise ValueError('tiles are made in the proportions of the network\'s input; leave fit = "pad" out')
        if box is not None and (tiles.width_px > box.w or tiles.height_px > box.h):
            raise ValueError(
                f"tiles of {tiles.width_px}x{tiles.height_px} are larger than the region of {box.w}x{box.h}; "
                "make them smaller or leave tiles out"
            )
        return self

    @model_validator(mode="after")
    def _something_is_left(self) -> Self:
        box = self._known_box
        if box is not None and (self.masks or self.polygon) and self.ignored(box).all():
            raise ValueError("the masks cover the whole region, so that nothing could score; make them smaller")
        return self

    @model_validator(mode="after")
    def _room_to_move(self) -> Self:
        if self.align is not None and self.box is None:
            raise ValueError(
                "alignment needs a region with some room around it: give roi or polygon, as far from the picture's "
                "edge as the part may move"
            )
        return self

    @property
    def box(self) -> Box | None:
        """The smallest rectangle around the region; None is the whole picture, whatever its size."""
        if self.polygon is None:
            return None if self.roi is None else Box(*self.roi)
        left, top = (int(np.floor(min(point[axis] for point in self.polygon))) for axis in (0, 1))
        right, bottom = (int(np.ceil(max(point[axis] for point in self.polygon))) for axis in (0, 1))
        return Box(left, top, right - left, bottom - top)

    @property
    def searched(self) -> Box | None:
        """The region and as far around it as alignment may find a part; None is the whole picture."""
        box = self.box
        if box is None or self.align is None:
            return box
        room = int(np.ceil(self.align.max_shift_px))
        left, top = max(0, box.x - room), max(0, box.y - room)
        return Box(left, top, box.x + box.w + room - left, box.y + box.h + room - top)

    @property
    def _known_box(self) -> Box | None:
        return self.box or (None if self.picture_px is None else Box(0, 0, *self.picture_px))

    @property
    def _align_box(self) -> Box | None:
        return None if self.align is None else self.align.box

    @property
    def needs_picture_size(self) -> bool:
        """Whether the views' masks cannot be told without the picture's size."""
        return self.box is None and bool(self.masks or self.tiles)

    def region_of(self, size: tuple[int, int]) -> Box:
        """The region's rectangle in a picture of (width, height).

        Raises:
            BadPicture: the picture is not the one the geometry was made for.
        """
        if self.picture_px is not None and size != self.picture_px:
            raise BadPicture(
                f"the picture of {size[0]}x{size[1]} is not of the {self.picture_px[0]}x{self.picture_px[1]} that the "
                "geometry was drawn on; set the camera to the size the model was trained with, or train again"
            )
        box = self.box or Box(0, 0, *size)
        refuse_outside(box, size)
        return box

    def region(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A view of the region's rectangle of `(H, W[, 3])`, not aligned; nothing is copied.

        Raises:
            BadPicture: as `region_of`.
        """
        return piece(image, self.region_of((image.shape[1], image.shape[0])))

    def ignored(self, box: Box) -> NDArray[np.bool_]:
        """`(h, w)` of a region's rectangle: the pixels that never score."""
        hidden = np.zeros((box.h, box.w), np.bool_) if self.polygon is None else ~filled(self.polygon, box)
        for mask in self.masks:
            hidden |= filled(mask, box)
        return hidden

    def digest(self) -> str:
        """Changes whenever a picture would be cut otherwise; certificates are bound to it."""
        left_out: dict[str, bool | set[str]] = {"hash": True, "mm_per_px": True, "align": {"reference"}}
        cuts = self.model_dump(mode="json", exclude=left_out, exclude_defaults=True, exclude_none=True)
        text = f"geometry 2 {json.dumps(cuts, sort_keys=True)}"
        if set(cuts) <= {"roi"}:
            text = "geometry 1 roi " + ("whole" if self.roi is None else ",".join(map(str, self.roi)))
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


class GeometryEntry(GeometrySpec):
    """The geometry of a package, whose hash its manifest names."""

    roi: Rectangle | None
    hash: str

    @model_validator(mode="after")
    def _hash_fits(self) -> Self:
        if self.digest() != self.hash:
            raise ValueError("the geometry hash does not belong to this region")
        return self

    @model_validator(mode="after")
    def _reference_is_named(self) -> Self:
        align = self.align
        if align is not None and None in (align.region, align.reference, align.reference_sha256):
            raise ValueError("alignment needs the reference picture's file, its sha256 and its region")
        return self


def sealed(spec: GeometrySpec) -> GeometryEntry:
    """A geometry as a manifest holds it."""
    given = {"roi": spec.roi, "hash": spec.digest()} | spec.model_dump(exclude_unset=True)
    return GeometryEntry.model_validate(given)


def resolved(asked: GeometrySpec | None, package: GeometryEntry) -> GeometrySpec:
    """The geometry in force, when a recipe asks for one: what only a package can hold is the package's.

    A recipe that gives nothing but `mm_per_px` keeps the rest.

    Raises:
        ValueError: it asks for what the package does not hold.
    """
    if asked is None:
        return package
    if asked.model_dump(exclude_defaults=True).keys() <= {"mm_per_px"}:
        return package.model_copy(update={"mm_per_px": asked.mm_per_px or package.mm_per_px})
    given = {**dict(asked), "mm_per_px": asked.mm_per_px or package.mm_per_px}
    if asked.picture_px is None:
        given["picture_px"] = package.picture_px
    elif package.picture_px not in (None, asked.picture_px):
        raise ValueError(f"picture_px is not the package's {package.picture_px}; draw the geometry on such a picture")
    if asked.align is not None:
        given["align"] = _with_reference(asked.align, package.align)
    return GeometrySpec.model_validate(given)


def _with_reference(asked: AlignEntry, package: AlignEntry | None) -> AlignEntry:
    if package is None:
        raise ValueError(
            "the package holds no reference picture to align to; train with align in the geometry, or leave align out"
        )
    for name in ("region", "reference", "reference_sha256"):
        if getattr(asked, name) not in (None, getattr(package, name)):
            raise ValueError(f"align.{name} is the package's; leave it out")
    held = {name: getattr(package, name) for name in ("region", "reference", "reference_sha256")}
    return asked.model_copy(update=held)


def said(error: ValueError) -> str:
    """What is wrong with a geometry, with its place, as far as it fits into one sentence."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}{': ' if place else ''}{first['msg'].removeprefix('Value error, ')}"


def piece(image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """A view of a rectangle of `(H, W[, 3])`.

    Raises:
        BadPicture: it does not lie inside the picture.
    """
    refuse_outside(box, (image.shape[1], image.shape[0]))
    return image[box.y : box.y + box.h, box.x : box.x + box.w]


def refuse_outside(box: Box, size: tuple[int, int]) -> None:
    """Raises BadPicture where a rectangle does not lie inside a picture of (width, height)."""
    if box.x + box.w > size[0] or box.y + box.h > size[1]:
        raise BadPicture(f"the region {outside(box, size)}")


def outside(box: Box, size: tuple[int, int]) -> str:
    """The end of a sentence about a rectangle that a picture of (width, height) does not hold."""
    return (
        f"{box.w}x{box.h} at {box.x},{box.y} does not fit the picture of {size[0]}x{size[1]}; "
        "set the camera to the size the model was trained with, or draw the region inside the picture"
    )
