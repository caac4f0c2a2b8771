"""Named regions: what each shows, and how much speaks against what it is to show.

A region is one view of the network. Its vector is the mean and the maximum of each feature channel over all places, so
that it matters little where in the region a screw sits. Regions of one kind share a classifier:

    raw(class) = |(vector - centre) P| / radius  +  max(0, -(vector, 1) w),  raised where another class's is lower

The first term is the distance to the class in the space in which views of one class vary equally in all directions (P
whitens the scatter within classes: Fisher, "The use of multiple measurements in taxonomic problems", 1936), in units of
the distance usual for that class. It needs no other class, and refuses what is like none. The second are logistic
weights of the class against all others, where they speak against it. A view that is more like another class of its kind
is raised by four times what it is more like it, by 2 at most: in a light that was never taught everything is far off,
and a hole must not pass for an odd screw because of that. Knowing other classes can only raise a score.

A part's score is that of its worst region, so a part is OK only where every region is. No average, no vote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.assembly_entry import AssemblyEntry, KindEntry, RoiEntry
from models.decision import Decision, DefectClass, Detection, Limits, Outcome, Scores, outcome_of
from models.errors import InferenceError, PackageError
from models.manifest import UNKNOWN_DEFECT, ScoreMap
from models.regions import REASONS
from models.scorers import Floats, RawScores, calibrated, load_array

MAX_LENGTH = 1024
_CONTEST = 4.0
# Without an end two runtimes' roundings of what is far off would be magnified as well.
_MOST_CONTEST = 2.0


@dataclass(frozen=True, slots=True)
class Classifier:
    """One kind's arrays: `projection` `(D, d)`, `centres` `(C, D)`, `radius` `(C,)`, `weights` `(C, D + 1)`."""

    classes: tuple[str, ...]
    projection: Floats
    centres: Floats
    radius: Floats
    weights: Floats

    def __call__(self, vector: Floats) -> NDArray[np.float64]:
        """How much speaks against each class, `(C,)`, 1 being usual for a view of it.

        Args:
            vector: `(D,)` of `pooled`.

        Raises:
            InferenceError: a value is no number.
        """
        with np.errstate(invalid="ignore", over="ignore"):  # what is no number is refused below
            offsets = (vector - self.centres) @ self.projection
            distances = np.sqrt(np.einsum("cd,cd->c", offsets, offsets)) / self.radius
            against = -(self.weights[:, :-1] @ vector + self.weights[:, -1])
            raws = _contested(distances + np.maximum(against, np.float32(0)))
        if not np.isfinite(raws).all():
            raise InferenceError("the model gave a score that is no number; the model may be damaged: certify it again")
        return np.asarray(raws, np.float64)


@dataclass(frozen=True, slots=True)
class View:
    """What one region shows: `raw` against its expectation, and `raws` against every class of its kind."""

    roi: RoiEntry
    raw: float
    raws: NDArray[np.float64]
    classes: tuple[str, ...]

    def as_part(self) -> RawScores:
        """As a part that has this region alone: the map is one cell, the residual what speaks against each class."""
        residual = self.raws[np.newaxis].astype(np.float32)
        return RawScores(self.raw, np.full((1, 1), self.raw, np.float32), (residual,))

    def seen(self, score_map: ScoreMap, limits: Limits) -> str:
        """The class it shows most likely, or `unknown_defect` where it is like none."""
        best = int(self.raws.argmin())
        if outcome_of(float(np.interp(self.raws[best], score_map.raw, score_map.score)), limits) is Outcome.NG:
            return UNKNOWN_DEFECT
        return self.classes[best]


def _contested(raws: Floats) -> Floats:
    """Raised where another class of the kind has a lower one; the lowest stays the lowest."""
    if len(raws) == 1:
        return raws
    lowest, second = np.partition(raws, 1)[:2]
    others = np.where(raws == lowest, second, lowest)
    return np.asarray(raws + np.clip(np.float32(_CONTEST) * (raws - others), 0.0, _MOST_CONTEST), np.float32)


