"""Which class names mean good, empty or nothing: decided here for every format, and never guessed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePosixPath

from training.errors import BadData
from training.formats.base import ReadOptions
from training.formats.item import EMPTY, GOOD, Item, Source

UNLABELLED = "unlabelled"
MASKS = "ground_truth"
# A class is good if it is called so and in no other case: a missing label must never become OK.
GOOD_NAMES = frozenset({"good", "ok", "normal", "pass", "良品", "合格"})


def told(source: Source, options: ReadOptions) -> Source:
    """The same data set with classes renamed, good parts called `good`, and unmarked pictures as `options` say.

    Whoever labels or trains asks what is still left undecided: `undecided`.

    Raises:
        BadData: a class to be renamed or called good is none of the data set's; a good picture shows a defect too.
    """
    _refuse_strangers(source, options)
    renamed = dict(options.rename)

    def name(label: str) -> str:
        if label in options.good or (label := renamed.get(label, label)).casefold() in GOOD_NAMES:
            return GOOD
        return EMPTY if label.casefold() == EMPTY else label

    items = tuple(_told(item, name, renamed, options.unmarked) for item in source.items)
    contrary = [
        item.name for item in items if {GOOD, EMPTY} & set(item.classes) and (len(item.classes) > 1 or item.shapes)
    ]
    if contrary:
        raise BadData(
            f"{len(contrary)} pictures of {source.root} are said to be good or empty and to show something else, "
            f"{contrary[0]} first; correct their labels"
        )
    classes = dict.fromkeys(name(label) for label in source.classes)
    return replace(source, items=items, classes=tuple(label for label in classes if label not in (GOOD, EMPTY)))


def decided(item: Item, unmarked: str | None) -> Item:
    """The picture as a good one, if nothing is said of it and `unmarked` says that such are good."""
    return replace(item, labels=(GOOD,)) if unmarked == GOOD and _is_undecided(item) else item


def undecided(source: Source) -> tuple[Item, ...]:
    """Pictures of which nothing is said: neither a class nor a mark nor a region, nor that they are unlabelled."""
    return tuple(item for item in source.items if _is_undecided(item))


def _is_undecided(item: Item) -> bool:
    return not item.classes and not item.regions and UNLABELLED not in PurePosixPath(item.name).parts[:-1]


def _refuse_strangers(source: Source, options: ReadOptions) -> None:
    asked = {**dict.fromkeys(options.good, "--good"), **dict.fromkeys(dict(options.rename), "--rename")}
    if not asked:
        return
    known = {label for item in source.items for label in (*item.classes, *item.regions.values())} | set(source.classes)
    for label, option in asked.items():
        if label not in known:
            there = ", ".join(sorted(known)) or "none"
            raise BadData(f"{option} {label!r} is no class of {source.root}, read as {source.format}; it has {there}")


def _told(item: Item, name: Callable[[str], str], renamed: dict[str, str], unmarked: str | None) -> Item:
    labels = tuple(dict.fromkeys(name(label) for label in item.labels))
    shapes = tuple(replace(shape, label=name(shape.label)) for shape in item.shapes)
    rasters = tuple(replace(raster, label=name(raster.label)) for raster in item.rasters)
    regions = {region: renamed.get(label, label) for region, label in item.regions.items()}
    same = (labels, shapes, rasters, regions) == (item.labels, item.shapes, item.rasters, item.regions)
    told = item if same else replace(item, labels=labels, shapes=shapes, rasters=rasters, regions=regions)
    return decided(told, unmarked)
