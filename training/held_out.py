"""Held-out scores of every runtime → what a package carries of them, so that a station can certify any limits.

Every score was given by a scorer that never saw the picture nor another one of its fold; on each runtime by the same
scorers. See models/certificate.py for what may be concluded from them.
"""

from __future__ import annotations

from collections.abc import Iterable

from models.manifest import CalibrationEntry, HeldOutEntry, SampleEntry
from models.runtimes.choose import REFERENCE
from training.calibrate import Raws
from training.data.dataset import DataSet, Picture
from training.gate import Calibration


def calibration_entry(data: DataSet, calibration: Calibration, scorers: int) -> CalibrationEntry:
    """All held-out raw scores, of every runtime in the gate; `scorers`: how many were compared on them."""
    found = {name: _held_out(data, raws) for name, raws in calibration.raws.items()}
    return runtimes_entry(found, scorers, calibration.raw_limits.spare_rank)


def _held_out(data: DataSet, raws: Raws) -> HeldOutEntry:
    """`raws` are of good, then of defective pictures."""
    count = len(data.good)
    bad = list(zip(raws[count:], data.defective, strict=True))
    return HeldOutEntry(
        good=_of_pictures(zip(raws[:count], data.good, strict=True)),
        defects={label: _of_pictures(pair for pair in bad if pair[1].label == label) for label in data.defects},
    )


def _of_pictures(pairs: Iterable[tuple[float, Picture]]) -> SampleEntry:
    return sample_entry((raw, picture.group) for raw, picture in pairs)


def sample_entry(pairs: Iterable[tuple[float, str]]) -> SampleEntry:
    """Raw scores with their groups, as a package holds them."""
    rows = sorted((float(raw), group) for raw, group in pairs)
    return SampleEntry(scores=tuple(raw for raw, _ in rows), groups=tuple(group for _, group in rows))


def runtimes_entry(found: dict[str, HeldOutEntry], scorers: int, spare_rank: int | None) -> CalibrationEntry:
    """Held-out scores by runtime, as a package holds them."""
    others = dict(found)
    reference = others.pop(REFERENCE)
    return CalibrationEntry.model_validate(
        {
            "scores": reference.good.scores,
            "groups": reference.good.groups,
            "defects": reference.defects,
            "others": others,
            "scorers": scorers,
            "spare_rank": spare_rank,
        }
    )
