"""A virtual photo-eye: a zone of a free-running picture is watched, and each part that comes into it is one trigger.

    LEARNING ─the zone was still─┐
    OCCUPIED ─the zone was seen empty─┴▶ EMPTY ─over `enter` for `frames`─▶ PRESENT ─under `leave` for `frames`─▶ EMPTY

The zone is reduced to a small gray picture and held against the empty one: a pixel differs when it is more than
`levels` gray levels off; the share of such pixels is what `enter` and `leave` mean. The empty picture follows slow
changes, and the light (one factor) quicker ones, only while nothing is in the zone. A step of the light looks like a
part: when the light of the whole picture explains what is seen in the zone for some frames, the zone is empty again, so
that a step costs one trigger at most.

Whatever is in the zone from coming in to going out is one part, wherever it comes and goes, stops or turns back: parts
that touch each other are one, and one that stays too long makes the zone BLOCKED.

Source: running average background subtraction with a global gain, e.g. Piccardi, IEEE SMC 2004, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from models.decision import Box

Gray = NDArray[np.float32]
_SIDE_PX = 48
_FOLLOW = 0.02  # share of the difference that the empty picture takes over with every frame
_LIGHT_STEP = 0.02
_DARKEST = 8.0  # below this many levels a ratio says nothing about the light
_LIGHT_RANGE = (0.5, 2.0)
_CENTRED = 0.05  # of the zone's size
_STILL = 0.01
_STILL_FRAMES = 8


class Moment(StrEnum):
    ENTER = "enter"
    CENTRE = "centre"
    REST = "rest"
    LEAVE = "leave"


class Zone(StrEnum):
    """How the zone is."""

    OUTSIDE = "outside"
    LEARNING = "learning"
    OCCUPIED = "occupied"
    EMPTY = "empty"
    PRESENT = "present"
    BLOCKED = "blocked"


class Sight(Enum):
    """What one frame says: PART, take this very frame; UNSEEN, a part went by without its moment."""

    NOTHING = 0
    PART = 1
    UNSEEN = 2


@dataclass(frozen=True, slots=True)
class PresenceRules:
    """`enter` and `leave` are shares (0..1) of the zone's pixels, `levels` gray levels of 255."""

    zone: Box
    enter: float
    leave: float
    frames: int
    levels: float
    at: Moment
    learn_frames: int
    blocked_ns: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """What differs from the empty zone: its share, and its middle from the zone's, in parts of the zone's size."""

    share: float
    offset: tuple[float, float]


