"""From scores to OK / NG / RECHECK: the one place where a score meets a limit.

    score < ok_below            OK
    ok_below <= score < ng_from RECHECK
    ng_from <= score            NG

A score that is not a finite number in [0, 1] is no evidence: `decide` raises, and the station makes it ERROR.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from models.errors import InferenceError


class Outcome(StrEnum):
    """What can be said of a part. Models say the first three; the station adds the last two."""

    OK = "OK"
    NG = "NG"
    RECHECK = "RECHECK"
    NO_PART = "NO_PART"
    ERROR = "ERROR"


class Unfit(StrEnum):
    """Why a picture may not be judged."""

    DARK = "dark"
    BRIGHT = "bright"
    UNDEREXPOSED = "underexposed"
    OVEREXPOSED = "overexposed"
    FLAT = "flat"
    DISCOLOURED = "discoloured"
    BLURRED = "blurred"
    MOVED = "moved"
    DISPLACED = "displaced"
    INCOMPLETE = "incomplete"
    UNALIGNED = "unaligned"


class Severity(StrEnum):
    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"


class Fate(StrEnum):
    """What the recipe's rules make of a detection; see `models.rules`."""

    KEPT = "keep"
    RECHECKED = "recheck"
    SUPPRESSED = "suppress"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the camera picture: left, top, width, height."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True)
class DefectClass:
    """One row of the defect catalogue: codes are append-only, 1..65535; 0 means none."""

    label: str
    code: int
    name_en: str
    name_zh: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Detection:
    """One region that looks defective. `label` is a catalogue label; `score` in [0, 1]; area in camera pixels.

    Millimetres are None where the geometry does not know a pixel's size. `rule` and `limit`: which rule of the recipe
    decided its `fate`, and by which of its figures; empty without one. `model`: who found it, where two models look.
    `seen`: what a named region shows instead of what it is to show; its label then is the region's.
    """

    label: str
    code: int
    score: float
    box: Box
    mask_area_px: float
    severity: Severity
    length_mm: float | None = None
    area_mm2: float | None = None
    fate: Fate = Fate.KEPT
    rule: str = ""
    limit: float | None = None
    model: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Both limits in the calibrated score's unit, 0 <= ok_below <= ng_from <= 1."""

    ok_below: float
    ng_from: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.ok_below <= self.ng_from <= 1.0:
            raise ValueError(
                f"limits must satisfy 0 <= ok_below <= ng_from <= 1, not {self.ok_below} and {self.ng_from}"
            )


@dataclass(frozen=True, slots=True)
class Scores:
    """What a scorer says of one picture.

    `image`: calibrated score in [0, 1]. `raw`: the scorer's own unit. `map`: `(h, w)` float32 calibrated anomaly map
    over the ROI, at the network's output resolution. `scoring`: the places that may score, the others are 0; None is
    all of them. `classes`: `(1 + K, h, w)` float32 logits of a network with a head, the anomaly's first; None without.
    """

    image: float
    raw: float
    map: NDArray[np.float32]
    scoring: NDArray[np.bool_] | None = None
    classes: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the model says of one part; `outcome` is OK, NG or RECHECK.

    `complete`: the detections are all of the map that reaches `ok_below`, none was cut off and none made up.
    `members`: where two models look, what each of them says, in the recipe's order; see `models.combine`.
    """

    outcome: Outcome
    score: float
    reasons: tuple[str, ...]
    detections: tuple[Detection, ...]
    limits: Limits
    complete: bool = False
    members: tuple[Decision, ...] = ()


def outcome_of(score: float, limits: Limits) -> Outcome:
    """OK, RECHECK or NG for a calibrated score.

    Raises:
        InferenceError: the score is not a finite number in [0, 1].
    """
    if not (math.isfinite(score) and 0.0 <= score <= 1.0):
        raise InferenceError(f"the model gave the score {score}, which is no number in [0, 1]; certify the model again")
    if score < limits.ok_below:
        return Outcome.OK
    return Outcome.RECHECK if score < limits.ng_from else Outcome.NG
