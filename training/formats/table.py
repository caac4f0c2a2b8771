"""A CSV table and the pictures it names, as the splits of published data sets come; see tables.py for its columns.

    ROOT/pictures.csv       image,label,split,group, and any remark as a column of its own
    ROOT/images/…           the pictures

Also what `--table` lays over any other format: labels, splits and groups for the pictures that it names.
"""

from __future__ import annotations

import csv
import io
import os
from dataclasses import replace
from pathlib import Path

from training.data.dataset import listed
from training.errors import BadData, NotThere
from training.formats.base import ReadOptions
from training.formats.copying import Copies
from training.formats.item import Fact, Item, Source
from training.formats.tables import Row, find_base, has_pictures_column, read_table
from training.formats.walk import name_under, pictures_under

_FILE = "pictures.csv"
_COLUMNS = ("image", "label", "split", "group")
_SUFFIXES = (".csv", ".tsv")
_TAKEN = frozenset({*_COLUMNS, "picture", "file", "filename", "file_name", "path", "class", "category", "subset"})


class Table:
    name = "table"
    holds = frozenset({Fact.GOOD, Fact.LABEL, Fact.SPLIT, Fact.GROUP, Fact.TAGS})

    def recognises(self, root: Path) -> bool:
        """A table itself, or a folder that holds the one that `write` makes."""
        path = root / _FILE if root.is_dir() else root
        return path.suffix.lower() in _SUFFIXES and path.is_file() and has_pictures_column(path)

    def read(self, root: Path, options: ReadOptions) -> Source:
        """The pictures that the table names, and no others."""
        path = options.table or (root / _FILE if root.is_dir() else root)
        rows = read_table(path)
        base = find_base(rows, _places_of(path, root, options.images))
        there = {name_under(base, found): found for found in pictures_under(base)}
        absent = [row for row in rows if row.image not in there]
        if absent:
            names = listed([row.image for row in absent])
            raise NotThere(f"{absent[0].where}: {len(absent)} pictures are not in {base}: {names}; correct their names")
        items = tuple(_item(there[row.image], row) for row in sorted(rows, key=lambda row: row.image))
        more = len(there) - len(items)
        notes = (f"{more} pictures in {base} have no line in {path.name} and are left out",) if more else ()
        return Source(base, self.name, items, tuple(sorted({label for item in items for label in item.labels})), notes)

    def write(self, source: Source, folder: Path) -> tuple[str, ...]:
        copies = Copies(folder)
        remarks = sorted({name for item in source.items for name in item.tags})
        clash = [name for name in remarks if name.strip().lower() in _TAKEN or not name.strip() or name != name.strip()]
        if clash:
            raise BadData(f"the remark {clash[0]!r} cannot be the name of a column; export to okng or another format")
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow((*_COLUMNS, *remarks))
        for item in source.items:
            name = copies.add(item, "images")
            said = (*item.classes[:1], "")[0], item.split or "", item.group or ""
            writer.writerow((name, *said, *(item.tags.get(remark, "") for remark in remarks)))
        (folder / _FILE).write_text(text.getvalue(), encoding="utf-8")
        return copies.notes()


def _places_of(path: Path, root: Path, images: Path | None) -> tuple[Path, ...]:
    """Where the pictures of a table may lie; never above a folder that was named as the data set."""
    if images is not None:
        return (images,)
    return (root, path.parent) if root.is_dir() else (path.parent, path.parent.parent)


def overlaid(source: Source, path: Path, images: Path | None) -> Source:
    """The same pictures with what a table says of them; a picture without a line stays as it is, and is counted.

    A label from the table takes the place of the picture's class, and of the marks of that class.

    Raises:
        NotThere, BadData: as `read_table`; or the table names pictures that the data set does not hold.
    """
    rows = read_table(path)
    by_path, by_name = _places(source)
    bases = [images] if images is not None else [path.parent, path.parent.parent, source.root]
    found: dict[str, Row] = {}
    absent = []
    for row in rows:
        places = (by_path.get(os.path.normpath(base.absolute() / row.image)) for base in bases)
        item = next((place for place in places if place is not None), None) or by_name.get(row.image)
        if item is None:
            absent.append(row)
        elif found.setdefault(item.name, row) is not row:
            raise BadData(f"{row.where} is about {item.name}, as a line before is; remove one of the two")
    if absent:
        names = listed([row.image for row in absent])
        raise BadData(f"{absent[0].where}: {len(absent)} pictures are not in {source.root}: {names}; correct the table")
    items = tuple(_with(item, found.get(item.name)) for item in source.items)
    bare = len(items) - len(found)
    notes = (*source.notes, f"{bare} pictures have no line in {path.name}") if bare else source.notes
    classes = dict.fromkeys((*source.classes, *(label for item in items for label in item.classes)))
    there = {label for item in items for label in item.classes}
    return replace(source, items=items, notes=notes, classes=tuple(label for label in classes if label in there))


def _places(source: Source) -> tuple[dict[str, Item], dict[str, Item]]:
    """Items by the absolute path of their file, and by their names here and in the data set they came from."""
    by_path = {os.path.normpath(item.path.absolute()): item for item in source.items}
    by_name = {item.source: item for item in source.items if item.source}
    by_name.update({item.name: item for item in source.items})
    return by_path, by_name


def _item(path: Path, row: Row) -> Item:
    labels = (row.label,) if row.label else ()
    return Item(path, row.image, labels, split=row.split, group=row.group, tags=row.tags)


def _with(item: Item, row: Row | None) -> Item:
    if row is None:
        return item
    labels = (row.label,) if row.label else item.labels
    was = set(item.labels) if row.label else set()
    shapes = tuple(replace(shape, label=labels[0]) if shape.label in was else shape for shape in item.shapes)
    rasters = tuple(replace(one, label=labels[0]) if one.label in was else one for one in item.rasters)
    return replace(
        item,
        labels=labels,
        shapes=shapes,
        rasters=rasters,
        split=row.split or item.split,
        group=row.group or item.group,
        tags={**item.tags, **row.tags},
    )
