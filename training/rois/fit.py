"""Vectors of labelled regions → classifiers, and what each says of views it never saw.

Cross-fitting as in `training.fitting`: folds go by picture group, so all regions of a picture, and all pictures of one
part or lot, stay together. Every class that enough views show is scored as if it were expected: a view of it is good,
a view of another class of the same kind is defective. That is what the limits rest on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.assembly import Assembly, Classifier
from models.assembly_entry import RoiEntry
from models.scorers import Floats
from training.config import MIN_GOOD
from training.errors import BadData
from training.logistic import fit_logistic
from training.rois.catalogue import Roi
from training.rois.dataset import AssemblyData

Raws = NDArray[np.float64]
# Of the mean variance: without it directions in which few views vary by chance would count most.
_DAMPING = 0.1
_RADIUS_PRIOR = 10.0
_LEAST_DEVIATION = 1e-3


@dataclass(frozen=True, slots=True)
class Sample:
    """Regions' views of a data set: `vectors` `(n, 1 + views, D)`, the plain one first, then augmented ones.

    A picture's regions stand together. `labels`, `kinds`, `folds`, `indices` (of the region) and `pictures` (of the
    picture): `n` each.
    """

    vectors: Floats
    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    folds: NDArray[np.intp]
    indices: NDArray[np.intp]
    pictures: NDArray[np.intp]

    def expectable(self) -> dict[str, tuple[str, ...]]:
        """Kind → classes that at least twelve views show, in order."""
        counts = Counter(zip(self.kinds, self.labels, strict=True))
        return {
            kind: tuple(label for (own, label), count in sorted(counts.items()) if own == kind and count >= MIN_GOOD)
            for kind in sorted(set(self.kinds))
        }

    def fit(self, without_fold: int | None = None) -> dict[str, Classifier]:
        """One classifier a kind, on all views or all but one fold's."""
        kept = self.folds != without_fold if without_fold is not None else np.ones(len(self.folds), np.bool_)
        found = {}
        for kind in sorted(set(self.kinds)):
            rows = np.flatnonzero(kept & (np.array(self.kinds) == kind))
            found[kind] = fit_classifier(self.vectors[rows], [self.labels[row] for row in rows])
        return found


@dataclass(frozen=True, slots=True)
class Question:
    """A view held against a class: `good` where it shows that class."""

    view: int
    expected: str
    good: bool


@dataclass(frozen=True, slots=True)
class CrossFit:
    """Held-out classifiers, one set a fold, the questions asked of them, good ones first, and their raw answers."""

    classifiers: tuple[dict[str, Classifier], ...]
    questions: tuple[Question, ...]
    raws: Raws

    @property
    def good(self) -> Raws:
        return self.raws[: sum(question.good for question in self.questions)]

    @property
    def defective(self) -> Raws:
        return self.raws[sum(question.good for question in self.questions) :]


def refuse_too_few(data: AssemblyData) -> None:
    """Let only data pass in which every expected class is shown often enough to be learned.

    Raises:
        BadData: naming the region and how many views are missing.
    """
    counts = Counter(
        (roi.kind, label) for one in data.pictures for roi, label in zip(data.rois, one.labels, strict=True)
    )
    for roi in data.rois:
        shown = counts[roi.kind, roi.expect]
        if shown < MIN_GOOD:
            raise BadData(
                f"the region {roi.name} expects {roi.expect!r}, which only {shown} labelled views of the kind "
                f"{roi.kind} show, {MIN_GOOD} are the least; add pictures, or give regions that show the same kind of "
                "thing one kind in rois.toml"
            )


