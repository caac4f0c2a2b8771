"""Which pictures may stand without a mark in formats whose trainers then teach that there is nothing to find.

COCO, YOLO and VOC detection know marks alone: a picture without any is a *background* to those who train on it. A good
part is one. A picture that nobody labelled, one whose defect is known by class alone, and one whose mask is empty are
not, and must never be written as one.
"""

from __future__ import annotations

from collections.abc import Collection

from training.data.marks import Shape
from training.formats.item import EMPTY, GOOD, Item, Source


class Backgrounds:
    """Decides picture by picture, and counts for the user."""

    def __init__(self) -> None:
        self._apart = 0
        self._partly = 0

    def keep_apart(self, item: Item, written: Collection[str]) -> bool:
        """Whether it would be taken wrongly for a background; `written`: the classes of the marks that come with it."""
        apart = not written and item.labels != (GOOD,)
        self._apart += apart
        self._partly += bool(written) and not set(item.classes) <= {*written, GOOD}
        return apart

    def notes(self, place: str) -> tuple[str, ...]:
        """`place`: where those that were kept apart stand alone."""
        said = (
            (
                self._apart,
                f"pictures without a mark that are not known to be good stand in {place} alone: whoever trains would "
                "take them for pictures without a defect",
            ),
            (self._partly, "pictures show a class that is marked nowhere; whoever trains takes it for absent"),
        )
        return tuple(f"{count} {what}" for count, what in said if count)


def in_picture(shape: Shape, size: tuple[int, int]) -> bool:
    """Whether any of it can lie in a picture of `size` (width, height)."""
    left, top, right, bottom = shape.bounds
    return right >= 0 and bottom >= 0 and left <= size[0] and top <= size[1]


def drawn_classes(source: Source) -> tuple[str, ...]:
    """The classes that marks can be of, in the source's order; good and empty are none."""
    known = [label for label in source.classes if label not in (GOOD, EMPTY)]
    marked = [mark.label for item in source.items for marks in (item.shapes, item.rasters) for mark in marks]
    said = [label for item in source.items for label in item.labels if label not in (GOOD, EMPTY)]
    return tuple(dict.fromkeys((*known, *marked, *said)))
