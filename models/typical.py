"""What good pictures are like on the whole: mean and spread of what drift is watched on.

score   the calibrated score
light   mean gray value, 0..255
focus   logarithm of the focus measure: a lens that halves it has drifted as far from 0.2 as from 20
colour  logarithm of red over blue
pose    how far the part lies from its reference, in pixels of the camera picture
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from statistics import fmean, stdev

import numpy as np

from models.fitness import TypicalTrait
from models.manifest import Manifest
from models.quality import Quality
from models.runtimes.choose import REFERENCE

_LEAST = 8
_FIGURES = ("light", "contrast", "saturated", "focus", "blackened", "blank", "shift_px", "angle_deg")


@dataclass(frozen=True, slots=True)
class Typical:
    """Mean and standard deviation over `count` good pictures."""

    mean: float
    spread: float
    count: int


def traits_of(quality: Quality) -> dict[str, float]:
    """What one picture shows, by name; what was not measured is left out."""
    found = {"light": quality.light}
    if quality.focus > 0:
        found["focus"] = math.log(quality.focus)
    if quality.tint != (0.0, 0.0):
        found["colour"] = quality.tint[1] - quality.tint[0]
    if quality.shift_px is not None:
        found["pose"] = quality.shift_px
    return found


def scalars_of(quality: Quality) -> dict[str, float]:
    """All figures of a measurement but its thumbnail, for a record."""
    figures = {name: getattr(quality, name) for name in _FIGURES}
    blue, red = quality.tint
    return {name: value for name, value in figures.items() if value is not None} | {"tint_blue": blue, "tint_red": red}


def quality_of(scalars: Mapping[str, float]) -> Quality:
    """The measurement of a record; its thumbnail is empty."""
    figures = {name: scalars[name] for name in _FIGURES if name in scalars}
    tint = (scalars.get("tint_blue", 0.0), scalars.get("tint_red", 0.0))
    return Quality(**figures, tint=tint, thumbnail=np.zeros(0, np.float32))


def typical_of(pictures: Sequence[Mapping[str, float]]) -> dict[str, Typical]:
    """Of what all pictures have, and differ in; of fewer than 8 pictures nothing can be said."""
    if len(pictures) < _LEAST:
        return {}
    shared = set.intersection(*(set(one) for one in pictures))
    columns = {name: [one[name] for one in pictures] for name in sorted(shared)}
    return {
        name: Typical(fmean(values), stdev(values), len(values))
        for name, values in columns.items()
        if stdev(values) > 0
    }


def told_of(pictures: Sequence[Quality]) -> dict[TypicalTrait, tuple[float, float, int]] | None:
    """What a package's quality entry tells of its good pictures; None where they are too few or all alike."""
    found = typical_of([traits_of(one) for one in pictures])
    names: tuple[TypicalTrait, ...] = ("light", "focus", "colour", "pose")
    return {name: astuple(found[name]) for name in names if name in found} or None


def typical_in(manifest: Manifest, runtime: str) -> dict[str, Typical]:
    """What a package says of its good pictures: their scores on a runtime, and what its quality entry tells."""
    maps = {str(name): score_map for name, score_map in manifest.score_maps.items()}
    score_map = maps.get(runtime, maps[REFERENCE])
    scores = np.interp(manifest.calibration.scores, score_map.raw, score_map.score)
    found = typical_of([{"score": float(score)} for score in scores])
    told = manifest.quality.typical or {}
    return found | {name: Typical(*figures) for name, figures in told.items()}
