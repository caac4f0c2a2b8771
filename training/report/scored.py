"""Pictures with their scores and outcomes on one runtime: what every figure, table and chart of a report rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.decision import Outcome, outcome_of
from models.manifest import Manifest, SampleEntry
from models.runtimes.choose import REFERENCE
from training.data.dataset import GOOD
from training.evaluate import CAUGHT, Judged
from training.metrics.rate import Rate

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """`labels`, `groups`, `scores` and `outcomes` of the same pictures; `GOOD` is the label of good ones."""

    labels: tuple[str, ...]
    groups: tuple[str, ...]
    scores: Floats
    outcomes: tuple[Outcome, ...]

    @property
    def bad(self) -> NDArray[np.bool_]:
        """Whether each is defective."""
        return np.array([label != GOOD for label in self.labels], np.bool_)

    @property
    def defects(self) -> tuple[str, ...]:
        return tuple(sorted({label for label in self.labels if label != GOOD}))

    @property
    def both(self) -> bool:
        """Whether there are good and defective ones, so that they can be told apart at all."""
        return bool(self.defects) and GOOD in self.labels

    def against_good(self, label: str) -> Scored:
        """The good ones and those of one defect."""
        return self._where([own in (GOOD, label) for own in self.labels])

    def only(self, label: str) -> Scored:
        """Those of one label."""
        return self._where([own == label for own in self.labels])

    def _where(self, kept: Sequence[bool]) -> Scored:
        at = np.flatnonzero(kept)
        return Scored(
            tuple(self.labels[index] for index in at),
            tuple(self.groups[index] for index in at),
            self.scores[at],
            tuple(self.outcomes[index] for index in at),
        )

    def counts(self, label: str) -> Counter[Outcome]:
        """How many pictures of a label got which outcome."""
        return Counter(outcome for own, outcome in zip(self.labels, self.outcomes, strict=True) if own == label)

    def rate(self, outcomes: Iterable[Outcome], *, bad: bool) -> Rate:
        """Which share of the defective (or of the good) ones got one of `outcomes`."""
        wanted = frozenset(outcomes)
        found = [outcome for label, outcome in zip(self.labels, self.outcomes, strict=True) if (label != GOOD) is bad]
        return Rate(sum(outcome in wanted for outcome in found), len(found))


def caught(counts: Mapping[Outcome, int]) -> Rate:
    """Recall of one defect: NG or RECHECK."""
    return Rate(sum(counts.get(outcome, 0) for outcome in CAUGHT), sum(counts.values()))


def held_out(manifest: Manifest, runtime: str = REFERENCE) -> Scored:
    """What a package holds of the pictures that limits and certificate rest on, in the unit of its limits.

    Raises:
        KeyError: nothing was held out on such a runtime.
    """
    calibration = manifest.calibration
    entry = calibration if runtime == REFERENCE else calibration.others[runtime]  # type: ignore[index]
    score_map = manifest.score_maps[runtime]  # type: ignore[index]
    labels, groups, raws = _rows({GOOD: entry if isinstance(entry, SampleEntry) else entry.good, **entry.defects})
    scores = np.interp(raws, score_map.raw, score_map.score)
    limits = manifest.limits.limits()
    return Scored(labels, groups, scores, tuple(outcome_of(float(score), limits) for score in scores))


def _rows(samples: Mapping[str, SampleEntry]) -> tuple[tuple[str, ...], tuple[str, ...], Floats]:
    labels = tuple(label for label, sample in samples.items() for _ in sample.scores)
    groups = tuple(group for sample in samples.values() for group in sample.groups)
    return labels, groups, np.array([score for sample in samples.values() for score in sample.scores], np.float64)


def judged_pictures(judged: Sequence[Judged]) -> Scored:
    """What the station's own code said of pictures."""
    return Scored(
        tuple(one.picture.label for one in judged),
        tuple(one.picture.group for one in judged),
        np.array([one.score for one in judged], np.float64),
        tuple(one.outcome for one in judged),
    )
