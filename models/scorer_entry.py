"""What a package says of how network outputs become raw scores; see models/scorers.py, heads.py and classifier.py."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.entry import Entry, FileName, Finite

UNKNOWN_DEFECT = "unknown_defect"
MAX_CLASSES = 100
# Beyond it float32 maps would lose the differences that a score is made of.
_FARTHEST = 10_000.0
Label = Annotated[str, Field(min_length=1, max_length=100)]


class TermEntry(Entry):
    """One share of a raw score: `weight * max(x - above, 0)`, never negative. A very low `above` makes it linear."""

    weight: float = Field(ge=0.0, le=_FARTHEST, allow_inf_nan=False)
    above: float = Field(ge=-_FARTHEST, le=_FARTHEST, allow_inf_nan=False)


class HeadEntry(Entry):
    """Heads inside the network: logits `(1 + K, h, w)`, the anomaly's first, then one a class, and of the whole image.

    `stride` is that of the map of logits, `image` tells whether the network gives those of the whole image. `distance`,
    `map` and `image_logit` make up the raw score. `mask_from`: the anomaly logit from which a pixel counts as
    defective. `min_margin`: by how much a region's class has to lead the next to be named, else it is unknown.
    """

    classes: tuple[Label, ...] = Field(max_length=MAX_CLASSES)
    stride: Literal[2, 4, 8, 16]
    image: bool
    distance: TermEntry
    map: TermEntry
    image_logit: TermEntry
    mask_from: Finite
    min_margin: float = Field(0.0, ge=0.0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _tells_something(self) -> HeadEntry:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("the classes of a head must be unique")
        if not any(term.weight for term in (self.distance, self.map, self.image_logit)):
            raise ValueError("all terms of the score weigh nothing, so that every part would be judged alike")
        if self.image_logit.weight and not self.image:
            raise ValueError("the score asks for a logit of the whole image, which the network does not give")
        return self


class ScorerEntry(Entry):
    """How feature maps become a raw score; see models/scorers.py. `arrays` maps a role to a `.npy` file."""

    kind: Literal["gaussian", "nearest_neighbour", "position_gaussian"]
    strides: tuple[int, ...] = Field(min_length=1, max_length=3)
    grid_stride: Literal[4, 8, 16]
    pool: Literal[1, 3, 5]
    smoothing_cells: float = Field(ge=0.0, le=8.0, allow_inf_nan=False)
    top_fraction: float = Field(gt=0.0, le=1.0, allow_inf_nan=False)
    arrays: dict[str, FileName]
    head: HeadEntry | None = None

    def files(self) -> set[str]:
        return set(self.arrays.values())

    def refuse_strangers(self, labels: set[str]) -> None:
        """Let only a catalogue pass that has a row for every class of the head.

        Raises:
            ValueError: naming the first that it does not have.
        """
        nameless = sorted(set(self.head.classes) - labels) if self.head else []
        if nameless:
            raise ValueError(f"the head's class {nameless[0]} has no row in the catalogue")


class ClassifierEntry(Entry):
    """Parts of which every one has a defect: the network's `image` gives a logit a class; see models/classifier.py.

    `arrays`, both or none: `centres` `(K, D)` and `radius` `(K,)` of the classes' pooled features, by which a part that
    is like none of them is told: from `max_distance` radii on, the confidence falls.
    """

    kind: Literal["classifier"]
    classes: tuple[Label, ...] = Field(min_length=2, max_length=MAX_CLASSES)
    temperature: float = Field(gt=0.0, le=1000.0, allow_inf_nan=False)
    strides: tuple[Literal[4, 8, 16], ...] = Field((), max_length=3)
    arrays: dict[Literal["centres", "radius"], FileName] = Field(default_factory=dict)
    max_distance: float | None = Field(None, gt=0.0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _fit_together(self) -> ClassifierEntry:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("the classes of a classifier must be unique")
        asked = (len(self.arrays) == 2, bool(self.strides), self.max_distance is not None)
        if (self.arrays and not all(asked)) or (not self.arrays and any(asked)):
            raise ValueError("centres, radius, strides and max_distance are given together or not at all")
        return self

    def files(self) -> set[str]:
        return set(self.arrays.values())

    def refuse_strangers(self, labels: set[str]) -> None:
        """Let only a catalogue pass that has a row for every class, none of them the unknown.

        Raises:
            ValueError: naming the first that does not.
        """
        nameless = sorted((set(self.classes) - labels) | (set(self.classes) & {UNKNOWN_DEFECT}))
        if nameless:
            raise ValueError(f"the class {nameless[0]} has no row of its own in the catalogue")
