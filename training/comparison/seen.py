"""Whether a package was trained on the pictures that it is to be compared on, as far as its manifest tells.

A package keeps hashes: of the data set that it was trained on, and of the split whose test pictures it never saw. Where
one of them fits this data set, the pictures are known to the last; else only what they are called can be held against
the names that its calibration carries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.manifest import Manifest
from training.data.dataset import SPLITS, DataSet, Picture, listed
from training.errors import BadData, TrainingError
from training.rois.dataset import AssemblyData
from training.rois.parted import labelled
from training.rois.parted import only as only_parts
from training.splits.parted import only, plan
from training.text import Text


@dataclass(frozen=True, slots=True)
class Source:
    """A data set, whatever its kind; `hash_of`: what a package trained on the pictures of these names would carry."""

    root: Path
    pictures: tuple[Picture, ...]
    copies: tuple[tuple[str, str], ...]
    hash_of: Callable[[frozenset[str]], str]

    @classmethod
    def of(cls, data: DataSet) -> Source:
        return cls(data.root, (*data.pictures, *data.empty), data.copies, lambda names: only(data, names).sha256())

    @classmethod
    def of_regions(cls, data: AssemblyData) -> Source:
        return cls(data.root, tuple(labelled(data)), data.copies, lambda names: only_parts(data, names).sha256())


def refuse_seen(
    letter: str, manifest: Manifest, source: Source, judged: Sequence[Picture], split: str | None
) -> Text | None:
    """Let only pictures pass that the package, called `letter`, was not trained on; what is not known of them, if any.

    Raises:
        BadData: it was trained on some; which, and what to do.
    """
    seen = _seen(manifest, source, split)
    if seen is None:
        return _unknown(letter, manifest, judged)
    both = sorted(one.name for one in judged if one.name in seen)
    if both:
        raise BadData(
            f"{letter} was trained on {len(both)} of the {len(judged)} pictures: {listed(both)}; compare on "
            "pictures that neither saw: name their split with --split and --subset test, or another data set"
        )
    return None


def _seen(manifest: Manifest, source: Source, split: str | None) -> frozenset[str] | None:
    """The names of the pictures that training saw, None where that is not known."""
    trained = manifest.training
    if trained.split_sha256 is None:
        every = plan(source.root, source.pictures, source.copies, None).seen
        return every if source.hash_of(every) == trained.data_sha256 else None
    for table in _tables(source.root, split):
        try:
            found = plan(source.root, source.pictures, source.copies, table)
        except TrainingError:
            # Made for pictures that are no longer what they were: then nothing is known by it.
            continue
        if found.split_sha256 == trained.split_sha256:
            return found.seen
    return None


def _tables(root: Path, split: str | None) -> Iterator[str]:
    if split is not None:
        yield split
    yield from (str(path) for path in sorted((root / SPLITS).glob("*.csv")))


def _unknown(letter: str, manifest: Manifest, judged: Sequence[Picture]) -> Text:
    known = set(manifest.calibration.groups)
    alike = sum(one.name in known or one.group in known for one in judged)
    more = Text("", "")
    if alike:
        more = Text(
            f" {alike} of them have the name or the group of good pictures that it was calibrated with: if they are "
            f"the same, the figures of {letter} are too good.",
            f"其中 {alike} 张与其校准用良品图片同名或同组：若确为同一图片，{letter} 的数字会偏好。",
        )
    return Text(
        f"Whether {letter} was trained on any of these pictures is not known: it was trained on other data, or these "
        f"were changed since.{more.en}",
        f"无法确定 {letter} 是否用这些图片训练过：它用的是其他数据，或这些图片之后有改动。{more.zh}",
    )