def fit_classifier(vectors: Floats, labels: Sequence[str]) -> Classifier:
    """One kind's classifier from `(n, views, D)` and a label each."""
    classes = tuple(sorted(set(labels)))
    own = {label: vectors[[one == label for one in labels]].reshape(-1, vectors.shape[-1]) for label in classes}
    centres = np.stack([own[label].mean(axis=0, dtype=np.float64) for label in classes])
    projection = _whitening(
        np.concatenate([own[label] - centre for label, centre in zip(classes, centres, strict=True)])
    )
    distances = [
        np.linalg.norm((own[label] - centre) @ projection, axis=1)
        for label, centre in zip(classes, centres, strict=True)
    ]
    usual = float(np.median(np.concatenate(distances)))
    radius = [
        (len(found) * float(np.median(found)) + _RADIUS_PRIOR * usual) / (len(found) + _RADIUS_PRIOR)
        for found in distances
    ]
    weights = np.zeros((len(classes), vectors.shape[-1] + 1), np.float32)
    for index, label in enumerate(classes if len(classes) > 1 else ()):
        others = np.concatenate([own[other] for other in classes if other != label])
        weights[index] = fit_logistic(others, own[label])
    positive = np.maximum(np.array(radius), 1e-6)
    return Classifier(
        classes, projection.astype(np.float32), centres.astype(np.float32), positive.astype(np.float32), weights
    )


def _whitening(residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    """`(D, D)` in whose space residuals vary about equally in all directions."""
    deviation = residuals.std(axis=0) + _LEAST_DEVIATION
    values, directions = np.linalg.eigh(np.cov((residuals / deviation).T))
    damped = np.sqrt(np.maximum(values, 0.0) + _DAMPING * max(float(values.mean()), 1e-9))
    return np.ascontiguousarray((directions / damped) / deviation[:, None])


def questions(sample: Sample) -> tuple[Question, ...]:
    """Every view against every class of its kind that could be expected; good ones first."""
    expectable = sample.expectable()
    asked = [
        Question(view, expected, sample.labels[view] == expected)
        for view in range(len(sample.labels))
        for expected in expectable[sample.kinds[view]]
    ]
    return tuple(sorted(asked, key=lambda question: not question.good))


def cross_fit(sample: Sample) -> CrossFit:
    """Classifiers on all folds but one each, and what they say of views they never saw."""
    classifiers = tuple(sample.fit(fold) for fold in range(int(sample.folds.max()) + 1))
    plain = CrossFit(classifiers, questions(sample), np.zeros(0))
    return CrossFit(classifiers, plain.questions, answers(plain, sample, sample.vectors[:, 0]))


def answers(held_out: CrossFit, sample: Sample, vectors: Floats) -> Raws:
    """Raw answers to all questions on `vectors` `(n, D)`, perhaps another runtime's, by the held-out classifiers."""
    raws = []
    for question in held_out.questions:
        classifier = held_out.classifiers[sample.folds[question.view]][sample.kinds[question.view]]
        raws.append(_against(classifier, vectors[question.view], question.expected))
    return np.array(raws, np.float64)


def _against(classifier: Classifier, vector: Floats, expected: str) -> float:
    """Raw score against `expected`; a class that this fold's classifier never saw is as far off as can be told."""
    raws = classifier(vector)
    return float(raws[classifier.classes.index(expected)]) if expected in classifier.classes else float(raws.max())


def as_expected(held_out: CrossFit, sample: Sample, rois: Sequence[Roi], raws: Raws) -> Raws:
    """Raw scores against what each region is to show, `(pictures, regions)`, out of the answers to all questions."""
    place = {(question.view, question.expected): index for index, question in enumerate(held_out.questions)}
    found = [raws[place[view, rois[sample.indices[view]].expect]] for view in range(len(sample.labels))]
    return np.array(found, np.float64).reshape(-1, len(rois))


def as_assembly(rois: Sequence[Roi], classifiers: Mapping[str, Classifier]) -> Assembly:
    """What a package of these regions and classifiers would judge with."""
    return Assembly(tuple(roi_entry(roi) for roi in rois), classifiers)


def roi_entry(roi: Roi) -> RoiEntry:
    box = roi.box
    return RoiEntry(name=roi.name, box=(box.x, box.y, box.w, box.h), expect=roi.expect, kind=roi.kind)