class PresenceDetector:
    """Fed with every frame in order, by one thread. Without an `empty` picture it learns one from a zone at rest.

    `empty`: a picture of the camera with nothing in the zone, uint8 `(H, W)` or `(H, W, 3)` BGR.
    """

    def __init__(self, rules: PresenceRules, empty: NDArray[np.uint8] | None = None) -> None:
        self._rules = rules
        self._learned = 0
        self._light = 1.0
        self._in_a_row = 0
        self._fired = False
        self._since_ns = 0
        self._entry = (0.0, 0.0)
        self._before = _Seen(0.0, (0.0, 0.0))
        self._still = self._fading = self._explained = 0
        self.glimpses = 0
        """How often something was in the zone for fewer than `frames` frames."""
        self._empty: Gray | None = None
        self._around: Gray | None = None
        self._zone = Zone.LEARNING
        if empty is not None:
            self._empty, self._around = self._reduced(empty), _sampled(empty)
            self._zone = Zone.OUTSIDE if self._empty is None else Zone.OCCUPIED

    @property
    def zone(self) -> Zone:
        return self._zone

    def lost(self) -> None:
        """Frames are missing from here on. A part that was in the zone is still the same one, or is gone by then."""
        self._in_a_row = self._still = self._fading = self._explained = 0

    def look(self, image: NDArray[np.uint8], captured_ns: int) -> Sight:
        """What the next frame says; `image` as in `appliance.domain.parts.Frame`."""
        gray = self._reduced(image)
        if gray is None:
            self._zone = Zone.OUTSIDE
            return Sight.NOTHING
        if self._zone is Zone.OUTSIDE:
            self._zone = Zone.LEARNING if self._empty is None else Zone.OCCUPIED
        if self._zone is Zone.LEARNING or self._empty is None:
            self._learn(gray, image)
            return Sight.NOTHING
        if self._zone is Zone.OCCUPIED:
            self._await_empty(gray, self._empty, image)
            return Sight.NOTHING
        seen = self._difference(gray, self._empty * np.float32(self._light))
        if self._zone is Zone.EMPTY:
            sight = self._while_empty(gray, image, seen, captured_ns)
        else:
            sight = self._while_present(seen, captured_ns)
            self._notice_light_step(gray, self._empty, image)
        self._before = seen
        return sight

    def _while_empty(self, gray: Gray, image: NDArray[np.uint8], seen: _Seen, captured_ns: int) -> Sight:
        if seen.share <= self._rules.enter:
            self.glimpses += self._in_a_row > 0
            self._in_a_row = 0
            if seen.share < self._rules.leave:
                self._follow(gray, image)
            return Sight.NOTHING
        if self._in_a_row == 0:
            self._entry, self._since_ns = seen.offset, captured_ns
        self._in_a_row += 1
        if self._in_a_row < self._rules.frames:
            return Sight.NOTHING
        self._zone = Zone.PRESENT
        self._in_a_row = self._still = self._fading = self._explained = 0
        self._fired = self._rules.at is Moment.ENTER or (self._rules.at is Moment.CENTRE and self._centred(seen))
        return Sight.PART if self._fired else Sight.NOTHING

    def _while_present(self, seen: _Seen, captured_ns: int) -> Sight:
        if captured_ns - self._since_ns > self._rules.blocked_ns:
            self._zone = Zone.BLOCKED
        self._in_a_row = self._in_a_row + 1 if seen.share < self._rules.leave else 0
        if self._in_a_row >= self._rules.frames:
            self._zone, self._in_a_row = Zone.EMPTY, 0
            if self._fired:
                return Sight.NOTHING
            return Sight.PART if self._rules.at is Moment.LEAVE else Sight.UNSEEN
        if self._fired or seen.share < self._rules.leave:
            return Sight.NOTHING
        self._fired = self._moment_has_come(seen)
        return Sight.PART if self._fired else Sight.NOTHING

    def _moment_has_come(self, seen: _Seen) -> bool:
        """Centred, at rest, or, where neither came, the last moment: on its way out."""
        self._fading = self._fading + 1 if seen.share < self._rules.enter else 0
        still = self._stands_still(seen)
        if self._rules.at is Moment.CENTRE:
            return still or self._centred(seen) or self._fading > 0
        return self._rules.at is Moment.REST and (still or self._fading >= self._rules.frames)

    def _centred(self, seen: _Seen) -> bool:
        """Whether the middle of what differs has come as far as the zone's, seen from where it came in."""
        length = float(np.hypot(*self._entry))
        if length < 2 * _CENTRED:
            return True
        along = (seen.offset[0] * self._entry[0] + seen.offset[1] * self._entry[1]) / length
        return along <= _CENTRED

    def _stands_still(self, seen: _Seen) -> bool:
        moved = np.hypot(seen.offset[0] - self._before.offset[0], seen.offset[1] - self._before.offset[1])
        still = moved < _STILL and abs(seen.share - self._before.share) < _STILL
        self._still = self._still + 1 if still else 0
        return self._still >= _STILL_FRAMES

    def _learn(self, gray: Gray, image: NDArray[np.uint8]) -> None:
        """The mean of `learn_frames` frames in which nothing moved."""
        if self._empty is not None and self._difference(gray, self._empty).share < self._rules.leave:
            self._learned += 1
            self._empty += (gray - self._empty) / np.float32(self._learned)
        else:
            self._empty, self._learned = gray, 1
        if self._learned >= self._rules.learn_frames:
            self._zone, self._around = Zone.EMPTY, _sampled(image)

    def _await_empty(self, gray: Gray, empty: Gray, image: NDArray[np.uint8]) -> None:
        """Until the zone looks like the given empty picture, in the light of the whole picture."""
        light = self._light_of(image)
        self._in_a_row = self._in_a_row + 1 if self._difference(gray, empty * light).share < self._rules.leave else 0
        if self._in_a_row >= self._rules.frames:
            self._zone, self._in_a_row, self._light = Zone.EMPTY, 0, float(light)

    def _notice_light_step(self, gray: Gray, empty: Gray, image: NDArray[np.uint8]) -> None:
        light = self._light_of(image)
        explained = self._difference(gray, empty * light).share < self._rules.leave
        self._explained = self._explained + 1 if explained else 0
        if self._explained >= self._rules.learn_frames:
            self._zone, self._in_a_row, self._light = Zone.EMPTY, 0, float(light)

    def _light_of(self, image: NDArray[np.uint8]) -> np.float32:
        """The light of the whole picture: a part that fills the zone darkens it as a lamp that goes out would."""
        sample = _sampled(image)
        if self._around is None or self._around.shape != sample.shape:
            return np.float32(self._light)
        return _light_between(self._around, sample)

    def _follow(self, gray: Gray, image: NDArray[np.uint8]) -> None:
        """Take over what changes slowly. The light is believed as far as zone and whole picture agree.

        A shadow falls on the zone alone, and a part beside the zone changes the picture alone.
        """
        assert self._empty is not None
        steps = [float(light) / self._light for light in (_light_between(self._empty, gray), self._light_of(image))]
        step = min(steps, key=lambda one: abs(one - 1)) if (steps[0] > 1) == (steps[1] > 1) else 1.0
        self._light *= min(max(step, 1 - _LIGHT_STEP), 1 + _LIGHT_STEP)
        self._empty += np.float32(_FOLLOW) * (gray / np.float32(self._light) - self._empty)

    def _difference(self, gray: Gray, empty: Gray) -> _Seen:
        differs = np.abs(gray - empty) > self._rules.levels
        rows, columns = differs.sum(axis=1), differs.sum(axis=0)
        count = int(rows.sum())
        if count == 0:
            return _Seen(0.0, (0.0, 0.0))
        return _Seen(count / differs.size, (_middle(columns, count), _middle(rows, count)))

    def _reduced(self, image: NDArray[np.uint8]) -> Gray | None:
        """The zone `(h, w)` in gray levels, its longer side 48 px at most; None: it lies outside the picture."""
        zone = self._rules.zone
        if zone.y + zone.h > image.shape[0] or zone.x + zone.w > image.shape[1]:
            return None
        part = image[zone.y : zone.y + zone.h, zone.x : zone.x + zone.w]
        scale = min(1.0, _SIDE_PX / max(zone.w, zone.h))
        size = (max(1, round(zone.w * scale)), max(1, round(zone.h * scale)))
        small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY) if small.ndim == 3 else small, np.float32)


def _sampled(image: NDArray[np.uint8]) -> Gray:
    """Some 1,000 pixels of the whole picture, one channel."""
    step = max(1, max(image.shape[:2]) // _SIDE_PX)
    sample = image[::step, ::step]
    return np.asarray(sample[:, :, 1] if sample.ndim == 3 else sample, np.float32)


def _middle(counts: NDArray[np.int64], total: int) -> float:
    """The middle of a distribution over places, from -0.5 to 0.5."""
    places = (np.arange(len(counts)) + 0.5) / len(counts) - 0.5
    return float(counts @ places) / total


def _light_between(empty: Gray, gray: Gray) -> np.float32:
    """The factor by which the light changed, by the median pixel."""
    told = empty > _DARKEST
    if not told.any():
        return np.float32(1.0)
    return np.float32(np.clip(np.median(gray[told] / empty[told]), *_LIGHT_RANGE))
