"""okng's own layout, which `okng import` writes and everything else reads; see training/data/dataset.py.

Polygons and boxes stand in annotations.jsonl alone, painted masks in ground_truth alone. The mask of a picture's first
class is ground_truth/<class>/<stem>.png; those of further classes lie one folder deeper, where no picture of another
name takes them for its own:

    ground_truth/crack/further/001.2.png        named in annotations.jsonl
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from training.data.annotations import ANNOTATIONS, Annotation, MaskRow, ShapeRow, annotations_text, read_annotations
from training.data.dataset import EMPTY, GOOD, MASKS, SPLITS, UNLABELLED, listed, read_groups
from training.data.marks import Raster
from training.data.subsets import Subset
from training.data.synthetic_mark import SYNTHETIC
from training.errors import BadData
from training.formats.base import ReadOptions
from training.formats.copying import Copies, folded, refuse_same_folders, refuse_unfit_folder
from training.formats.item import Fact, Item, Source
from training.formats.pixels import painted_reader, write_mask
from training.formats.rois import Rois, csv_text
from training.formats.tables import read_table
from training.formats.walk import files_under, is_picture, name_under
from training.rois.dataset import is_assembly

IMPORTED = "imported.csv"
_GROUPS = "groups.csv"
# What a data set carries beside its pictures, from one of ours to another.
_CARRIED = ("catalogue.toml", "part.toml")
_NO_CLASSES = frozenset({MASKS, SPLITS, SYNTHETIC})
_SPLIT_TAG = "split"
_SPLIT_WORDS = frozenset({*(subset.value for subset in Subset), "val", "valid", "training"})


class Okng:
    name = "okng"
    holds = frozenset(Fact)

    def recognises(self, root: Path) -> bool:
        """annotations.jsonl, or good/ beside anything else that only this layout has."""
        return (root / ANNOTATIONS).is_file() or (
            (root / GOOD).is_dir() and any((root / name).exists() for name in (MASKS, _GROUPS, *_CARRIED))
        )

    def read(self, root: Path, options: ReadOptions) -> Source:
        """Pictures in the folders of their classes; others are told in `notes`."""
        if is_assembly(root):
            return Rois().read(root, options)
        files = {name_under(root, path): path for path in files_under(root) if is_picture(path)}
        inside = [name for name in files if name.split("/")[0] not in _NO_CLASSES]
        names = [name for name in inside if name.count("/") == 1]
        said, groups = _annotations(root, set(names)), read_groups(root / _GROUPS)
        splits, notes = _splits(root, names)
        items = tuple(_item(root, name, files, said.get(name), groups.get(name), splits.get(name)) for name in names)
        aside = [name for name in inside if name.count("/") != 1]
        if aside:
            notes.append(f"{len(aside)} pictures lie in no folder of a class and are left out: {listed(aside)}")
        classes = tuple(sorted({label for item in items for label in item.classes}))
        return Source(root, self.name, items, classes, tuple(notes))

    def write(self, source: Source, folder: Path) -> tuple[str, ...]:
        """Raises BadData also where a class cannot be a folder, or a good picture has marks."""
        if source.rois is not None:
            return Rois().write(source, folder)
        _refuse_unfit(source)
        copies = Copies(folder)
        rows: list[Annotation] = []
        groups: list[tuple[str, ...]] = []
        splits: list[tuple[str, ...]] = []
        blank: list[str] = []
        odd: set[str] = set()
        for item in source.items:
            label = item.classes[0] if item.classes else UNLABELLED
            name = copies.add(item, label)
            masks, empty = _write_masks(item, label, name, folder)
            blank += [item.name] if empty else []
            known = item.split is None or item.split.casefold() in _SPLIT_WORDS
            rows += _annotation(item, name, masks, None if known else item.split)
            groups += [(name, item.group)] if item.group is not None else []
            if known and item.split is not None:
                splits.append((name, label, item.split, item.group or name))
            odd |= set() if known else {str(item.split)}
        (folder / GOOD).mkdir(exist_ok=True)
        _write_texts(source, folder, rows, groups, splits)
        notes = [f"the split {name!r} is none that okng knows; it stands in {ANNOTATIONS}" for name in sorted(odd)]
        if blank:
            notes.append(f"{len(blank)} masks have no pixel, and stay: {listed(blank)}")
        return (*copies.notes(), *notes)


def _annotations(root: Path, names: set[str]) -> dict[str, Annotation]:
    said = read_annotations(root)
    strangers = sorted(set(said) - names)
    if strangers:
        raise BadData(f"{root / ANNOTATIONS} names pictures that are not there: {listed(strangers)}; correct it there")
    return said


def _splits(root: Path, names: list[str]) -> tuple[dict[str, str], list[str]]:
    """Picture → split, where there is one table; which of several is meant only the user knows."""
    tables = sorted((root / SPLITS).glob("*.csv")) if (root / SPLITS).is_dir() else []
    if len(tables) != 1:
        many = f"{SPLITS}/ holds {len(tables)} tables and none is read; name one with --table"
        return {}, [many] if tables else []
    table = tables[0]
    found = {row.image: row.split for row in read_table(table) if row.split is not None}
    strangers = sorted(set(found) - set(names))
    notes = [f"{table} names pictures that are not there: {listed(strangers)}"] if strangers else []
    return found, notes


def _item(
    root: Path, name: str, files: Mapping[str, Path], said: Annotation | None, group: str | None, split: str | None
) -> Item:
    said = said or Annotation(picture=name)
    folder, stem = name.split("/")[0], PurePosixPath(name).stem
    named = [one for one in (f"{MASKS}/{folder}/{stem}.png", f"{MASKS}/{folder}/{stem}_mask.png") if one in files]
    masks = [(folder, one) for one in named[:1] if folder not in (GOOD, UNLABELLED)]
    masks += [(row.label, row.file) for row in said.masks if (row.label, row.file) not in masks]
    absent = [file for _, file in masks if file not in files]
    if absent:
        raise BadData(f"{root / ANNOTATIONS} names the mask {absent[0]} of {name}, which is not there; copy it again")
    own = () if folder == UNLABELLED else (folder,)
    tags = dict(said.tags)
    return Item(
        files[name],
        name,
        tuple(dict.fromkeys((*own, *said.labels))),
        tuple(row.shape for row in said.shapes),
        tuple(Raster(label, painted_reader(files[file])) for label, file in masks),
        split or tags.pop(_SPLIT_TAG, None),
        group,
        tags=tags,
        source=said.source,
    )


def _refuse_unfit(source: Source) -> None:
    labels = sorted({label for item in source.items for label in item.classes})
    refuse_same_folders(labels)
    for label in labels:
        refuse_unfit_folder(label)
        if folded(label) in {*_NO_CLASSES, UNLABELLED}:
            raise BadData(f"a class cannot be called {label!r}, a folder for something else; use --rename {label}=NAME")
    marked = [
        item.name
        for item in source.items
        if {GOOD, EMPTY} & set(item.classes) and (item.shapes or item.rasters or len(item.classes) > 1)
    ]
    if marked:
        raise BadData(f"good or empty pictures have marks of defects: {listed(marked)}; correct their labels")


def _write_masks(item: Item, label: str, name: str, folder: Path) -> tuple[list[MaskRow], bool]:
    """Rows for annotations.jsonl, none for the picture's own mask; and whether a mask has no pixel."""
    rows, empty = [], False
    stem = PurePosixPath(name).stem
    own = f"{MASKS}/{label}/{stem}.png"
    for number, raster in enumerate(item.rasters, 1):
        mask = raster.read()
        empty = empty or not np.any(mask)
        first = raster.label == label and not (folder / own).exists()
        file = own if first else f"{MASKS}/{label}/further/{stem}.{number}.png"
        write_mask(folder / file, mask)
        if not first:
            rows.append(MaskRow(label=raster.label, file=file))
    return rows, empty


