"""Drift: score, light, focus, colour and place creep away from what the model was proven on. The station sees it first.

Two control charts a characteristic, on z = (value - baseline mean) / baseline spread, cut at ±4 so that one odd part
cannot carry a chart:

- EWMA (Roberts, "Control Chart Tests Based on Geometric Moving Averages", Technometrics 1, 1959), weight 0.05: finds
  a jump of two spreads within some 40 parts.
- Page-Hinkley (Page, "Continuous Inspection Schemes", Biometrika 41, 1954; Hinkley, "Inference about the change-point
  from cumulative sum tests", Biometrika 58, 1971), both directions, against a mean that is known: finds a slow creep.

A baseline of n pictures does not know its own mean better than spread / sqrt(n), so both charts allow for twice that
beside the recipe's tolerance, and the spread is taken at its upper 95 % bound. The limits are chosen by simulation for
100,000 parts and more between two false alarms of a station that watches all five characteristics, where neighbouring
parts are alike (lag-1 correlation 0.5); docs/golden.md has the figures, `scripts/simulate_drift.py` prints them.

What has drifted stays so: charts do not talk themselves out of it. Only `clear` ends it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

EWMA_WEIGHT = 0.05
EWMA_LIMIT = 1.75
PAGE_ALLOWANCE = 0.25
PAGE_LIMIT = 90.0
_CUT = 4.0
_MEAN_ERRORS = 2.0
_SPREAD_QUANTILE = 1.645

Floats = NDArray[np.float64]
Chart = Literal["ewma", "page_hinkley"]
Direction = Literal["up", "down"]


class Trait(StrEnum):
    """What is watched of every part."""

    SCORE = "score"
    LIGHT = "light"
    FOCUS = "focus"
    COLOUR = "colour"
    POSE = "pose"


# trait → (English, Chinese): what crept away, then what to do.
TEXTS: dict[Trait, tuple[str, str]] = {
    Trait.SCORE: (
        "Scores of good parts creep; look at parts, lens and light, then show the golden parts",
        "良品得分正在漂移；请检查工件、镜头和光源，然后展示标准件",
    ),
    Trait.LIGHT: ("The light creeps; check lamp, its age and stray light", "光照正在漂移；请检查光源老化和环境光"),
    Trait.FOCUS: (
        "The focus creeps; clean the lens, check its ring and mount",
        "对焦正在漂移；请清洁镜头并检查调焦环和支架",
    ),
    Trait.COLOUR: (
        "The colour creeps; check lamp and white balance of the camera",
        "色彩正在漂移；请检查光源和相机白平衡",
    ),
    Trait.POSE: (
        "Parts creep out of their place; check camera mount and fixture",
        "工件位置正在漂移；请检查相机支架和夹具",
    ),
}


@dataclass(frozen=True, slots=True)
class Baseline:
    """Mean and standard deviation of one characteristic over `count` good pictures."""

    mean: float
    spread: float
    count: int

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.spread) and self.spread > 0 and self.count >= 2):
            raise ValueError("a baseline needs a finite mean, a spread above 0 and at least 2 pictures")

    @property
    def bounded_spread(self) -> float:
        """The spread's upper 95 % bound, as far as so many pictures know it."""
        return self.spread * (1 + _SPREAD_QUANTILE / math.sqrt(2 * (self.count - 1)))

    @property
    def mean_error(self) -> float:
        """By how many spreads the mean may be off."""
        return _MEAN_ERRORS / math.sqrt(self.count)


@dataclass(frozen=True, slots=True)
class Charts:
    """Many charts side by side, one element each: the moving average, and the sums upwards and downwards."""

    average: Floats
    rise: Floats
    fall: Floats

    @classmethod
    def begin(cls, count: int) -> Charts:
        return cls(np.zeros(count), np.zeros(count), np.zeros(count))

    def after(self, z: Floats, slack: Floats) -> Charts:
        """One part later. `z` `(count,)` standardized; NaN was not measured and changes nothing; `slack` in spreads."""
        known = np.isfinite(z)
        cut = np.clip(np.where(known, z, 0.0), -_CUT, _CUT)
        allowed = PAGE_ALLOWANCE + slack
        return Charts(
            average=np.where(known, self.average + EWMA_WEIGHT * (cut - self.average), self.average),
            rise=np.where(known, np.maximum(0.0, self.rise + cut - allowed), self.rise),
            fall=np.where(known, np.maximum(0.0, self.fall - cut - allowed), self.fall),
        )

    def by_average(self, slack: Floats) -> NDArray[np.int8]:
        """+1 or -1 where the moving average has left its limits, else 0."""
        beyond = np.abs(self.average) > EWMA_LIMIT + slack
        return np.asarray(np.where(beyond, np.sign(self.average), 0), np.int8)

    def by_sum(self) -> NDArray[np.int8]:
        """+1 or -1 where a sum has left its limit, else 0."""
        found = (self.rise > PAGE_LIMIT).astype(np.int8) - (self.fall > PAGE_LIMIT).astype(np.int8)
        return np.asarray(found, np.int8)


