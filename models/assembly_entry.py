"""What a package says of an assembly: its named regions, what each is to show, and how that is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.decision import Box
from models.entry import Entry, FileName

MAX_ROIS = 64
MAX_CLASSES = 32
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Label = Annotated[str, Field(min_length=1, max_length=100)]
Pixel = Annotated[int, Field(ge=0, le=100_000)]
Role = Literal["projection", "centres", "radius", "weights"]
ROLES: tuple[Role, ...] = ("projection", "centres", "radius", "weights")


class RoiEntry(Entry):
    """A named region, in pixels of the camera picture, and the class that it is to show; it is a catalogue row too."""

    name: Name
    box: tuple[Pixel, Pixel, Pixel, Pixel]
    expect: Label
    kind: Name

    @model_validator(mode="after")
    def _has_area(self) -> RoiEntry:
        if min(self.box[2:]) < 1:
            raise ValueError("a region must be at least 1 pixel wide and high")
        return self

    def region(self) -> Box:
        return Box(*self.box)


class KindEntry(Entry):
    """Regions that show the same kind of thing share one classifier; `arrays` maps a role to a `.npy` file."""

    name: Name
    classes: tuple[Label, ...] = Field(min_length=1, max_length=MAX_CLASSES)
    arrays: dict[Role, FileName]

    @model_validator(mode="after")
    def _whole(self) -> KindEntry:
        if set(self.arrays) != set(ROLES):
            raise ValueError(f"a kind of region needs the arrays {', '.join(ROLES)}")
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("the classes of a kind of region must be unique")
        return self


class AssemblyEntry(Entry):
    """How feature maps of named regions become raw scores; see models/assembly.py. A view a region, in this order."""

    kind: Literal["assembly"]
    strides: tuple[Literal[4, 8, 16], ...] = Field(min_length=1, max_length=3)
    rois: tuple[RoiEntry, ...] = Field(min_length=1, max_length=MAX_ROIS)
    kinds: tuple[KindEntry, ...] = Field(min_length=1, max_length=MAX_ROIS)

    @model_validator(mode="after")
    def _fit_together(self) -> AssemblyEntry:
        for what, names in (("regions", [roi.name for roi in self.rois]), ("kinds", [one.name for one in self.kinds])):
            doubled = [name for name, count in Counter(names).items() if count > 1]
            if doubled:
                raise ValueError(f"two {what} are called {doubled[0]}")
        classes = {kind.name: kind.classes for kind in self.kinds}
        for roi in self.rois:
            if roi.expect not in classes.get(roi.kind, ()):
                raise ValueError(
                    f"the region {roi.name} expects {roi.expect!r}, which its kind {roi.kind} never learned"
                )
        return self

    def files(self) -> set[str]:
        return {name for kind in self.kinds for name in kind.arrays.values()}

    def refuse_strangers(self, labels: set[str], views: Sequence[int]) -> None:
        """Let only a catalogue pass that has a row for every region, and golden frames that are of one.

        Raises:
            ValueError: naming the first that does not.
        """
        nameless = sorted({roi.name for roi in self.rois} - labels)
        if nameless:
            raise ValueError(f"the region {nameless[0]} has no row in the catalogue")
        beyond = [view for view in views if view >= len(self.rois)]
        if beyond:
            raise ValueError(f"a golden frame is of the view {beyond[0]}, but there are {len(self.rois)} regions")