def _annotation(item: Item, name: str, masks: list[MaskRow], split: str | None) -> Iterator[Annotation]:
    """The picture's line, where there is anything to say."""
    before = item.source or item.name
    row = Annotation(
        picture=name,
        labels=item.classes if len(item.classes) > 1 else (),
        shapes=tuple(ShapeRow(label=shape.label, kind=shape.kind, points=shape.points) for shape in item.shapes),
        masks=tuple(masks),
        source=before if before != name else None,
        tags={**item.tags, **({_SPLIT_TAG: split} if split is not None else {})},
    )
    if row != Annotation(picture=name):
        yield row


def _write_texts(
    source: Source,
    folder: Path,
    rows: list[Annotation],
    groups: Sequence[tuple[str, ...]],
    splits: Sequence[tuple[str, ...]],
) -> None:
    # Written even when empty: it is what tells this layout from any other.
    (folder / ANNOTATIONS).write_text(annotations_text(rows), encoding="utf-8")
    if groups:
        (folder / _GROUPS).write_text(csv_text(("picture", "group"), groups), encoding="utf-8")
    if splits:
        (folder / SPLITS).mkdir()
        text = csv_text(("image", "label", "split", "group"), splits)
        (folder / SPLITS / IMPORTED).write_text(text, encoding="utf-8")
    for name in _CARRIED if source.format == Okng.name else ():
        if (source.root / name).is_file():
            shutil.copyfile(source.root / name, folder / name)
