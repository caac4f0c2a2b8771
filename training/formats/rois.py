"""Assemblies: named regions and a label for each of them in every picture; see training/rois/dataset.py.

    ROOT/rois.toml   ROOT/labels.csv   ROOT/groups.csv   ROOT/<any folder>/*.jpg

Or pictures whose names say what each region shows, with one named group a region, and rois.toml from elsewhere:

    --format rois --rois rois.toml --rename 1=screw --rename 0=hole
    --pattern '_(?P<top_left>[01])(?P<top_right>[01])(?P<bottom_left>[01])(?P<bottom_right>[01])$'
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from training.data.dataset import UNLABELLED, listed, read_groups
from training.errors import BadData, NotThere
from training.formats.base import ReadOptions
from training.formats.copying import Copies
from training.formats.item import Fact, Item, Source
from training.formats.patterns import NamePattern
from training.formats.rois_text import rois_text
from training.formats.walk import name_under, pictures_under
from training.rois.catalogue import ROIS, RoiCatalogue, parse_rois
from training.rois.dataset import LABELS, read_labels

_GROUPS = "groups.csv"
_FOLDER = "pictures"


class Rois:
    name = "rois"
    holds = frozenset({Fact.REGIONS, Fact.GROUP})

    def recognises(self, root: Path) -> bool:
        return (root / ROIS).is_file() and (root / LABELS).is_file()

    def read(self, root: Path, options: ReadOptions) -> Source:
        """By labels.csv, or by a pattern where there is one."""
        path = options.rois or root / ROIS
        if not path.is_file():
            raise NotThere(f"there is no {path}; name the regions' file with --rois")
        catalogue = parse_rois(path)
        if options.pattern is not None:
            items = _by_pattern(root, NamePattern(options.pattern), catalogue)
        else:
            items = _by_table(root, catalogue)
        bare = [item.name for item in items if not item.regions]
        notes = (f"{len(bare)} pictures have no labels of their regions: {listed(bare)}",) if bare else ()
        return Source(root, self.name, items, catalogue.classes, notes, catalogue)

    def write(self, source: Source, folder: Path) -> tuple[str, ...]:
        catalogue = source.rois
        if catalogue is None:
            raise BadData(f"{source.root} has no named regions; export it to another format, or name --rois")
        _refuse_incomplete(source, catalogue)
        copies = Copies(folder)
        names = [copies.add(item, _FOLDER if item.regions else UNLABELLED) for item in source.items]
        both = list(zip(names, source.items, strict=True))
        (folder / ROIS).write_text(rois_text(catalogue), encoding="utf-8")
        rows = [
            (name, roi.name, item.regions[roi.name]) for name, item in both if item.regions for roi in catalogue.rois
        ]
        (folder / LABELS).write_text(csv_text(("picture", "roi", "label"), rows), encoding="utf-8")
        groups = [(name, item.group) for name, item in both if item.group is not None]
        if groups:
            (folder / _GROUPS).write_text(csv_text(("picture", "group"), groups), encoding="utf-8")
        return copies.notes()


def csv_text(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A CSV file's content."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return text.getvalue()


def _by_pattern(root: Path, pattern: NamePattern, catalogue: RoiCatalogue) -> tuple[Item, ...]:
    wanted = {roi.name for roi in catalogue.rois}
    if not wanted <= set(pattern.groups):
        missing = ", ".join(sorted(wanted - set(pattern.groups)))
        raise BadData(f"--pattern has no group for the regions {missing}; write one (?P<NAME>…) for each")
    items = []
    for path in pictures_under(root):
        said = pattern.said(path.stem) or {}
        regions = {name: said[name] for name in wanted if name in said}
        group = said.get("group") if "group" not in wanted else None
        items.append(Item(path, name_under(root, path), regions=regions, group=group))
    return tuple(items)


def _by_table(root: Path, catalogue: RoiCatalogue) -> tuple[Item, ...]:
    if not (root / LABELS).is_file():
        raise NotThere(f"there is no {LABELS} in {root}; write one, or say with --pattern what the names tell")
    labels: Mapping[str, Mapping[str, str]] = read_labels(root / LABELS, catalogue)
    groups = read_groups(root / _GROUPS)
    pictures = {name_under(root, path): path for path in pictures_under(root)}
    absent = sorted(set(labels) - set(pictures))
    if absent:
        raise NotThere(f"{root / LABELS} names {len(absent)} pictures that are not there: {listed(absent)}")
    return tuple(
        Item(path, name, regions=dict(labels.get(name, {})), group=groups.get(name)) for name, path in pictures.items()
    )


def _refuse_incomplete(source: Source, catalogue: RoiCatalogue) -> None:
    for item in source.items:
        if item.classes and not item.regions:
            raise BadData(f"{item.name} has the class {item.classes[0]}, but no labels of its regions; label them")
        for roi in catalogue.rois if item.regions else ():
            label = item.regions.get(roi.name)
            if label is None:
                raise BadData(f"{item.name} has no label for the region {roi.name}; every region needs one")
            if label not in catalogue.classes:
                known = ", ".join(catalogue.classes)
                raise BadData(
                    f"the region {roi.name} of {item.name} is {label!r}, none of the classes {known}; say what it is "
                    f"with --rename {label}=CLASS"
                )