@dataclass(frozen=True, slots=True)
class Drifted:
    """That a characteristic has drifted: which chart found it, where it went, after how many parts, and when."""

    trait: Trait
    chart: Chart
    direction: Direction
    after_parts: int
    at_utc: str


@dataclass(frozen=True, slots=True)
class DriftState:
    """All that a restart must not forget. `resetting`: golden parts that pass from now on end the drift."""

    seen: int = 0
    average: Mapping[Trait, float] = field(default_factory=dict)
    rise: Mapping[Trait, float] = field(default_factory=dict)
    fall: Mapping[Trait, float] = field(default_factory=dict)
    drifted: tuple[Drifted, ...] = ()
    resetting: bool = False


class DriftWatch:
    """The charts of one recipe. `tolerance`: by how many spreads a characteristic may be off without being drift.

    Not thread-safe, its owner holds the lock.
    """

    def __init__(
        self,
        baseline: Mapping[Trait, Baseline],
        tolerance: Mapping[Trait, float] | None = None,
        state: DriftState | None = None,
    ) -> None:
        state = state or DriftState()
        self.traits = tuple(trait for trait in Trait if trait in baseline)
        known = [baseline[trait] for trait in self.traits]
        allowed = tolerance or {}
        self._mean = np.array([one.mean for one in known])
        self._spread = np.array([one.bounded_spread for one in known])
        self._slack = np.array([baseline[trait].mean_error + allowed.get(trait, 0.0) for trait in self.traits])
        self._charts = Charts(
            *(
                np.array([side.get(trait, 0.0) for trait in self.traits])
                for side in (state.average, state.rise, state.fall)
            )
        )
        self.drifted = state.drifted
        self.resetting = state.resetting
        self._seen = state.seen

    @property
    def state(self) -> DriftState:
        average, rise, fall = (
            dict(zip(self.traits, side.tolist(), strict=True))
            for side in (self._charts.average, self._charts.rise, self._charts.fall)
        )
        return DriftState(self._seen, average, rise, fall, self.drifted, self.resetting)

    def see(self, measured: Mapping[Trait, float], at_utc: str) -> tuple[Drifted, ...]:
        """One production part; returns what has drifted with it, and had not before. Takes some ten microseconds."""
        z = (np.array([measured.get(trait, math.nan) for trait in self.traits]) - self._mean) / self._spread
        self._seen += 1
        self._charts = self._charts.after(z, self._slack)
        known = {found.trait for found in self.drifted}
        found = tuple(one for one in self._signals(at_utc) if one.trait not in known)
        self.drifted += found
        return found

    def ask_reset(self) -> bool:
        """From here on golden parts that pass end the drift; False where nothing has drifted."""
        self.resetting = bool(self.drifted)
        return self.resetting

    def golden_passed(self) -> bool:
        """Golden parts passed: whether that ended a drift, which it does only after `ask_reset`."""
        if not self.resetting:
            return False
        self._charts = Charts.begin(len(self.traits))
        self.drifted, self.resetting, self._seen = (), False, 0
        return True

    def _signals(self, at_utc: str) -> list[Drifted]:
        charts: tuple[tuple[Chart, NDArray[np.int8]], ...] = (
            ("ewma", self._charts.by_average(self._slack)),
            ("page_hinkley", self._charts.by_sum()),
        )
        first: dict[Trait, Drifted] = {}
        for chart, signs in charts:
            for trait, sign in zip(self.traits, signs, strict=True):
                if sign:
                    way: Direction = "up" if sign > 0 else "down"
                    first.setdefault(trait, Drifted(trait, chart, way, self._seen, at_utc))
        return list(first.values())


def unknown_drift(at_utc: str) -> DriftState:
    """For a state that cannot be read: it may have said that something had drifted, so it is taken to have."""
    return DriftState(drifted=(Drifted(Trait.SCORE, "ewma", "up", 0, at_utc),))


def merged(package: Mapping[Trait, Baseline], recipe: Mapping[Trait, Baseline]) -> dict[Trait, Baseline]:
    """The recipe's baselines over the package's; never narrower than the package's spread.

    Golden parts shown again and again differ less than parts of a running line do.
    """
    result = dict(package)
    for trait, own in recipe.items():
        wide = max(own.spread, package[trait].spread) if trait in package else own.spread
        result[trait] = replace(own, spread=wide)
    return result
