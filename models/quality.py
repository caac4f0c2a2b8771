"""Is a picture fit to be judged? Light, contrast, colour, focus and place, against what the good pictures showed.

Everything is measured on one small reduction of what the model looks at, never on the tiles one by one.

- Light and contrast are mean and deviation of the gray values; clipping is the share of pixels at either end.
- Colour is the logarithm of blue over green and of red over green, means over the pixels that are clipped at neither
  end. More or less light cancels out, and another white balance adds a constant (the diagonal model of von Kries;
  Finlayson et al., "Color constancy at a pixel", 2001). A gray camera has none.
- Focus is the variance of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", 2000)
  over the variance of the picture itself, so that a dimmer lamp is not taken for a blurred lens.
- Place is the normalized correlation of a 32 x 32 gray thumbnail with the mean of the good ones. It is taught only
  where every good picture is much like that mean: parts in a fixture, or turned about the picture's middle. Where the
  picture was aligned, shift and angle tell it directly.
- A dead part of the sensor shows as adjacent rows or columns without any difference in them: noise alone makes some.

The margins are wide on purpose: this finds a lamp that is off, a lens or camera that was knocked, a shutter left open,
and not a part that only looks unusual; that is the model's work. docs/quality.md holds what they let through and catch.
Longer than 300 lines: what is measured and what it is held against belong together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from models.decision import Unfit
from models.errors import PackageError
from models.manifest import QualityEntry
from models.scorers import Floats, load_array

LONG_SIDE_PX = 320
MIN_SEEN = 5

_WHITE, _BLACK = 250, 5
_LIGHT_KEPT, _DARKEST_KEPT = 0.65, 0.85
_LIGHT_GAINED, _BRIGHTEST_GAINED = 1.4, 1.15
_HEADROOM_USED = 0.4
_LIGHT_SLACK = 4.0
_MORE_CLIPPED = 0.2
_CONTRAST_KEPT = 0.4
_FOCUS_KEPT = 0.5
_TINT_MARGIN = 0.12
_MIDTONES = (16, 240)
_MORE_BLANK = 0.05
_ALL_BLANK = 0.98
_POSE_SLACK = (5.0, 2.0)  # pixels, degrees
_POSE_GAINED = 1.5
_THUMBNAIL = 32
_ALIKE = 0.85
_LIKENESS_MARGIN = 0.05
_STATION_FACTOR = 2.0

Gray = NDArray[np.uint8]


class Placed(Protocol):
    """How far from its reference a part was found; `models.prepared.Pose` is one."""

    @property
    def shift_px(self) -> float: ...
    @property
    def angle_deg(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Quality:
    """`light` and `contrast`: mean and standard deviation of the gray values, 0..255; `saturated`, `blackened`: shares
    of pixels at the white and at the black end; `focus`: relative variance of the Laplacian, 0 for a picture without
    any edge; `thumbnail`: `(1024,)` of zero mean and unit length; `tint`: logarithms of blue and of red over green;
    `blank`: share of the longest run of rows or columns without a difference in them; `shift_px`, `angle_deg`: the
    alignment's, None without one.
    """

    light: float
    contrast: float
    saturated: float
    focus: float
    thumbnail: Floats
    blackened: float = 0.0
    tint: tuple[float, float] = (0.0, 0.0)
    blank: float = 0.0
    shift_px: float | None = None
    angle_deg: float | None = None


def reduced(picture: NDArray[np.uint8], long_side_px: int = LONG_SIDE_PX) -> NDArray[np.uint8]:
    """`(H, W[, 3])` brought down to `long_side_px`; a picture that is no larger comes back as it is."""
    scale = long_side_px / max(picture.shape[:2])
    if scale >= 1.0:
        return picture
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def measure(picture: NDArray[np.uint8], pose: Placed | None = None) -> Quality:
    """Quality of a small picture: see `reduced`.

    Args:
        picture: `(H, W, 3)` BGR or `(H, W)` gray, uint8.
        pose: where the alignment found the part.
    """
    gray = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if picture.ndim == 3 else picture, np.uint8)
    mean, deviation = (float(value[0, 0]) for value in cv2.meanStdDev(gray))
    edges = float(cv2.meanStdDev(cv2.Laplacian(gray, cv2.CV_16S))[1][0, 0])
    small = cv2.resize(gray, (_THUMBNAIL, _THUMBNAIL), interpolation=cv2.INTER_AREA)
    return Quality(
        light=mean,
        contrast=deviation,
        saturated=float(np.count_nonzero(gray >= _WHITE)) / gray.size,
        focus=(edges / deviation) ** 2 if deviation > 0 else 0.0,
        thumbnail=_unit(small.astype(np.float32).reshape(-1)),
        blackened=float(np.count_nonzero(gray <= _BLACK)) / gray.size,
        tint=_tint(picture, gray),
        blank=max(_longest_constant(gray, axis) for axis in (0, 1)),
        shift_px=pose.shift_px if pose is not None else None,
        angle_deg=pose.angle_deg if pose is not None else None,
    )


def _tint(picture: NDArray[np.uint8], gray: Gray) -> tuple[float, float]:
    if picture.ndim == 2:
        return 0.0, 0.0
    blue, green, red, _ = cv2.mean(picture, cv2.inRange(gray, *_MIDTONES))
    if min(blue, green, red) <= 0:
        return 0.0, 0.0
    return math.log(blue / green), math.log(red / green)


def _longest_constant(gray: Gray, axis: int) -> float:
    """Share of the longest run of adjacent columns (axis 0) or rows (axis 1) that are of one gray value each."""
    spread = gray.max(axis=axis) - gray.min(axis=axis)  # never below 0, so that uint8 is enough
    edges = np.flatnonzero(np.diff(np.concatenate(([False], spread == 0, [False])).astype(np.int8)))
    return float((edges[1::2] - edges[::2]).max(initial=0)) / len(spread)


def taught_by(pictures: Sequence[Quality], reference_name: str) -> tuple[QualityEntry, Floats | None]:
    """What good pictures look like, for the package: its entry and the reference thumbnail, if there can be one.

    How like the reference a good picture is, is measured without it: each against the mean of all others.
    """
    total = np.stack([one.thumbnail for one in pictures]).sum(axis=0)
    alike = sorted(max(0.0, float(_unit(total - one.thumbnail) @ one.thumbnail)) for one in pictures)
    taught = alike[0] >= _ALIKE
    place = {
        "reference": reference_name if taught else None,
        "likeness": (min(1.0, alike[0]), min(1.0, alike[len(alike) // 2])) if taught else None,
    }
    return _range_of(pictures).model_copy(update=place), _unit(total) if taught else None


def seen_in(measurements: Sequence[Quality]) -> QualityEntry:
    """What golden parts look like on this very station, with its own lens and lamp: limits for a recipe.

    The place stays the package's: see `on_station`.

    Raises:
        ValueError: fewer than `MIN_SEEN` measurements.
    """
    if len(measurements) < MIN_SEEN:
        raise ValueError(f"{len(measurements)} golden parts were measured, {MIN_SEEN} are the least; show more of them")
    return _range_of(measurements)


def on_station(package: QualityEntry, seen: QualityEntry) -> QualityEntry:
    """The package's entry with the limits that a recipe learned on its station; reference and likeness are kept.

    Raises:
        PackageError: what was seen is so far from what the model was taught with that the station must be mended.
    """
    darkest, brightest = package.light
    far = {
        "light": not (darkest / _STATION_FACTOR <= seen.light[0] and seen.light[1] <= brightest * _STATION_FACTOR),
        "contrast": seen.contrast_min < package.contrast_min / _STATION_FACTOR,
        "focus": seen.focus_min < package.focus_min / _STATION_FACTOR,
        "white pixels": seen.saturated_max > package.saturated_max + _MORE_CLIPPED,
        "black pixels": (seen.blackened_max or 0.0) > (package.blackened_max or 0.0) + _MORE_CLIPPED,
    }
    wrong = [name for name, is_far in far.items() if is_far]
    if wrong:
        raise PackageError(
            f"the golden parts differ too far from the training pictures in {', '.join(wrong)}; mend lamp and lens, "
            "or train with pictures of this station"
        )
    kept = {"reference": package.reference, "likeness": package.likeness, "long_side_px": package.long_side_px}
    return seen.model_copy(update=kept)


def _range_of(pictures: Sequence[Quality]) -> QualityEntry:
    blue, red = ([one.tint[channel] for one in pictures] for channel in (0, 1))
    poses = [
        (one.shift_px, abs(one.angle_deg)) for one in pictures if not (one.shift_px is None or one.angle_deg is None)
    ]
    aligned = len(poses) == len(pictures)
    return QualityEntry(
        light=(min(one.light for one in pictures), max(one.light for one in pictures)),
        contrast_min=min(one.contrast for one in pictures),
        saturated_max=max(one.saturated for one in pictures),
        focus_min=min(one.focus for one in pictures),
        reference=None,
        likeness=None,
        light_median=float(np.median([one.light for one in pictures])),
        long_side_px=LONG_SIDE_PX,
        blackened_max=max(one.blackened for one in pictures),
        tint=(min(blue), max(blue), min(red), max(red)),
        blank_max=max(one.blank for one in pictures),
        pose_max=(max(shift for shift, _ in poses), max(angle for _, angle in poses)) if aligned else None,
    )


class Gate:
    """Whether pictures are fit to be judged; one thread at a time."""

    def __init__(self, seen: QualityEntry, reference: Floats | None) -> None:
        self._seen, self._reference = seen, reference

    def measure(self, picture: NDArray[np.uint8], pose: Placed | None = None) -> Quality:
        """Quality of `(H, W[, 3])`, reduced as the limits were learned."""
        side = self._seen.long_side_px
        return measure(picture if side is None else reduced(picture, side), pose)

    def of(self, picture: Quality) -> Unfit | None:
        """The first thing that keeps a picture from being judged, or None."""
        checks = (self._incomplete, self._light, self._clipping, self._contrast, self._colour, self._focus, self._place)
        return next((unfit for unfit in (check(picture) for check in checks) if unfit is not None), None)

    def _incomplete(self, picture: Quality) -> Unfit | None:
        """A picture that is blank all over is dark, bright or flat, which says more."""
        most = self._seen.blank_max
        dead = most is not None and most + _MORE_BLANK < picture.blank < _ALL_BLANK
        return Unfit.INCOMPLETE if dead else None

    def _light(self, picture: Quality) -> Unfit | None:
        """Far from what is usual, and beyond every good picture: those may vary in light themselves."""
        darkest, brightest = self._seen.light
        usual = self._seen.light_median
        usual = math.sqrt(darkest * brightest) if usual is None else usual
        if picture.light < min(_LIGHT_KEPT * usual, _DARKEST_KEPT * darkest):
            return Unfit.DARK
        limit = max(_brighter(usual, _LIGHT_GAINED), _brighter(brightest, _BRIGHTEST_GAINED))
        return Unfit.BRIGHT if picture.light > limit else None

    def _clipping(self, picture: Quality) -> Unfit | None:
        if picture.saturated > self._seen.saturated_max + _MORE_CLIPPED:
            return Unfit.OVEREXPOSED
        most = self._seen.blackened_max
        return Unfit.UNDEREXPOSED if most is not None and picture.blackened > most + _MORE_CLIPPED else None

    def _contrast(self, picture: Quality) -> Unfit | None:
        return Unfit.FLAT if picture.contrast < _CONTRAST_KEPT * self._seen.contrast_min else None

    def _colour(self, picture: Quality) -> Unfit | None:
        if self._seen.tint is None:
            return None
        blue_low, blue_high, red_low, red_high = self._seen.tint
        ranges = ((blue_low, picture.tint[0], blue_high), (red_low, picture.tint[1], red_high))
        shifted = any(not low - _TINT_MARGIN <= value <= high + _TINT_MARGIN for low, value, high in ranges)
        return Unfit.DISCOLOURED if shifted else None

    def _focus(self, picture: Quality) -> Unfit | None:
        return Unfit.BLURRED if picture.focus < _FOCUS_KEPT * self._seen.focus_min else None

    def _place(self, picture: Quality) -> Unfit | None:
        if self._displaced(picture):
            return Unfit.DISPLACED
        if self._reference is None or self._seen.likeness is None:
            return None
        least, median = self._seen.likeness
        alike = float(self._reference @ picture.thumbnail)
        return Unfit.MOVED if alike < least - max(_LIKENESS_MARGIN, 2 * (median - least)) else None

    def _displaced(self, picture: Quality) -> bool:
        if self._seen.pose_max is None or picture.shift_px is None or picture.angle_deg is None:
            return False
        found = (picture.shift_px, abs(picture.angle_deg))
        limits = zip(found, self._seen.pose_max, _POSE_SLACK, strict=True)
        return any(value > _POSE_GAINED * most + slack for value, most, slack in limits)


def load_gate(entry: QualityEntry, files: Mapping[str, bytes], station: QualityEntry | None = None) -> Gate:
    """The gate a manifest describes; `station`: limits that a recipe learned on its own station.

    Raises:
        PackageError: the reference thumbnail has another type or shape, or see `on_station`.
    """
    in_force = entry if station is None else on_station(entry, station)
    if entry.reference is None:
        return Gate(in_force, None)
    reference = load_array(files, entry.reference, np.float32, (1,)).astype(np.float32)
    if reference.shape != (_THUMBNAIL**2,):
        raise PackageError(f"{entry.reference} in the package is no thumbnail; export the package again")
    return Gate(in_force, _unit(reference))


def _brighter(light: float, gain: float) -> float:
    """So much more light, but never more than some of what is left to white."""
    return light + min(_HEADROOM_USED * (255 - light), (gain - 1) * light + _LIGHT_SLACK)


def _unit(vector: Floats) -> Floats:
    centred = vector - vector.mean(dtype=np.float64)
    length = float(np.linalg.norm(centred))
    return np.asarray(centred / length if length > 0 else centred, np.float32)
