"""Find the part: the pose that brings a picture onto the reference picture.

- `phase`: translation by phase correlation (Kuglin & Hines, 1975; OpenCV's subpixel peak).
- `ecc`: translation and rotation, or an affine motion, by the enhanced correlation coefficient (Evangelidis &
  Psarakis, "Parametric image alignment using enhanced correlation coefficient maximization", PAMI 2008), from where
  phase correlation points.
- `orb`: a similarity by ORB features (Rublee et al., ICCV 2011) and RANSAC, for parts that lie turned.

Measured on gray reductions of at most 320 px. What a method finds counts only when it lies within the limits and the
normalized correlation with the reference rises by it; a part that lies in its place already is left there. Everything
else is no pose at all, and the picture is not judged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.decision import Box
from models.geometry_entry import AlignEntry
from models.pose import IDENTITY, Affine, Pose, applied, as_rows, inverted, joined

REDUCED_PX = 320
_SAME_PLACE_PX = 1.0
_LEAST_SHARED = 0.5
_BLUR = 2.0
_LEAST_GRADIENT = 0.25
_ECC_STEPS = 50
_ECC_PRECISION = 1e-4
_FEATURES = 400
_LEAST_FEATURES = 40
_LEAST_MATCHES = 8
_RATIO = 0.8
_REPROJECTION_PX = 2.0
_SCALE_ROUNDING = 0.002  # the reduction's whole pixels

Gray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Reduction:
    """A piece of a picture as a small gray one. `to_small`: the picture's pixels → the small one's."""

    gray: Gray
    to_small: Affine


def reduce(image: NDArray[np.uint8], box: Box, scale: float) -> Reduction:
    """`box` of `(H, W[, 3])`, `scale` times as large."""
    piece = image[box.y : box.y + box.h, box.x : box.x + box.w]
    size = (max(8, round(box.w * scale)), max(8, round(box.h * scale)))
    small = np.asarray(cv2.resize(piece, size, interpolation=cv2.INTER_AREA), np.uint8)
    gray = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY) if small.ndim == 3 else small
    return Reduction(np.asarray(gray, np.uint8), _to_small(box, size))


def reference_of(image: NDArray[np.uint8], region: Box) -> Gray:
    """What a package keeps of the reference picture.

    Raises:
        ValueError: it shows nothing to align by.
    """
    gray = reduce(image, region, scale_of(region)).gray
    refuse_bare(gray)
    return gray


def scale_of(region: Box) -> float:
    return min(1.0, REDUCED_PX / max(region.w, region.h))


def refuse_bare(reference: Gray) -> None:
    """Raises ValueError where a picture has no edges, or all in one direction: it would fit anywhere along them."""
    if min(reference.shape) < 16:
        raise ValueError(
            f"the reference is only {reference.shape[1]}x{reference.shape[0]} pixels; give a larger align.region"
        )
    smooth = cv2.GaussianBlur(reference.astype(np.float32), (0, 0), _BLUR)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(smooth, cv2.CV_32F, 0, 1) / 8
    tensor = np.array([[(across**2).mean(), (across * down).mean()], [(across * down).mean(), (down**2).mean()]])
    if math.sqrt(max(0.0, float(np.linalg.eigvalsh(tensor)[0]))) < _LEAST_GRADIENT:
        raise ValueError(
            "the reference shows nothing to align by: it needs edges in two directions; choose another picture or "
            "align.region, or leave align out"
        )


class Aligner:
    """Finds the part of one geometry; one thread at a time.

    Raises:
        ValueError: there is nothing in the reference to align by.
    """

    def __init__(self, entry: AlignEntry, region: Box, reference: Gray) -> None:
        refuse_bare(reference)
        self._entry, self._region, self._reference = entry, region, reference
        self._scale = reference.shape[1] / region.w
        self._to_small = _to_small(region, (reference.shape[1], reference.shape[0]))
        self._as_float = reference.astype(np.float32)
        # Not given to phaseCorrelate: where no padding is needed, it would multiply the pictures themselves by it.
        self._window = cv2.createHanningWindow((reference.shape[1], reference.shape[0]), cv2.CV_32F)
        self._windowed = self._as_float * self._window
        self._orb = cv2.ORB.create(_FEATURES)
        self._features = self._orb.detectAndCompute(reference, None) if entry.method == "orb" else ((), None)
        if entry.method == "orb" and len(self._features[0]) < _LEAST_FEATURES:
            raise ValueError(
                f"the reference has {len(self._features[0])} ORB features, {_LEAST_FEATURES} are the least; choose "
                'method "ecc" or a larger align.region'
            )

    def __call__(self, image: NDArray[np.uint8]) -> Pose | None:
        """The pose of `(H, W[, 3])`; None where none can be trusted."""
        around = self._around(image)
        stays = joined(inverted(self._to_small), around.to_small)  # reference → window, both small, without any motion
        before = self._similarity(around.gray, stays)
        found = self._found(image, around, stays)
        if found is None:
            return None
        after = self._similarity(around.gray, found)
        to_reference = inverted(joined(joined(self._to_small, found), inverted(around.to_small)))
        moved_px = np.abs(applied(found, self._corners) - applied(stays, self._corners)).max()
        if after > before and after >= self._entry.min_similarity:
            return self._within_limits(to_reference, before, after)
        if moved_px <= _SAME_PLACE_PX and before >= self._entry.min_similarity:
            return Pose(IDENTITY, before, before, 0.0, 0.0)
        return None

    @property
    def _corners(self) -> NDArray[np.float64]:
        height, width = self._reference.shape
        return np.array([(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)], np.float64)

    def _around(self, image: NDArray[np.uint8]) -> Reduction:
        """The region and as much around it as the part may have moved."""
        box, room = self._region, math.ceil(self._entry.max_shift_px)
        left, top = max(0, box.x - room), max(0, box.y - room)
        right, bottom = min(image.shape[1], box.x + box.w + room), min(image.shape[0], box.y + box.h + room)
        window = reduce(image, Box(left, top, right - left, bottom - top), self._scale)
        # Whole pixels make its scale a little other than the reference's, which a pure motion could not express.
        (across, _, _), (_, down, _) = self._to_small
        exact = np.array([[across, 0.0, (0.5 - left) * across - 0.5], [0.0, down, (0.5 - top) * down - 0.5]])
        size = (window.gray.shape[1], window.gray.shape[0])
        way = joined(inverted(window.to_small), exact)
        same = cv2.warpAffine(window.gray, way, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return Reduction(np.asarray(same, np.uint8), exact)

    def _found(self, image: NDArray[np.uint8], around: Reduction, stays: Affine) -> Affine | None:
        """Small reference → small window, as the method sees it."""
        if self._entry.method == "orb":
            return self._by_features(around.gray)
        shifted = self._by_phase(image, around)
        if self._entry.method == "phase":
            return shifted
        start = max(stays, shifted, key=lambda way: self._similarity(around.gray, way))
        return self._by_ecc(around.gray, start)

    def _by_phase(self, image: NDArray[np.uint8], around: Reduction) -> Affine:
        """Twice: what the first look brings into the middle, the second sees whole."""
        place = self._region
        for _ in range(2):
            seen = reduce(image, place, self._scale)
            (x, y), _ = cv2.phaseCorrelate(self._windowed, seen.gray.astype(np.float32) * self._window)
            shift = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
            way = joined(shift, joined(inverted(seen.to_small), around.to_small))
            place = _moved(place, round(x / self._scale), round(y / self._scale), image)
        return way

    def _by_ecc(self, window: Gray, start: Affine) -> Affine | None:
        motion = cv2.MOTION_EUCLIDEAN if self._entry.motion == "euclidean" else cv2.MOTION_AFFINE
        until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _ECC_STEPS, _ECC_PRECISION)
        try:
            _, found = cv2.findTransformECC(
                self._reference, window, start.astype(np.float32), motion, until, np.empty(0), 5
            )
        except cv2.error:  # OpenCV's word for: it does not converge
            return None
        return np.asarray(found, np.float64)

    def _by_features(self, window: Gray) -> Affine | None:
        points, descriptors = self._orb.detectAndCompute(window, None)
        known = self._features[1]
        if known is None or descriptors is None or len(points) < _LEAST_MATCHES:
            return None
        pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(known, descriptors, k=2)
        clear = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < _RATIO * pair[1].distance]
        if len(clear) < _LEAST_MATCHES:
            return None
        here = np.array([self._features[0][match.queryIdx].pt for match in clear], np.float32)
        there = np.array([points[match.trainIdx].pt for match in clear], np.float32)
        found, agree = cv2.estimateAffinePartial2D(
            here, there, method=cv2.RANSAC, ransacReprojThreshold=_REPROJECTION_PX
        )
        if found is None or int(agree.sum()) < _LEAST_MATCHES:
            return None
        return np.asarray(found, np.float64)

    def _similarity(self, window: Gray, way: Affine) -> float:
        """Normalized correlation of the reference with what lies there, -1 where too little of it is seen."""
        size = (self._reference.shape[1], self._reference.shape[0])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(window, way, size, flags=flags)
        covered = cv2.warpAffine(np.full(window.shape, 255, np.uint8), way, size, flags=flags)
        whole = np.asarray(covered == 255, np.uint8)
        if cv2.countNonZero(whole) < _LEAST_SHARED * self._reference.size:
            return -1.0
        (here, here_spread), (there, there_spread) = (
            (float(value[0, 0]) for value in cv2.meanStdDev(one, mask=whole)) for one in (self._reference, seen)
        )
        together = cv2.mean(cv2.multiply(self._as_float, seen, dtype=cv2.CV_32F), mask=whole)[0]
        spreads = here_spread * there_spread
        return (together - here * there) / spreads if spreads > 0 else -1.0

    def _within_limits(self, to_reference: Affine, before: float, after: float) -> Pose | None:
        box, limits = self._region, self._entry
        middle = np.array([(box.x + (box.w - 1) / 2, box.y + (box.h - 1) / 2)])
        shift_px = float(np.linalg.norm(applied(inverted(to_reference), middle) - middle))
        angle_deg = math.degrees(math.atan2(to_reference[0, 1], to_reference[0, 0]))
        scales = np.linalg.svd(to_reference[:, :2], compute_uv=False)
        mirrored = float(np.linalg.det(to_reference[:, :2])) <= 0
        stretched = float(np.abs(scales - 1.0).max()) > limits.max_scale + _SCALE_ROUNDING
        if mirrored or stretched or shift_px > limits.max_shift_px or abs(angle_deg) > limits.max_angle_deg:
            return None
        return Pose(as_rows(to_reference), before, after, shift_px, angle_deg)


def _to_small(box: Box, size: tuple[int, int]) -> Affine:
    across, down = size[0] / box.w, size[1] / box.h
    return np.array([[across, 0.0, (0.5 - box.x) * across - 0.5], [0.0, down, (0.5 - box.y) * down - 0.5]], np.float64)


def _moved(box: Box, x: int, y: int, image: NDArray[np.uint8]) -> Box:
    """The box shifted, as far as the picture goes."""
    left = min(max(box.x + x, 0), image.shape[1] - box.w)
    top = min(max(box.y + y, 0), image.shape[0] - box.h)
    return Box(left, top, box.w, box.h)
