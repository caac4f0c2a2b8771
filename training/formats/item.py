"""What every format is read into and written from: pictures with what is known of each, before any okng layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from training.data.marks import Raster, Shape
from training.rois.catalogue import RoiCatalogue

GOOD = "good"
EMPTY = "empty"


class Fact(StrEnum):
    """What a format may be able to say of a picture; what it cannot is listed when a data set is exported to it."""

    GOOD = "good"  # that a picture was looked at and is good, told apart from one that nobody looked at
    LABEL = "label"  # one class of the whole picture
    MANY_LABELS = "many labels"  # several of them
    BOX = "box"
    POLYGON = "polygon"
    MASK = "mask"  # painted pixels
    SPLIT = "split"
    GROUP = "group"
    REGIONS = "regions"  # labels of named regions
    TAGS = "tags"


@dataclass(frozen=True, slots=True)
class Item:
    """One picture. `name`: its path inside the source, with / and without `..`; unique.

    `labels`: classes that the source says of the whole picture: ("good",), ("empty",), defects, or () where nobody
    labelled it. `regions`: named region → label. `split`: as the source calls it. `source`: what the picture was called
    before an import, where that is known.
    """

    path: Path
    name: str
    labels: tuple[str, ...] = ()
    shapes: tuple[Shape, ...] = ()
    rasters: tuple[Raster, ...] = ()
    split: str | None = None
    group: str | None = None
    regions: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class it shows: said of the whole picture first, then marked, each once."""
        marked = (*(shape.label for shape in self.shapes), *(raster.label for raster in self.rasters))
        return tuple(dict.fromkeys((*self.labels, *marked)))


@dataclass(frozen=True, slots=True)
class Source:
    """A data set in any format. `classes`: in the source's own order, which some formats number by.

    `notes`: what the source says that an `Item` cannot hold, each a sentence for the user.
    """

    root: Path
    format: str
    items: tuple[Item, ...]
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()
    rois: RoiCatalogue | None = None
