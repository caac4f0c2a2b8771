"""Parts of which every one has a defect: which is it? There is no good class, and no answer is ever OK.

    confidence = highest share of softmax(logits / temperature) * clip(2 - distance / max_distance, 0, 1)
    confidence >= ng_from   NG, the class named
    else                    RECHECK, unknown_defect

The temperature is fitted on held-out pictures (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017). A
softmax is sure of what it never saw, too: where the package has centres of its classes, the distance of the pooled
features from the named class's centre, in its radii, lowers the confidence (Lee et al., NeurIPS 2018, with one scale a
class).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from models.assembly import pooled
from models.decision import Box, Decision, DefectClass, Detection, Limits, Outcome, Scores, outcome_of
from models.errors import InferenceError, PackageError
from models.heads import NO_NUMBER
from models.raw_scores import Floats, RawScores
from models.regions import REASONS
from models.scorer_entry import UNKNOWN_DEFECT, ClassifierEntry
from models.scorers import load_array


class Classifier:
    """What a network gives of one view → the confidence in its likeliest class; pure."""

    def __init__(self, entry: ClassifierEntry, centres: Floats | None = None, radius: Floats | None = None) -> None:
        self.entry = entry
        self._centres, self._radius = centres, radius

    @property
    def dimensions(self) -> int:
        """Length of a residual: the number of classes."""
        return len(self.entry.classes)

    def __call__(self, outputs: Sequence[Floats]) -> RawScores:
        """The confidence as the raw score, the shares of all classes as the one residual and as `(K, 1, 1)` classes.

        Raises:
            InferenceError: a value is no number.
            ValueError: the network gives something else.
        """
        entry = self.entry
        if len(outputs) != len(entry.strides) + 1 or outputs[-1].shape != (len(entry.classes), 1, 1):
            raise ValueError(f"outputs of {[one.shape for one in outputs]} instead of {len(entry.classes)} logits")
        logits = outputs[-1].astype(np.float64).ravel() / entry.temperature
        features = pooled(outputs[:-1]) if entry.strides else np.zeros(0, np.float32)
        if not (np.isfinite(logits).all() and np.isfinite(features).all()):
            raise InferenceError(NO_NUMBER)
        odds = np.exp(logits - logits.max())
        shares = odds / odds.sum()
        best = int(shares.argmax())
        confidence = float(shares[best]) * self._likeness(features, best)
        own = shares.astype(np.float32)
        return RawScores(confidence, np.full((1, 1), confidence, np.float32), (own[None],), classes=own[:, None, None])

    def _likeness(self, features: Floats, best: int) -> float:
        """1 for a part like those of its class, 0 for one that is twice as far off as any may be."""
        if self._centres is None or self._radius is None or self.entry.max_distance is None:
            return 1.0
        offset = features.astype(np.float64) - self._centres[best]
        distance = float(np.sqrt(offset @ offset)) / float(self._radius[best])
        return min(max(2.0 - distance / self.entry.max_distance, 0.0), 1.0)


def class_of(scores: Scores, entry: ClassifierEntry, limits: Limits) -> str:
    """The label of a part's class, or `unknown_defect` where the model is not sure enough.

    Raises:
        InferenceError: the score is not a finite number in [0, 1].
    """
    if scores.classes is None or _outcome(scores, limits) is not Outcome.NG:
        return UNKNOWN_DEFECT
    return entry.classes[int(scores.classes.argmax())]


def decide_class(
    scores: Scores, entry: ClassifierEntry, limits: Limits, rows: Mapping[str, DefectClass], region: Box
) -> Decision:
    """Judge one part: NG or RECHECK, whatever `limits.ok_below` says, with one detection of the whole region.

    `complete` is False: no rule may explain the part's defect away.

    Raises:
        InferenceError: the score is not a finite number in [0, 1].
    """
    outcome, row = _outcome(scores, limits), rows[class_of(scores, entry, limits)]
    found = Detection(row.label, row.code, scores.image, region, float(region.w * region.h), row.severity)
    return Decision(outcome, scores.image, (REASONS[outcome],), (found,), Limits(0.0, limits.ng_from))


def _outcome(scores: Scores, limits: Limits) -> Outcome:
    return outcome_of(scores.image, Limits(0.0, limits.ng_from))


def load_classifier(entry: ClassifierEntry, files: Mapping[str, bytes]) -> Classifier:
    """The classifier that a manifest describes.

    Raises:
        PackageError: its arrays do not fit.
    """
    if not entry.arrays:
        return Classifier(entry)
    centres = load_array(files, entry.arrays["centres"], np.float32, (2,)).astype(np.float32)
    radius = load_array(files, entry.arrays["radius"], np.float32, (1,)).astype(np.float32)
    if len(centres) != len(entry.classes) or radius.shape != (len(entry.classes),) or not (radius > 0).all():
        raise PackageError("the centres and radii of the classes do not fit the classes; export the package again")
    return Classifier(entry, centres, radius)
