"""An assembly data set on disk: pictures, named regions, one label a region in every picture.

DIR/rois.toml             the regions; see training/rois/catalogue.py
DIR/labels.csv            picture,roi,label: one row a region of every picture; `picture` is its path inside DIR
DIR/<any folder>/*.jpg    pictures of one size, all of one camera setting
DIR/unlabelled/*.jpg      optional: pictures that nobody labelled; never trained on
DIR/groups.csv            optional: picture,group (pictures of one part or lot share a group)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import BadPicture
from models.picture_file import SUFFIXES
from training.data.cache import Store
from training.data.csv_lines import csv_lines
from training.data.dataset import (
    UNLABELLED,
    Picture,
    SizeOf,
    decoded_size,
    listed,
    read_groups,
    read_one,
    refuse_mixed_sizes,
)
from training.data.pictures import Pictures
from training.data.synthetic_mark import SYNTHETIC
from training.errors import BadData, NotThere
from training.rois.catalogue import ROIS, Roi, RoiCatalogue, read_rois, refuse_outside

LABELS = "labels.csv"
_COLUMNS = ["picture", "roi", "label"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One picture and what each region of it shows, in the catalogue's order."""

    picture: Picture
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AssemblyData:
    """Pictures sorted by name without exact copies; `copies` says which were left out and what they equal."""

    root: Path
    catalogue: RoiCatalogue
    pictures: tuple[Labelled, ...]
    copies: tuple[tuple[str, str], ...]

    @property
    def rois(self) -> tuple[Roi, ...]:
        return self.catalogue.rois

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) that all pictures share."""
        return self.pictures[0].picture.size

    def whole(self, store: Store) -> Pictures:
        """Its pictures, each decoded once, if `store` has room for all."""
        return Pictures(store, [one.picture for one in self.pictures])

    @property
    def groups(self) -> list[str]:
        return [one.picture.group for one in self.pictures]

    def complete(self, one: Labelled) -> bool:
        """Whether every region shows what it is expected to show."""
        return all(label == roi.expect for label, roi in zip(one.labels, self.rois, strict=True))

    def only(self, indices: Sequence[int]) -> AssemblyData:
        """The same regions with some of the pictures."""
        return AssemblyData(self.root, self.catalogue, tuple(self.pictures[index] for index in indices), self.copies)

    def sha256(self) -> str:
        """Changes with any picture, label, group or region."""
        digest = hashlib.sha256((self.root / ROIS).read_bytes())
        for one in self.pictures:
            labels = "\0".join(one.labels)
            digest.update(f"{one.picture.name}\0{one.picture.sha256}\0{one.picture.group}\0{labels}\n".encode())
        return digest.hexdigest()


def is_assembly(root: Path) -> bool:
    """Whether the data set at `root` is one of named regions."""
    return (root / ROIS).is_file()


def open_assembly(root: Path, *, size_of: SizeOf | None = None) -> AssemblyData:
    """Read regions, labels and every picture once, and check the whole; `size_of`: as for `open_dataset`.

    Raises:
        NotThere: the data set, its labels or a labelled picture is not there.
        BadData: naming the first kind of trouble, where it is and what to do.
    """
    if not is_assembly(root):
        raise NotThere(f"there is no {ROIS} in {root}; name a folder that holds it, {LABELS} and the pictures")
    if not (root / LABELS).is_file():
        raise NotThere(f"there is no {LABELS} in {root}; write one with a row picture,roi,label for every region")
    catalogue = read_rois(root)
    labels = read_labels(root / LABELS, catalogue)
    names = sorted(path.relative_to(root).as_posix() for path in _pictures(root))
    _check_names(root, names, labels)
    groups = read_groups(root / "groups.csv")
    pictures, broken = [], []
    for name in names:
        try:
            picture = read_one(root, root / name, "", groups, {}, size_of or decoded_size)
        except BadPicture as error:
            broken.append(str(error))
        else:
            pictures.append(Labelled(picture, _in_order(root, name, labels[name], catalogue)))
    if broken:
        raise BadData(f"{len(broken)} pictures cannot be used: {listed(broken)}")
    data = _without_copies(root, catalogue, pictures)
    refuse_mixed_sizes(one.picture for one in data.pictures)
    refuse_outside(catalogue.rois, data.size)
    return data


def _pictures(root: Path) -> Iterator[Path]:
    for path in root.rglob("*"):
        inside = path.relative_to(root).parts
        left = inside[0] in (SYNTHETIC, UNLABELLED) or any(part.startswith(".") for part in inside)
        if path.is_file() and path.suffix.lower() in SUFFIXES and not left:
            yield path


def read_labels(path: Path, catalogue: RoiCatalogue) -> dict[str, dict[str, str]]:
    """Picture → region → label.

    Raises:
        BadData: naming the line and what is wrong with it.
    """
    rois = {roi.name for roi in catalogue.rois}
    found: dict[str, dict[str, str]] = {}
    lines = csv_lines(path)
    if next(lines, ("", []))[1] != _COLUMNS:
        raise BadData(f"{path} needs the columns {','.join(_COLUMNS)} in its first line, and no others")
    for place, (picture, roi, label) in lines:
        if roi not in rois:
            raise BadData(f"{place} names the region {roi!r}, which {ROIS} does not; correct one of the two")
        if label not in catalogue.classes:
            known = ", ".join(catalogue.classes)
            raise BadData(f"{place} has the label {label!r}, which is none of the classes {known}; correct it")
        if roi in found.setdefault(picture, {}):
            raise BadData(f"{place} labels {roi} of {picture} a second time; remove one of the rows")
        found[picture][roi] = label
    return found


def _check_names(root: Path, names: list[str], labels: Mapping[str, object]) -> None:
    absent = sorted(set(labels) - set(names))
    if absent:
        raise NotThere(f"{LABELS} labels {len(absent)} pictures that are not in {root}: {listed(absent)}")
    bare = [name for name in names if name not in labels]
    if bare:
        raise BadData(f"{len(bare)} pictures have no row in {LABELS}: {listed(bare)}; label them or move them away")
    if not names:
        raise BadData(f"{root} holds no picture; put the labelled pictures into a folder in it")


def _in_order(root: Path, name: str, labels: Mapping[str, str], catalogue: RoiCatalogue) -> tuple[str, ...]:
    missing = [roi.name for roi in catalogue.rois if roi.name not in labels]
    if missing:
        raise BadData(f"{root / LABELS} has no label for {listed(missing)} of {name}; every region needs one")
    return tuple(labels[roi.name] for roi in catalogue.rois)


def _without_copies(root: Path, catalogue: RoiCatalogue, pictures: list[Labelled]) -> AssemblyData:
    first: dict[str, Labelled] = {}
    copies: list[tuple[str, str]] = []
    for one in pictures:
        known = first.setdefault(one.picture.sha256, one)
        if known is one:
            continue
        if known.labels != one.labels:
            raise BadData(
                f"{one.picture.name} and {known.picture.name} are the same picture with different labels; correct them"
            )
        copies.append((one.picture.name, known.picture.name))
    return AssemblyData(root, catalogue, tuple(first.values()), tuple(copies))
