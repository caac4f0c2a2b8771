"""Cross-fitting: every picture gets a score from a scorer that never saw it.

All pictures are split into folds by group; each fold is scored by a scorer fitted on the others. The shipped scorer is
fitted on all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from models.scorers import Scorer, score_views
from training.features import Seen
from training.fitting.candidates import Candidate
from training.fitting.sample import FitData, Raws, select
from training.fitting.taught import fit_taught


@dataclass(frozen=True, slots=True)
class CrossFit:
    """Held-out raw scores of good, then of defective pictures; `fold_of` tells which of the scorers made which.

    `synthetic`: scores of drawn defects, each by a scorer that never saw
    the good picture below; they may choose between scorers, never set or prove a limit.
    """

    candidate: Candidate
    scorers: tuple[Scorer, ...]
    fold_of: tuple[int, ...]
    good: Raws
    defective: Raws
    synthetic: Raws = field(default_factory=lambda: np.zeros(0))

    @property
    def to_tell(self) -> Raws:
        """What is to score above the good pictures where scorers are compared: real defects, else drawn ones."""
        return self.defective if len(self.defective) else self.synthetic

    def held_out(self, index: int, seen: Seen) -> float:
        """The raw score of a picture's features (perhaps from another runtime) by its own fold's scorer."""
        return self.score(index, select(seen, self.candidate.shape.strides))

    def score(self, index: int, seen: Seen) -> float:
        """The same from the features of the scorer's own strides alone."""
        return score_views(self.scorers[self.fold_of[index]], seen.views, seen.mosaics).raw

    def scores(self, seen: Iterable[Seen]) -> Raws:
        """The same of all pictures in order."""
        return np.array([self.score(index, own) for index, own in enumerate(seen)])


def cross_fit(candidate: Candidate, data: FitData, seed: int) -> CrossFit:
    """Scorers on all folds but one each, and what they say of what they never saw."""
    folds = range(max(data.fold_of) + 1)
    scorers = tuple(fit_taught(candidate, data, seed, fold).scorer for fold in folds)
    result = CrossFit(candidate, scorers, data.fold_of, np.zeros(0), np.zeros(0))
    raws = np.array([result.held_out(index, seen) for index, seen in enumerate([*data.good, *data.defective])])
    drawn = np.array([result.held_out(index, seen) for index, seen in data.synthetic])
    return replace(result, good=raws[: len(data.good)], defective=raws[len(data.good) :], synthetic=drawn)
