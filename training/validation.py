"""What is kept from a network that learns: validation pictures, on which scorers, limits and certificate rest alone."""

from __future__ import annotations

from collections import defaultdict

from training.data.dataset import DataSet, Picture
from training.data.subsets import Subset, propose
from training.errors import BadData
from training.splits.parted import Parted, only

_SHARE = 0.25
_FEWEST_GOOD = 8


def held_out_of(parted: Parted[DataSet], seed: int) -> tuple[DataSet, str]:
    """The pictures to keep, and a sentence that says which: those that a split keeps for this, or a quarter by group.

    Raises:
        BadData: too few would be kept to set a limit, or none to learn from.
    """
    data = parted.seen
    kept = only(data, parted.validation)
    if len(kept.good) >= _FEWEST_GOOD and kept.defective:
        told = f"the split's {len(kept.pictures)} validation and calibration pictures set the limits"
    else:
        kept = only(data, frozenset(one.name for one in _quarter(data, seed)))
        told = f"a quarter of the pictures, {len(kept.pictures)} by group, is kept from learning and sets the limits"
    rest = len(data.good) - len(kept.good), len(data.defective) - len(kept.defective)
    if len(kept.good) < _FEWEST_GOOD or not kept.defective or not all(rest):
        raise BadData(
            f"{len(kept.good)} good and {len(kept.defective)} defective pictures can be kept from learning, "
            f"{_FEWEST_GOOD} and 1 are the least; add pictures of other parts or lots, or take --mode mixed"
        )
    return kept, told


def _quarter(data: DataSet, seed: int) -> list[Picture]:
    """About a quarter of each class; no group is torn, and a class of one group stays where it is learned from."""
    groups = [_group(picture, data) for picture in data.pictures]
    of_class: dict[str, set[str]] = defaultdict(set)
    for picture, group in zip(data.pictures, groups, strict=True):
        of_class[picture.label].add(group)
    alone = {group: Subset.TRAIN for own in of_class.values() if len(own) == 1 for group in own}
    shares = {Subset.TRAIN: 1.0 - _SHARE, Subset.TEST: _SHARE}
    dealt = propose([one.label for one in data.pictures], groups, shares, seed, alone)
    return [one for one, subset in zip(data.pictures, dealt, strict=True) if subset is Subset.TEST]


def _group(picture: Picture, data: DataSet) -> str:
    return picture.name if picture.good and data.one_group else picture.group
