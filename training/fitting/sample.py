"""What scorers are fitted on: feature maps of good pictures, of views of them, and of defects; by fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.features import ALL_STRIDES, Seen

Mask = NDArray[np.bool_]
Raws = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a scorer is fitted on: feature maps (all strides) of good pictures and views, and of defects."""

    good: Sequence[Seen]
    defective: Sequence[tuple[Seen, Sequence[Mask | None]]]


@dataclass(frozen=True, slots=True)
class FitData:
    """All features of a run: `views[i]` are those of `good[i]`; `fold_of` goes over good, then defective.

    `masks`: of each defective picture, one a view. `synthetic`: pictures
    with a drawn defect, each with the index of the good picture that it was drawn on; nothing is fitted on them.
    """

    good: Sequence[Seen]
    views: Mapping[str, Sequence[Sequence[Seen]]]
    defective: Sequence[Seen]
    masks: Sequence[Sequence[Mask | None]]
    fold_of: tuple[int, ...]
    synthetic: Sequence[tuple[int, Seen]] = ()

    def sample(self, views: str, without_fold: int | None = None) -> Sample:
        """What to fit on, all of it or all but one fold."""
        first = len(self.good)
        kept = [index for index in range(first) if self.fold_of[index] != without_fold]
        good = [self.good[index] for index in kept] + [view for index in kept for view in self.views[views][index]]
        shown = zip(self.defective, self.masks, self.fold_of[first:], strict=True)
        defective = [(maps, mask) for maps, mask, fold in shown if fold != without_fold]
        return Sample(good, defective)

    @property
    def one_view(self) -> bool:
        """Whether every picture is a single network input."""
        return all(len(seen.views) == 1 for seen in self.good)

    @property
    def can_know(self) -> bool:
        """Whether every fold's scorer would see defects."""
        folds = range(max(self.fold_of) + 1)
        return all(self.sample("none", fold).defective for fold in folds)


def maps_of(seen: Seen) -> Seen:
    """The feature maps alone, without what heads inside the network say."""
    return replace(seen, views=tuple(view[: len(ALL_STRIDES)] for view in seen.views))


def select(seen: Seen, strides: Sequence[int]) -> Seen:
    """The maps of `strides` out of those of all strides, and whatever comes after them."""
    views = tuple(
        (*(view[ALL_STRIDES.index(stride)] for stride in strides), *view[len(ALL_STRIDES) :]) for view in seen.views
    )
    return replace(seen, views=views)
