"""Which pictures may stand without a mark in formats whose trainers then teach that there is nothing to find.

COCO, YOLO and VOC detection know marks alone: a picture without any is a *background* to those who train on it. A good
part is one. A picture that nobody labelled, and one whose defect is known by class alone, is not, and must never be
written as one.
"""

from __future__ import annotations

from training.formats.item import EMPTY, GOOD, Item, Source


def unmarked(item: Item) -> bool:
    """Whether nothing is marked in it though it is not known to be good."""
    return not (item.shapes or item.rasters or item.labels == (GOOD,))


def drawn_classes(source: Source) -> tuple[str, ...]:
    """The classes that marks can be of, in the source's order; good and empty are none."""
    known = [label for label in source.classes if label not in (GOOD, EMPTY)]
    marked = [label for item in source.items for label in _marked(item)]
    said = [label for item in source.items for label in item.labels if label not in (GOOD, EMPTY)]
    return tuple(dict.fromkeys((*known, *marked, *said)))


def kept_apart(source: Source, place: str) -> tuple[str, ...]:
    """How many pictures were written to `place` alone, and how many show a class that is marked nowhere."""
    apart = sum(unmarked(item) for item in source.items)
    marks = [(item, _marked(item)) for item in source.items]
    partly = sum(bool(marked) and not set(item.labels) <= {*marked, GOOD} for item, marked in marks)
    notes = []
    if apart:
        notes.append(
            f"{apart} pictures without a mark that are not known to be good stand in {place} alone: whoever trains "
            "would take them for pictures without a defect"
        )
    if partly:
        notes.append(f"{partly} pictures show a class that is marked nowhere; whoever trains takes it for absent")
    return tuple(notes)


def _marked(item: Item) -> list[str]:
    return [*(shape.label for shape in item.shapes), *(raster.label for raster in item.rasters)]
