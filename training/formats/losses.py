"""What of a data set a format cannot say, told before anything is written in it.

What a mark is turned into where a format does not know its kind is one rule for all of them: painted pixels become
polygons, polygons become painted pixels, and both become boxes; a box becomes nothing, because it tells no pixels. The
class of a mark that became another is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from training.data.marks import ShapeKind
from training.formats.base import Format
from training.formats.item import GOOD, Fact, Item, Source

NEAREST: Mapping[Fact, tuple[Fact, ...]] = MappingProxyType(
    {
        Fact.MASK: (Fact.MASK, Fact.POLYGON, Fact.BOX),
        Fact.POLYGON: (Fact.POLYGON, Fact.MASK, Fact.BOX),
        Fact.BOX: (Fact.BOX,),
    }
)
_SAID = {
    Fact.GOOD: ("that a picture is good", "afterwards it looks like one that nobody labelled"),
    Fact.LABEL: ("a class that no mark of the picture says", "left out"),
    Fact.MANY_LABELS: ("several classes", "only the first is kept"),
    Fact.BOX: ("boxes", "left out"),
    Fact.POLYGON: ("polygons", "left out"),
    Fact.MASK: ("painted pixels", "left out"),
    Fact.SPLIT: ("the split", "left out"),
    Fact.GROUP: ("the group", "left out"),
    Fact.REGIONS: ("labels of named regions", "left out"),
    Fact.TAGS: ("further remarks", "left out"),
}


def losses(source: Source, into: Format) -> tuple[str, ...]:
    """A sentence for each kind of fact that the data set holds and the format does not."""
    counts = Counter(fact for item in source.items for fact in lost_facts(item, into.holds))
    return tuple(_sentence(fact, counts[fact], into.holds) for fact in Fact if counts[fact])


def lost_facts(item: Item, holds: frozenset[Fact]) -> frozenset[Fact]:
    """The kinds of facts about one picture that a format with `holds` cannot say."""
    used = {
        Fact.GOOD: item.labels == (GOOD,),
        Fact.LABEL: any(not _by_mark(label, item, holds) for label in item.classes if label != GOOD),
        Fact.MANY_LABELS: Fact.LABEL in holds and any(not _by_mark(label, item, holds) for label in item.classes[1:]),
        Fact.BOX: any(shape.kind is ShapeKind.BOX for shape in item.shapes),
        Fact.POLYGON: any(shape.kind is ShapeKind.POLYGON for shape in item.shapes),
        Fact.MASK: bool(item.rasters),
        Fact.SPLIT: item.split is not None,
        Fact.GROUP: item.group is not None,
        Fact.REGIONS: bool(item.regions),
        Fact.TAGS: bool(item.tags),
    }
    return frozenset(fact for fact, there in used.items() if there and fact not in holds)


def nearest(fact: Fact, holds: frozenset[Fact]) -> Fact | None:
    """What a mark of that kind becomes in a format with `holds`; None where it is left out."""
    return next((into for into in NEAREST[fact] if into in holds), None)


def _by_mark(label: str, item: Item, holds: frozenset[Fact]) -> bool:
    """Whether some mark that the format can say in any way is of that class."""
    kinds = [Fact(shape.kind.value) for shape in item.shapes if shape.label == label]
    kinds += [Fact.MASK for raster in item.rasters if raster.label == label]
    return any(nearest(kind, holds) is not None for kind in kinds)


def _sentence(fact: Fact, count: int, holds: frozenset[Fact]) -> str:
    what, happens = _SAID[fact]
    into = nearest(fact, holds) if fact in NEAREST else None
    happens = f"they become {_SAID[into][0]}" if into else happens
    return f"{what} ({count} {'picture' if count == 1 else 'pictures'}): {happens}"
