"""How a network's logits and the distance from good become one score: a few ways are tried on validation pictures.

The distance counts above what an ordinary good part has: it finds what nobody showed the network. It stays unless known
defects are told better without it beyond what chance explains. Of magnetic tiles whose blowholes and cracks no training
picture showed the AUROC is 95.5 and 94.4, of known defects 99.6; counted only above what 99 % of good parts have, 91.2,
85.7 and 99.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.heads import Evidence, Head
from models.scorer_entry import HeadEntry, TermEntry
from models.scorers import Scorer, score_views
from training.features import ALL_STRIDES, Seen
from training.fitting.choose import merit, noise, points
from training.fitting.crossfit import CrossFit
from training.fitting.fit import Fitted
from training.fitting.sample import Mask, select
from training.networks.network import MAP_STRIDE

# So low that no logit lies below: the term is linear.
_LINEAR = -100.0
_ORDINARY, _USUAL = 0.5, 0.99
# What takes the distance away: points of AUROC, and standard errors of the difference.
_WORTH_POINTS, _ERRORS = 0.2, 2.0
_FROM = np.arange(-3.0, 3.25, 0.25)


@dataclass(frozen=True, slots=True)
class Way:
    """Which terms have a share in a score."""

    map: bool
    image: bool
    distance: bool

    def __str__(self) -> str:
        names = [name for name in ("image", "map", "distance") if getattr(self, name)]
        return " + ".join(names)


def ways() -> Iterator[Way]:
    """All that are tried."""
    for distance in (True, False):
        for shown in ((True, True), (False, True), (True, False)):
            yield Way(*shown, distance)


def evidence_of(fitted: Fitted, classes: Sequence[str], seen: Sequence[Seen]) -> list[Evidence]:
    """What a scorer's distance and the heads say of each picture."""
    head, strides = Head(_bare(classes), fitted.candidate.shape.strides), fitted.candidate.shape.strides
    found = []
    for one in seen:
        parts = [head.split(view) for view in select(one, strides).views]
        statistic = score_views(fitted.scorer, [features for features, _ in parts], one.mosaics)
        found.append(head.evidence(statistic, [logits for _, logits in parts], one.mosaics))
    return found


def _bare(classes: Sequence[str]) -> HeadEntry:
    none, one = TermEntry(weight=0.0, above=0.0), TermEntry(weight=1.0, above=_LINEAR)
    return HeadEntry(
        classes=tuple(classes),
        stride=MAP_STRIDE,
        image=True,
        distance=none,
        map=one,
        image_logit=one,
        mask_from=0.0,
    )


def entry_for(way: Way, classes: Sequence[str], good: Sequence[Evidence], mask_from: float) -> HeadEntry:
    """The terms of a way, weighed so that good parts vary alike in each."""
    logits = [(one.map, way.map) for one in good], [(one.image or 0.0, way.image) for one in good]
    spreads = [_spread([value for value, _ in own]) if own[0][1] else 0.0 for own in logits]
    distances = [one.distance for one in good]
    scale = max(spreads) / _spread(distances) if way.distance else 0.0
    return _bare(classes).model_copy(
        update={
            "map": _term(1.0 if way.map else 0.0, _LINEAR),
            "image_logit": _term(1.0 if way.image else 0.0, _LINEAR),
            "distance": _term(scale, float(np.quantile(distances, _ORDINARY))),
            "mask_from": mask_from,
        }
    )


def _term(weight: float, above: float) -> TermEntry:
    return TermEntry(weight=min(weight, 1000.0), above=above)


def _spread(values: Sequence[float]) -> float:
    low, high = np.quantile(values, (_ORDINARY, _USUAL))
    return max(float(high - low), 1e-3)


def with_head(scorer: Scorer, entry: HeadEntry, strides: tuple[int, ...]) -> Scorer:
    """The same scorer with what heads add."""
    found = copy(scorer)
    found.head = Head(entry, strides)
    return found


def tried_with(
    fitted: Fitted, entry: HeadEntry, way: Way, good: Sequence[Evidence], bad: Sequence[Evidence]
) -> CrossFit:
    """A way's scores of the validation pictures."""
    strides = fitted.candidate.shape.strides
    return CrossFit(
        candidate=replace(fitted.candidate, terms=str(way)),
        scorers=(with_head(fitted.scorer, entry, strides),),
        fold_of=(0,) * (len(good) + len(bad)),
        good=np.array([one.raw(entry) for one in good]),
        defective=np.array([one.raw(entry) for one in bad]),
    )


def ranked(tried: Sequence[CrossFit]) -> list[CrossFit]:
    """The best first: by AUROC, and by the gap between good and defective where that is the same.

    Those without the distance stand behind those with it, unless the best of them is clearly better.
    """
    falling = sorted(tried, key=lambda one: (points(one), merit(one)), reverse=True)
    watching = [one for one in falling if "distance" in one.candidate.terms]
    blind = [one for one in falling if "distance" not in one.candidate.terms]
    if not watching or not blind:
        return falling
    gained = points(blind[0]) - points(watching[0])
    clearly = gained > max(_WORTH_POINTS, _ERRORS * noise(blind[0], watching[0]))
    return [*blind, *watching] if clearly else [*watching, *blind]


def mask_from(seen: Sequence[Seen], masks: Sequence[Sequence[Mask | None]], labels: Sequence[str]) -> float:
    """The anomaly logit from which a pixel is called defective: the best Jaccard index, in the mean over labels.

    Over all pixels alike, the largest defects would say where the smallest begin: of magnetic tiles, whose uneven faces
    have twenty times the pixels of cracks, mIoU 72.4 instead of 73.4.
    """
    shared, either = (np.zeros((len(set(labels)), len(_FROM))) for _ in range(2))
    rows = {label: row for row, label in enumerate(sorted(set(labels)))}
    for one, own, label in zip(seen, masks, labels, strict=True):
        for view, mask in zip(one.views, own, strict=True):
            if mask is not None and mask.any():
                _count(view[len(ALL_STRIDES)][0], mask, shared[rows[label]], either[rows[label]])
    marked = either.any(axis=1)
    if not marked.any():
        return 0.0
    return float(_FROM[int(np.argmax((shared[marked] / np.maximum(either[marked], 1)).mean(axis=0)))])


def _count(logits: NDArray[np.float32], mask: Mask, shared: NDArray[np.float64], either: NDArray[np.float64]) -> None:
    height, width = mask.shape
    large = cv2.resize(logits, (width, height), interpolation=cv2.INTER_LINEAR)
    for index, limit in enumerate(_FROM):
        called = large >= limit
        shared[index] += np.count_nonzero(called & mask)
        either[index] += np.count_nonzero(called | mask)
