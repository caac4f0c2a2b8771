"""A scorer out of a run's data: distances from good, and what defects teach on top of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.discriminator import load_raising
from models.scorers import score_views
from training.fitting.candidates import Candidate
from training.fitting.discriminator import discriminator_of
from training.fitting.fit import Fitted, fit
from training.fitting.sample import FitData, Sample, select

_ASKED = 64


def fit_taught(candidate: Candidate, data: FitData, seed: int, without: int | None = None) -> Fitted:
    """Fit one scorer on all folds, or on all but one, of which it then sees nothing."""
    sample = data.sample(candidate.views, without)
    plain = fit(candidate, sample, seed)
    if not candidate.taught:
        return plain
    learned = discriminator_of(candidate, data, _usual(plain, sample), seed, without)
    raising = load_raising(learned, len(plain.arrays["mean"]))
    return replace(plain, arrays={**plain.arrays, **learned}, scorer=plain.scorer.raised(raising))


def _usual(plain: Fitted, sample: Sample) -> float:
    """The middle score of some of the good pictures that it was fitted on."""
    some = sample.good[:: max(1, len(sample.good) // _ASKED)]
    strides = plain.candidate.shape.strides
    return float(np.median([score_views(plain.scorer, select(one, strides).views, one.mosaics).raw for one in some]))
