"""A data set on disk: `good/` and one folder a defect, checked before an hour is spent on it.

DIR/good/*.png  DIR/<defect>/*.png        pictures, any name, any script
DIR/empty/*.png                           optional: what the camera sees when no part is there
DIR/unlabelled/*.png                      optional: pictures that nobody labelled; never trained on
DIR/ground_truth/<defect>/<stem>.png      masks, optional (also <stem>_mask.png)
DIR/annotations.jsonl                     optional: polygons, boxes, masks of further classes; see annotations.py
DIR/groups.csv                            optional: picture,group (pictures of one part or lot share a group)
                                          without a row: the lot that a collecting station wrote into the picture
DIR/catalogue.toml                        optional: names and severities of the defects
DIR/part.toml                             optional: what may be assumed of the part; see part.py
DIR/synthetic/<defect>/*.png              optional: pictures that `okng synth` made; never read here

Longer than 300 lines, so that what a data set is and all that it is refused for can be read in one place.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.errors import BadPicture
from models.origin import origin_of, without_origin
from models.picture_file import SUFFIXES, decode_picture
from training.config import MIN_GOOD
from training.data.annotations import ANNOTATIONS, Annotation, read_annotations
from training.data.csv_lines import csv_lines
from training.data.entries import entries
from training.data.marks import Shape, ShapeKind
from training.data.synthetic_mark import SYNTHETIC, refuse_synthetic
from training.errors import BadData, NotThere

GOOD = "good"
EMPTY = "empty"
UNLABELLED = "unlabelled"
MASKS = "ground_truth"
SPLITS = "splits"
_NO_CLASSES = frozenset({MASKS, SPLITS, SYNTHETIC})
_LONGEST = 200  # letters of a name in a sentence

# (file's name, content) → (width, height); raises BadPicture.
SizeOf = Callable[[str, bytes], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Marks:
    """Where a picture's defects are: `shapes` drawn, `masks` painted, (class, file) each."""

    shapes: tuple[Shape, ...] = ()
    masks: tuple[tuple[str, Path], ...] = ()

    @property
    def outlined(self) -> bool:
        """Whether pixels are known; a box tells none."""
        return bool(self.masks) or any(shape.kind is ShapeKind.POLYGON for shape in self.shapes)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture; `label` is its folder, `name` its path inside the data set, `size` (width, height).

    `labels`: all classes it shows, that of the folder first.
    """

    path: Path
    name: str
    label: str
    group: str
    sha256: str
    size: tuple[int, int]
    marks: Marks = field(default_factory=Marks)
    labels: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return self.label == GOOD


@dataclass(frozen=True, slots=True)
class DataSet:
    """Pictures of parts, sorted by name without exact copies; `copies` says which were left out and what they equal.

    `empty`: those that show no part; they are neither good nor defective. `unlabelled`: nobody knows yet.
    """

    root: Path
    pictures: tuple[Picture, ...]
    copies: tuple[tuple[str, str], ...]
    empty: tuple[Picture, ...] = ()
    unlabelled: tuple[Picture, ...] = ()

    @property
    def good(self) -> tuple[Picture, ...]:
        return tuple(picture for picture in self.pictures if picture.good)

    @property
    def defective(self) -> tuple[Picture, ...]:
        return tuple(picture for picture in self.pictures if not picture.good)

    @property
    def defects(self) -> tuple[str, ...]:
        return tuple(sorted({picture.label for picture in self.defective}))

    @property
    def one_group(self) -> bool:
        """Whether all good pictures are of one part or lot, so that none can be held out against another lot."""
        return len({picture.group for picture in self.good}) == 1

    @property
    def sizes(self) -> frozenset[tuple[int, int]]:
        """Every (width, height) that pictures have, also those of empty places."""
        return frozenset(picture.size for picture in (*self.pictures, *self.empty))

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) that all pictures share, or that of the picture of middle proportions."""
        by_proportions = sorted((one.size for one in self.pictures), key=lambda size: (size[0] / size[1], size))
        return by_proportions[len(by_proportions) // 2]

    def sha256(self) -> str:
        """Changes with any picture, mark, name, group, catalogue entry or answer about the part.

        What is unlabelled or synthetic does not count.
        """
        digest = hashlib.sha256()
        for picture in (*self.pictures, *self.empty):
            masks = "".join(f"{label}\0{_sha256(path)}" for label, path in picture.marks.masks)
            said = f"{picture.name}\0{picture.sha256}\0{picture.group}\0{picture.labels}\0{picture.marks.shapes}"
            digest.update(f"{said}\0{masks}\n".encode())
        for file in (self.root / "catalogue.toml", self.root / "part.toml"):
            digest.update(file.read_bytes() if file.is_file() else b"")
        return digest.hexdigest()


def open_dataset(
    root: Path, *, min_good: int = MIN_GOOD, one_size: bool = True, size_of: SizeOf | None = None
) -> DataSet:
    """Read every picture once and check the whole.

    `size_of`: how far each is looked into. Decoded, unless it is known that all that counts will be decoded later.

    Raises:
        NotThere: `root` is not there, or `root/good` where good pictures are needed.
        BadData: naming all pictures of the first kind of trouble.
    """
    if not root.is_dir():
        raise NotThere(f"there is no data set at {root}; name a folder that holds good/ and one folder a defect")
    if not (root / GOOD).is_dir() and (min_good or next(labelled_files(root), None) is None):
        raise NotThere(f"{root} has no folder good/; put the pictures of good parts there")
    groups, annotations = read_groups(root / "groups.csv"), read_annotations(root)
    pictures, broken = [], []
    for path, label in labelled_files(root):
        try:
            pictures.append(read_one(root, path, label, groups, annotations, size_of or decoded_size))
        except BadPicture as error:
            broken.append(f"{label}/{error}")
    if broken:
        raise BadData(f"{len(broken)} pictures cannot be used: {listed(broken)}")
    marked = [
        one.name for one in pictures if one.label in (GOOD, EMPTY) and (one.marks != Marks() or len(one.labels) > 1)
    ]
    if marked:
        raise BadData(
            f"{root / ANNOTATIONS} marks defects in good or empty pictures: {listed(marked)}; "
            "move each into the folder of its defect, or take its line out"
        )
    strangers = sorted(set(annotations) - {picture.name for picture in pictures})
    if strangers:
        raise BadData(f"{root / ANNOTATIONS} names pictures that are not there: {listed(strangers)}; correct it there")
    data = _without_copies(root, pictures)
    _check(data, min_good, one_size)
    return data


def labelled_files(root: Path) -> Iterator[tuple[Path, str]]:
    """Every picture file of a data set with its folder's name, in order; none is opened.

    Raises:
        BadData: something hangs, leads out of the data set or cannot be named; see `entries`.
    """
    real_root = os.path.realpath(root)
    for name in sorted(entry.name for entry in entries(str(root), str(root), real_root) if entry.is_dir()):
        if name not in _NO_CLASSES:
            inside = entries(str(root / name), str(root), real_root)
            for file in sorted(entry.name for entry in inside if not entry.is_dir()):
                if Path(file).suffix.lower() in SUFFIXES:
                    yield root / name / file, name


def read_one(
    root: Path,
    path: Path,
    label: str,
    groups: Mapping[str, str],
    annotations: Mapping[str, Annotation],
    size_of: SizeOf,
) -> Picture:
    """One picture of a data set.

    Raises:
        BadPicture: it cannot be read, or was made and not taken.
    """
    content = content_of(path)
    size = size_of(path.name, content)
    refuse_synthetic(path.name, content)
    name = path.relative_to(root).as_posix()
    origin = origin_of(content)
    group = groups.get(name) or (f"lot {origin.lot}" if origin is not None and origin.lot else name)
    # Without its origin: the same picture of two parts is a copy, whichever part it is said to show.
    digest = hashlib.sha256(without_origin(content)).hexdigest()
    said = annotations.get(name, Annotation(picture=name))
    labels = tuple(dict.fromkeys((label, *said.labels)))
    return Picture(path, name, label, group, digest, size, _marks(root, path, label, said), labels)


def content_of(path: Path) -> bytes:
    """Raises BadPicture: the file cannot be read, or is there no longer."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadPicture(f"{path.name} cannot be read ({error.strerror}); check the file") from error


def decoded_size(name: str, content: bytes) -> tuple[int, int]:
    """(width, height) of a picture that was decoded. Raises BadPicture: as `decode_picture`."""
    height, width = decode_picture(name, np.frombuffer(content, np.uint8)).shape[:2]
    return width, height


def _marks(root: Path, path: Path, label: str, said: Annotation) -> Marks:
    """What the picture's own mask and its annotation say; of a good picture the annotation alone."""
    folder = root / MASKS / label
    named = (folder / f"{path.stem}.png", folder / f"{path.stem}_mask.png")
    own = [(label, mask) for mask in named if label != GOOD and mask.is_file()][:1]
    masks = dict.fromkeys([*own, *((row.label, root / row.file) for row in said.masks)])
    return Marks(tuple(row.shape for row in said.shapes), tuple(masks))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_groups(path: Path) -> dict[str, str]:
    """`groups.csv`: picture → group; empty where there is none.

    Raises:
        BadData: a column is missing, or it is no CSV in UTF-8.
    """
    if not path.is_file():
        return {}
    lines = csv_lines(path)
    _, columns = next(lines, ("", []))
    if not {"picture", "group"} <= set(columns):
        raise BadData(f"{path} needs the columns picture,group in its first line; add them")
    picture, group = columns.index("picture"), columns.index("group")
    return {cells[picture]: cells[group] for _, cells in lines}


def _without_copies(root: Path, pictures: list[Picture]) -> DataSet:
    first: dict[str, Picture] = {}
    copies: list[tuple[str, str]] = []
    crossing: list[str] = []
    # What nobody labelled comes last: beside a labelled copy it is the copy.
    for picture in sorted(pictures, key=lambda picture: picture.label == UNLABELLED):
        known = first.setdefault(picture.sha256, picture)
        if known is picture:
            continue
        labels = {known.label, picture.label}
        if len(labels) > 1 and labels & {GOOD, EMPTY} and UNLABELLED not in labels:
            crossing.append(f"{picture.name} = {known.name}")
        copies.append((picture.name, known.name))
    if crossing:
        raise BadData(
            f"the same picture is both good and defective, or a part and empty: {listed(crossing)}; "
            "remove the wrong copy"
        )
    parts = tuple(picture for picture in first.values() if picture.label not in (EMPTY, UNLABELLED))
    empty, unlabelled = (
        tuple(picture for picture in first.values() if picture.label == label) for label in (EMPTY, UNLABELLED)
    )
    return DataSet(root, parts, tuple(copies), empty, unlabelled)


def _check(data: DataSet, min_good: int, one_size: bool) -> None:
    refuse_few_good(data, min_good)
    if one_size:
        refuse_mixed_sizes((*data.pictures, *data.empty))


def refuse_few_good(data: DataSet, least: int) -> None:
    """Let only a data set pass that has so many good pictures.

    Raises:
        BadData: how many it has.
    """
    if len(data.good) < least:
        raise BadData(
            f"{data.root}/good holds {len(data.good)} different pictures, {least} are the least and 80 certify 5 %; "
            "add pictures of good parts"
        )


def refuse_mixed_sizes(pictures: Iterable[Picture]) -> None:
    """Let only pictures of one size pass.

    Raises:
        BadData: naming those of the rarest size.
    """
    sizes: dict[tuple[int, int], list[str]] = {}
    for picture in pictures:
        sizes.setdefault(picture.size, []).append(picture.name)
    if len(sizes) > 1:
        rare = min(sizes, key=lambda size: len(sizes[size]))
        raise BadData(
            f"the pictures have {len(sizes)} sizes; {listed(sizes[rare])} have {rare[0]}x{rare[1]}: "
            "take all with one camera setting, or remove them"
        )


def listed(names: list[str], most: int = 5) -> str:
    """The first few of many names, for a sentence."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…" for name in names[:most]) + more