def pooled(features: Sequence[Floats]) -> Floats:
    """Feature maps `(C, h, w)`, one a stride → the region's vector: means, then maxima, stride after stride."""
    parts = [statistic for feature in features for statistic in (feature.mean(axis=(1, 2)), feature.max(axis=(1, 2)))]
    return np.concatenate(parts).astype(np.float32, copy=False)


class Assembly:
    """All named regions of a package; pure, so the same features always give the same bits."""

    def __init__(self, rois: tuple[RoiEntry, ...], classifiers: Mapping[str, Classifier]) -> None:
        self.rois = rois
        self._classifiers = classifiers

    @property
    def dimensions(self) -> int:
        """Length of a residual: the most classes that a kind has."""
        return max(len(classifier.classes) for classifier in self._classifiers.values())

    def __call__(self, features: Sequence[Floats], index: int) -> View:
        """What the region `index` shows.

        Raises:
            InferenceError: a value is no number.
        """
        return self.look(pooled(features), index)

    def look(self, vector: Floats, index: int) -> View:
        """The same from a vector that `pooled` made."""
        roi = self.rois[index]
        classifier = self._classifiers[roi.kind]
        raws = classifier(vector)
        return View(roi, float(raws[classifier.classes.index(roi.expect)]), raws, classifier.classes)


def decide_assembly(
    views: Sequence[View], score_map: ScoreMap, limits: Limits, rows: Mapping[str, DefectClass]
) -> tuple[Scores, Decision]:
    """Judge one part by all its regions.

    Args:
        views: one a region, all of them.
        score_map: of the runtime that made them.
        limits: the limits in force.
        rows: the catalogue by label; it has a row for every region.

    Returns:
        Scores of the part, the map with one cell a region, `(n, 1)`; the decision, with one detection for every region
        that is not OK. `complete` is False: no rule may explain a missing piece away.

    Raises:
        InferenceError: a score is not a finite number in [0, 1].
    """
    found = [calibrated(view.as_part(), score_map) for view in views]
    worst = max(found, key=lambda one: one.image)
    detections = []
    for view, scores in zip(views, found, strict=True):
        if outcome_of(scores.image, limits) is not Outcome.OK:
            row, box = rows[view.roi.name], view.roi.region()
            seen = view.seen(score_map, limits)
            area = float(box.w * box.h)
            detections.append(Detection(row.label, row.code, scores.image, box, area, row.severity, seen=seen))
    outcome = outcome_of(worst.image, limits)
    scores = Scores(worst.image, max(one.raw for one in found), np.concatenate([one.map for one in found]))
    return scores, Decision(outcome, worst.image, (REASONS[outcome],), tuple(detections), limits)


def load_assembly(entry: AssemblyEntry, files: Mapping[str, bytes]) -> Assembly:
    """The named regions that a manifest describes.

    Raises:
        PackageError: an array has a wrong shape, or is larger than a station may afford.
    """
    return Assembly(entry.rois, {kind.name: _classifier(kind, files) for kind in entry.kinds})


def _classifier(kind: KindEntry, files: Mapping[str, bytes]) -> Classifier:
    arrays = {
        role: load_array(files, name, np.float32, (1, 2)).astype(np.float32) for role, name in kind.arrays.items()
    }
    projection, centres, radius, weights = (arrays[role] for role in ("projection", "centres", "radius", "weights"))
    count = len(kind.classes)
    length = projection.shape[0]
    shapes = (projection.ndim, centres.shape, radius.shape, weights.shape)
    if shapes != (2, (count, length), (count,), (count, length + 1)) or max(projection.shape) > MAX_LENGTH:
        raise PackageError(f"the arrays of the kind {kind.name} do not fit its classes; export the package again")
    if not (radius > 0).all():
        raise PackageError(f"the radii of the kind {kind.name} must be positive; export the package again")
    return Classifier(kind.classes, projection, centres, radius, weights)
