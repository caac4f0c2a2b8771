"""How camera pictures become network inputs, the same on workstation and station; see docs/geometry.md.

picture ─align─▶ reference picture ─ROI─▶ region ─┬─tiles, padding, masks─▶ network inputs
                                                  └─▶ what the quality gate measures, one whatever the tiles
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.alignment import REDUCED_PX, Aligner
from models.decision import Box
from models.errors import BadPicture, PackageError
from models.geometry_entry import AlignEntry, GeometrySpec
from models.layout import Layout, Size
from models.pose import Affine, Pose
from models.preprocess import check_picture, inputs_of
from models.tiling import Mosaic, one_view
from models.way_back import WayBack

_ROUNDING_PX = 1.0


@dataclass(frozen=True, slots=True)
class Cut:
    """The region of one picture: `(h, w[, 3])`, a view of the picture where nothing moved.

    `aligned`: False where the part was not found; `region` then is where it should have been.
    """

    region: NDArray[np.uint8]
    pose: Pose | None
    aligned: bool


@dataclass(frozen=True, slots=True)
class Framed:
    """What a network and a gate see of one picture; see `models.prepared.Prepared`."""

    inputs: NDArray[np.uint8]
    overview: NDArray[np.uint8]
    pose: Pose | None
    aligned: bool


class Geometry:
    """One geometry for one network input of (width, height) `size`; one thread at a time.

    Raises:
        PackageError: what it needs of the package is not there, or does not fit.
    """

    def __init__(self, spec: GeometrySpec, size: Size, files: Mapping[str, bytes] | None = None) -> None:
        self.spec, self.size = spec, size
        self._layouts: dict[Size, Layout] = {}
        self._aligner = None if spec.align is None else load_aligner(spec.align, files or {})
        if spec.needs_picture_size and spec.picture_px is None:
            raise PackageError("masks and tiles need roi, polygon or picture_px; add one of them")
        if self.fixed_size is not None:
            self._try(self.fixed_size)

    @property
    def fixed_size(self) -> Size | None:
        """A size of pictures that shows what all views look like; None where they depend on the picture.

        Then there is one view, all of which scores but the padding.
        """
        if self.spec.picture_px is not None or self.spec.box is None:
            return self.spec.picture_px
        return self.spec.box.x + self.spec.box.w, self.spec.box.y + self.spec.box.h

    @property
    def views(self) -> int:
        """How many views a picture has."""
        return 1 if self.fixed_size is None else len(self.layout(self.fixed_size).views)

    def layout(self, picture: Size) -> Layout:
        """The views of pictures of (width, height).

        Raises:
            BadPicture: the geometry is not for such pictures.
        """
        if picture not in self._layouts:
            # A camera has one size; whatever else comes by is not kept.
            self._layouts = {picture: Layout(self.spec, picture, self.size)}
        return self._layouts[picture]

    def alone(self, view: int, picture: Size | None = None) -> Callable[[Size], Mosaic]:
        """Mosaics of one view of a picture by itself; `picture`: (width, height), where not all are of one size.

        Raises:
            PackageError: there is no such view.
            BadPicture: the geometry is not for such pictures.
        """
        size = picture or self.fixed_size
        layout = None if size is None else self.layout(size)
        if view >= self.views:
            raise PackageError(f"the geometry has no view {view}; export the package again")
        if layout is None:
            return one_view
        return lambda grid: Mosaic(grid, ((0, 0),), (layout.mosaic(grid).scoring[view],))

    def frame(self, image: NDArray[np.uint8]) -> Framed:
        """Everything that comes before the network.

        Args:
            image: `(H, W, 3)` BGR or `(H, W)` gray, uint8; may be write-protected; is not kept.

        Raises:
            BadPicture: this is no picture the model can judge.
        """
        cut = self.cut(image)
        layout = self.layout((image.shape[1], image.shape[0]))
        inputs = inputs_of(cut.region, layout)
        # One view of the whole region shows the gate all there is; paint and padding would be edges it could focus on.
        overview = inputs[0] if layout.is_plain else cut.region
        return Framed(inputs, overview, cut.pose, cut.aligned)

    def cut(self, image: NDArray[np.uint8]) -> Cut:
        """The region, brought to the reference picture's place where alignment is asked for; warped at most once.

        Raises:
            BadPicture: this is no picture the model can judge.
        """
        check_picture(image)
        size = (image.shape[1], image.shape[0])
        box = self.layout(size).roi
        unmoved = self.region_by(None, image)
        check_picture(unmoved)
        if self._aligner is None:
            return Cut(unmoved, None, aligned=True)
        pose = self._aligner(image)
        if pose is None or not self._sees_all(pose, box, size):
            return Cut(unmoved, None, aligned=False)
        return Cut(self.region_by(pose, image), pose, aligned=True)

    def region_by(self, pose: Pose | None, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The region of `(H, W[, 3])` as a pose places it; a view where that moves nothing."""
        box = self.layout((image.shape[1], image.shape[0])).roi
        if pose is None or not pose.moved:
            return image[box.y : box.y + box.h, box.x : box.x + box.w]
        to_region = np.asarray(pose.matrix, np.float64) - np.array([[0.0, 0.0, box.x], [0.0, 0.0, box.y]])
        return _warped(image, to_region, (box.w, box.h))

    def way_back(self, picture: Size, grid: Size, pose: Pose | None) -> WayBack:
        """From places of a map of (width, height) `grid` to pixels of a picture."""
        layout = self.layout(picture)
        return WayBack(layout.roi, layout.canvas, grid, picture, pose, self.spec.mm_per_px)

    def _sees_all(self, pose: Pose, box: Box, size: Size) -> bool:
        """Whether the camera picture holds the whole region; what it does not hold could hide a defect."""
        outline = self.spec.polygon or (
            (box.x, box.y),
            (box.x + box.w, box.y),
            (box.x + box.w, box.y + box.h),
            (box.x, box.y + box.h),
        )
        corners = pose.to_picture(np.asarray(outline, np.float64) - 0.5) + 0.5
        return bool((corners >= -_ROUNDING_PX).all() and (corners <= np.array(size) + _ROUNDING_PX).all())

    def _try(self, picture: Size) -> None:
        try:
            self.layout(picture)
        except (ValueError, BadPicture) as error:
            raise PackageError(str(error)) from error


