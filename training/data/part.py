"""`part.toml` of a data set: what its user says of the part, so that no view of it is taught that would be NG.

    chiral = true             the part differs from its mirror picture: text, threads, holes off the axis
    mirrored = "ng"           a picture mirrored left to right shows a part that is "good" or "ng", lying as it may lie
    rotation = "quarter"      how a good part may lie: "none" (always alike), "quarter" (by 90 degrees), "any"
    light_varies = false      whether brightness differs between good pictures

Nothing is assumed of what is not answered: without an answer no view is mirrored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from training.declared import AugmentSpec, Rotation, read_toml, wrong
from training.errors import BadData

PART = "part.toml"
_TURNS: tuple[Rotation, ...] = ("none", "quarter", "any")


class Part(BaseModel):
    """The answers; None where nobody was asked."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    chiral: bool | None = None
    mirrored: Literal["good", "ng"] | None = None
    rotation: Rotation | None = None
    light_varies: bool | None = None

    @model_validator(mode="after")
    def _of_one_mind(self) -> Self:
        if self.chiral is False and self.rotation == "any" and self.mirrored == "ng":
            raise ValueError(
                'a part that equals its mirror picture and lies in any rotation cannot be "ng" when mirrored; '
                "take one of the three back"
            )
        return self

    @property
    def may_mirror(self) -> bool:
        """Whether a mirrored view is known to show a good part.

        What equals its mirror picture does so in some rotation only, so every rotation must be good as well.
        """
        return self.mirrored == "good" or (self.chiral is False and self.rotation == "any")


def read_part(root: Path) -> Part:
    """The answers for the data set at `root`; none where there is no file.

    Raises:
        NotThere: the file cannot be read.
        BadData: it cannot be understood; everything that is wrong with it.
    """
    path = root / PART
    if not path.exists():
        return Part()
    return checked(read_toml(path), path)


def checked(answers: Mapping[str, object], path: Path = Path(PART)) -> Part:
    """The answers, if they go together.

    Raises:
        BadData: they do not; everything that is wrong.
    """
    try:
        return Part.model_validate(answers)
    except ValidationError as error:
        raise BadData(wrong(path, error, Part)) from error


def part_text(part: Part) -> str:
    """The file's content."""
    answers = part.model_dump(exclude_none=True)
    # JSON and TOML write true, false and these plain words alike.
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in answers.items())


def limited(asked: AugmentSpec, part: Part) -> AugmentSpec:
    """What is asked, no further than the part allows.

    A rotation nobody answered for stays: training tries it beside none, and held-out defects decide.
    """
    rotation = asked.rotation if part.rotation is None else min(asked.rotation, part.rotation, key=_TURNS.index)
    bounds: dict[str, object] = {"rotation": rotation, "flip": asked.flip and part.may_mirror}
    if part.light_varies is False:
        bounds |= {"gain": 0.0, "gamma": 0.0}
    return asked.model_copy(update=bounds)


def told(part: Part, augment: AugmentSpec) -> str:
    """What views may be taught, in a sentence; `augment` as `limited` gives it."""
    mirrored = "mirrored ones too" if augment.flip else "none mirrored"
    turned = {"none": "none turned", "quarter": "turned by quarters", "any": "turned by any angle"}[augment.rotation]
    doubt = "" if part.rotation is not None else " where held-out defects are told better so"
    ask = "" if part != Part() else f"; without {PART} no more is known: `okng part` asks"
    return f"views of good parts: {mirrored}, {turned}{doubt}{ask}"
