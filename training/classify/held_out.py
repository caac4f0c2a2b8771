"""What is kept from a network that tells classes apart: on these pictures alone rest confidence and its limit."""

from __future__ import annotations

from training.data.dataset import DataSet
from training.data.subsets import Subset, propose
from training.errors import BadData
from training.splits.parted import Parted, only

_SHARE = 0.25
_FEWEST = 2


def held_out_classes(parted: Parted[DataSet], seed: int) -> tuple[DataSet, str]:
    """The pictures to keep, and a sentence that says which: those of the split, or a quarter of each class by group.

    Raises:
        BadData: too few would be kept, or a class would have nothing to learn from.
    """
    data = parted.seen
    kept = only(data, parted.validation)
    if kept.pictures:
        told = f"the split's {len(kept.pictures)} validation and calibration pictures set the limit"
    else:
        shares = {Subset.TRAIN: 1.0 - _SHARE, Subset.TEST: _SHARE}
        dealt = propose([one.label for one in data.pictures], [one.group for one in data.pictures], shares, seed, {})
        names = [one.name for one, subset in zip(data.pictures, dealt, strict=True) if subset is Subset.TEST]
        kept = only(data, frozenset(names))
        told = f"a quarter of the pictures, {len(kept.pictures)} by group, is kept from learning and sets the limit"
    for label in data.defects:
        shown = sum(one.label == label for one in data.pictures)
        held = sum(one.label == label for one in kept.pictures)
        if shown - held < _FEWEST:
            raise BadData(
                f"of {label} {shown - held} pictures would be left to learn from, {_FEWEST} are the least; add some of "
                "other parts or lots"
            )
    if len({one.label for one in kept.pictures}) < _FEWEST:
        raise BadData("pictures of one class alone would be kept to set the limit; add pictures of other parts or lots")
    return kept, told