def load_aligner(entry: AlignEntry, files: Mapping[str, bytes]) -> Aligner:
    """The aligner that a package's geometry asks for.

    Raises:
        PackageError: its reference picture is missing, another one, or shows nothing to align by.
    """
    content = files.get(entry.reference or "")
    box = entry.box
    if content is None or box is None or entry.reference is None:
        raise PackageError("the reference picture of the alignment is missing; export the package again")
    if hashlib.sha256(content).hexdigest() != entry.reference_sha256:
        raise PackageError(f"{entry.reference} is not the reference picture that the geometry names; get it again")
    header = content[:8] == b"\x89PNG\r\n\x1a\n" and content[12:16] == b"IHDR"
    sides = (int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big"))
    small = header and max(sides) <= REDUCED_PX
    gray = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED) if small else None
    if gray is None or gray.ndim != 2 or gray.dtype != np.uint8:
        raise PackageError(f"{entry.reference} is no gray PNG of at most {REDUCED_PX} px; export the package again")
    try:
        return Aligner(entry, box, np.asarray(gray, np.uint8))
    except ValueError as error:
        raise PackageError(f"{entry.reference}: {error}") from error


def _warped(image: NDArray[np.uint8], to_region: Affine, size: Size) -> NDArray[np.uint8]:
    """Only the piece that is needed is read: what `cv2.warpAffine` costs goes by the size of its result."""
    return np.asarray(
        cv2.warpAffine(image, to_region, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
