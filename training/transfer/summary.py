"""What an import or export tells at its end, for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from training.data.marks import ShapeKind
from training.formats.classes import UNLABELLED
from training.formats.item import Source

_MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Summary:
    """`classes`: pictures of each, by their first class. `left_out`: picture → why. `lost`: what the target cannot say.

    `written`: the new folder; None where nothing was written.
    """

    source: str
    format: str
    written: str | None
    pictures: int
    classes: Mapping[str, int]
    marks: Mapping[str, int]
    splits: Mapping[str, int]
    groups: int
    regions: int
    notes: tuple[str, ...]
    lost: tuple[str, ...]
    left_out: Mapping[str, str]

    def as_json(self) -> dict[str, object]:
        return asdict(self)

    def text(self) -> str:
        """Lines for a terminal."""
        lines = [f"{self.source}, read as {self.format}: {self.pictures} pictures"]
        width = max((len(name) for name in self.classes), default=0)
        lines += [f"  {name:<{width}}  {count}" for name, count in self.classes.items()]
        for what, counts in (("marks", self.marks), ("splits", self.splits)):
            if counts:
                lines.append(f"{what}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
        lines += [f"groups: {self.groups}"] if self.groups else []
        lines += [f"named regions: {self.regions}"] if self.regions else []
        lines += _few("note", list(self.notes))
        lines += _few("left out", [f"{name}: {why}" for name, why in self.left_out.items()])
        lines += _few("cannot be said there", list(self.lost))
        lines.append(f"written to {self.written}" if self.written else "nothing was written")
        return "\n".join(lines)


def summarize(
    source: Source,
    written: str | None,
    notes: tuple[str, ...] = (),
    lost: tuple[str, ...] = (),
    left_out: Mapping[str, str] | None = None,
) -> Summary:
    """Count what a data set holds."""
    classes = Counter(item.classes[0] if item.classes else UNLABELLED for item in source.items if not item.regions)
    shapes = Counter(shape.kind for item in source.items for shape in item.shapes)
    marks = {
        "polygons": shapes[ShapeKind.POLYGON],
        "boxes": shapes[ShapeKind.BOX],
        "masks": sum(len(item.rasters) for item in source.items),
    }
    return Summary(
        source=str(source.root),
        format=source.format,
        written=written,
        pictures=len(source.items),
        classes=dict(sorted(classes.items())),
        marks={name: count for name, count in marks.items() if count},
        splits=dict(sorted(Counter(item.split for item in source.items if item.split).items())),
        groups=len({item.group for item in source.items if item.group is not None}),
        regions=len(source.rois.rois) if source.rois is not None else 0,
        notes=(*source.notes, *notes),
        lost=lost,
        left_out=dict(left_out or {}),
    )


def _few(what: str, sentences: list[str]) -> list[str]:
    more = [f"{what}: {len(sentences) - _MOST_LINES} more, all with --json"] if len(sentences) > _MOST_LINES else []
    return [f"{what}: {sentence}" for sentence in sentences[:_MOST_LINES]] + more
