"""What is measured: public data sets with their published or honest splits, and what must be reached on each.

Nothing here tunes a training to a data set: every row is trained as `okng train DATA` trains by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from training.data.part import Part
from training.formats.base import ReadOptions

AUROC, MIOU, ACCURACY, MACRO_F1 = "AUROC", "mIoU", "accuracy", "macro F1"


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure in points, and what it must and is aimed to be."""

    figure: str
    must: float
    aim: float


@dataclass(frozen=True, slots=True)
class Source:
    """What is imported: a path under the folder of data sets, how it is read, and a table of labels and splits.

    `part`: what a user who knows the part answers in `part.toml`, whatever its pictures show.
    """

    path: str
    table: str | None = None
    format: str | None = None
    options: ReadOptions = field(default_factory=ReadOptions)
    part: Part = field(default_factory=Part)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Parts that the demo's renderer draws, for whoever has no data sets at hand."""

    good: int
    defects_a_kind: int
    seed: int


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    `test`: a data set of its own, where the split of `data` does not hold the test pictures. `more`: what `okng train`
    is asked for beside the data. `minutes`: the longest that training must and should take. `good_only`: training sees
    no defect.
    """

    name: str
    told: str
    data: Source | Drawn
    goals: tuple[Goal, ...]
    test: Source | Drawn | None = None
    more: tuple[str, ...] = ()
    good_only: bool = False

    @property
    def figures(self) -> tuple[str, ...]:
        return tuple(goal.figure for goal in self.goals)

    @property
    def minutes(self) -> tuple[float, float]:
        """How long training must and should take at most, on two cores."""
        return (3.0, 1.5) if self.good_only else (30.0, 12.0)


def _tiles(table: str) -> Source:
    # A tile's mirror picture shows a tile as good as it is.
    return Source("magnetic_tile", f"magnetic_tile/splits/{table}.csv", part=Part(mirrored="good"))


ROWS: tuple[Row, ...] = (
    Row(
        "magnetic_tile/one_class_random",
        "magnetic tiles, good ones alone, at random as published",
        _tiles("one_class_random"),
        (Goal(AUROC, 94.5, 98.5),),
        good_only=True,
    ),
    Row(
        "magnetic_tile/one_class",
        "magnetic tiles, good ones alone, by tile",
        _tiles("one_class"),
        (Goal(AUROC, 84.0, 95.0),),
        good_only=True,
    ),
    Row(
        "magnetic_tile/supervised_random",
        "magnetic tiles with defects, at random as published",
        _tiles("supervised_random"),
        (Goal(MIOU, 77.0, 85.0), Goal(AUROC, 98.5, 99.9)),
    ),
    Row(
        "magnetic_tile/supervised",
        "magnetic tiles with defects, by tile",
        _tiles("supervised"),
        (Goal(MIOU, 65.0, 80.0), Goal(AUROC, 95.5, 99.5)),
    ),
    Row(
        "bsdata/by_position",
        "ball screws with pitting, by position",
        Source("bsdata", "bsdata/splits/by_position.csv", options=ReadOptions(rename=(("Pitting", "pitting"),))),
        (Goal(AUROC, 97.5, 99.0),),
    ),
    Row(
        "x_sdd",
        "steel strip, which of seven defects",
        Source("x_sdd/splits/classification.csv"),
        (Goal(ACCURACY, 95.5, 98.0), Goal(MACRO_F1, 94.0, 97.5)),
    ),
    Row(
        "cookies",
        "cookies, published folders",
        Source("aws_cookies/train_segmentation.manifest"),
        (Goal(AUROC, 99.0, 100.0),),
        test=Source(
            "aws_cookies/cookie-dataset/test-images",
            format="flat",
            options=ReadOptions(
                pattern="^test-(?P<label>anomaly|normal)-", good=("normal",), rename=(("anomaly", "cracked"),)
            ),
        ),
    ),
)

# Drawn parts and a small input: hours of a whole table in minutes. What it must reach only catches what is broken.
QUICK = Row(
    "flanges",
    "drawn flanges, quick",
    Drawn(good=20, defects_a_kind=3, seed=1),
    (Goal(AUROC, 75.0, 100.0),),
    test=Drawn(good=20, defects_a_kind=5, seed=2),
    more=("--size", "96", "--mode", "mixed", "--roi", "130,0,640,640"),
)
