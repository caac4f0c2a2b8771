"""What scorers are fitted on: feature maps of good pictures, of views of them, and of defects; by fold."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from training.features import ALL_STRIDES, Seen
from training.fitting.network import Layers

Mask = NDArray[np.bool_]
Raws = NDArray[np.float64]
# A picture with a defect, and where it is in each view where that is known.
Shown = tuple[Seen, Sequence[Mask | None]]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a scorer is fitted on: feature maps (all strides) of good pictures and views, and of defects.

    `made`: synthetic defects, drawn on these good pictures and no others.
    """

    good: Sequence[Seen]
    defective: Sequence[Shown]
    made: Sequence[Shown] = ()


@dataclass(frozen=True, slots=True)
class FitData:
    """All features of a run: `views[i]` are those of `good[i]`; `fold_of` goes over good, then defective.

    `masks`: of each defective picture, one a view. `made[i]`: synthetic defects drawn on `good[i]`, to teach with;
    empty where nothing is made. `synthetic`: others to choose by, each with the index of the good picture that it was
    drawn on; nothing is fitted on them. `learned`: the networks of this run, by what they saw.
    """

    good: Sequence[Seen]
    views: Mapping[str, Sequence[Sequence[Seen]]]
    defective: Sequence[Seen]
    masks: Sequence[Sequence[Mask | None]]
    fold_of: tuple[int, ...]
    synthetic: Sequence[tuple[int, Seen]] = ()
    made: Sequence[Sequence[Shown]] = ()
    learned: dict[Hashable, Layers] = field(default_factory=dict, init=False, compare=False, repr=False)

    def sample(self, views: str, *without: int | None) -> Sample:
        """What to fit on, all of it or all but some folds."""
        first = len(self.good)
        kept = [index for index in range(first) if self.fold_of[index] not in without]
        good = [self.good[index] for index in kept] + [view for index in kept for view in self.views[views][index]]
        shown = zip(self.defective, self.masks, self.fold_of[first:], strict=True)
        defective = [(maps, mask) for maps, mask, fold in shown if fold not in without]
        made = [one for index in kept for one in self.made[index]] if self.made else []
        return Sample(good, defective, made)

    @property
    def one_view(self) -> bool:
        """Whether every picture is a single network input."""
        return all(len(seen.views) == 1 for seen in self.good)

    @property
    def can_know(self) -> bool:
        """Whether every fold's scorer would see defects, synthetic or real."""
        folds = range(max(self.fold_of) + 1)
        samples = [self.sample("none", fold) for fold in folds]
        return all(sample.defective or sample.made for sample in samples)


def maps_of(seen: Seen) -> Seen:
    """The feature maps alone, without what heads inside the network say."""
    return replace(seen, views=tuple(view[: len(ALL_STRIDES)] for view in seen.views))


def select(seen: Seen, strides: Sequence[int]) -> Seen:
    """The maps of `strides` out of those of all strides, and whatever comes after them."""
    views = tuple(
        (*(view[ALL_STRIDES.index(stride)] for stride in strides), *view[len(ALL_STRIDES) :]) for view in seen.views
    )
    return replace(seen, views=views)
