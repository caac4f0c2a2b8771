"""What a TOML file declares of training, augmentation and synthetic defects: `--config` of okng train and okng synth.

    [train]
    mode = "segmentation"

    [augment]
    shift = 0.05

    [synthesize]
    kinds = ["crack", "pit"]

What each key means, its range and its usual value stand in docs/training.md and docs/synthesize.md.
"""

from __future__ import annotations

import difflib
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from training.errors import BadData, NotThere

Rotation = Literal["none", "quarter", "any"]
Asked = Literal["auto", "good", "mixed", "segmentation", "classification"]
Quantization = Literal["auto", "static", "aware"]


class Kind(StrEnum):
    """How a synthetic defect is made; also the class that it stands for, but for `BLEND`, which keeps its own."""

    TEXTURE = "texture"
    CUTPASTE = "cutpaste"
    SCAR = "scar"
    CRACK = "crack"
    CHIP = "chip"
    PIT = "pit"
    SCRATCH = "scratch"
    STAIN = "stain"
    ILLUMINATION = "illumination"
    BLEND = "blend"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class AugmentSpec(_Section):
    """How far views of good pictures may differ from them; shares of the picture's sides, of 1, or gray levels.

    `rotation` and `flip` are no more than the part allows (`training.data.part`); `tilt_deg` is small and always so.
    """

    rotation: Rotation = "any"
    flip: bool = True
    tilt_deg: float = Field(3.0, ge=0, le=15)
    shift: float = Field(0.03, ge=0, le=0.2)
    scale: float = Field(0.0, ge=0, le=0.2)
    gain: float = Field(0.06, ge=0, le=0.5)
    gamma: float = Field(0.0, ge=0, le=0.5)
    noise_levels: float = Field(0.0, ge=0, le=25)
    blur_px: float = Field(0.0, ge=0, le=3)
    jpeg_quality: int | None = Field(None, ge=30, le=100)


_Kind = Annotated[Kind, Field(strict=False)]
_Share = Annotated[float, Field(gt=0, le=1)]
_Factor = Annotated[float, Field(ge=0.1, le=10)]
_Count = Annotated[int, Field(ge=1, le=20)]


class SynthesizeSpec(_Section):
    """Which defects are made and how large, strong and many they are, each drawn between two bounds.

    `size` is a factor on what is usual of a kind. A defect is never fainter than `least_contrast` gray levels, nor than
    `least_noise` times the grain of the surface it lies on.
    """

    kinds: Annotated[tuple[_Kind, ...], Field(strict=False, min_length=1)] = tuple(Kind)
    size: Annotated[tuple[_Factor, _Factor], Field(strict=False)] = (0.5, 2.0)
    strength: Annotated[tuple[_Share, _Share], Field(strict=False)] = (0.2, 1.0)
    defects: Annotated[tuple[_Count, _Count], Field(strict=False)] = (1, 2)
    least_contrast: float = Field(10.0, ge=4, le=100)
    least_noise: float = Field(2.0, ge=1, le=10)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name, (low, high) in (("size", self.size), ("strength", self.strength), ("defects", self.defects)):
            if low > high:
                raise ValueError(f"{name} needs the smaller number first")
        if len(set(self.kinds)) != len(self.kinds):
            raise ValueError("kinds names one twice; name each once")
        return self


class TrainSpec(_Section):
    """What `okng train` is asked for where its options do not say; None is what is usual.

    `minutes`: about how long a network may learn; `epochs` says it exactly. `quantization`: how far INT8 may be
    repaired (`training.quantization.ladder`).
    """

    mode: Asked = "auto"
    size_px: int | None = Field(None, ge=64, le=1024)
    seed: int = Field(0, ge=0)
    epochs: int | None = Field(None, ge=1, le=1000)
    minutes: float | None = Field(None, gt=0, le=10_000)
    quantization: Quantization = "auto"

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if self.epochs is not None and self.minutes is not None:
            raise ValueError("give epochs or minutes, not both")
        return self


class Declared(_Section):
    """The whole file."""

    train: TrainSpec = Field(default_factory=TrainSpec)
    augment: AugmentSpec = Field(default_factory=AugmentSpec)
    synthesize: SynthesizeSpec = Field(default_factory=SynthesizeSpec)

    def in_mode(self, mode: Asked) -> Self:
        """The same in a mode that was asked for otherwise."""
        return self.model_copy(update={"train": self.train.model_copy(update={"mode": mode})})

    @property
    def shows_pictures_otherwise(self) -> bool:
        """Whether it says anything of augmentation or synthetic defects that is not usual."""
        return self.augment != AugmentSpec() or self.synthesize != SynthesizeSpec()


def read_declared(path: Path | None) -> Declared:
    """What a file declares; what is usual without one.

    Raises:
        NotThere: the file cannot be read.
        BadData: everything that is wrong in it, each with its place.
    """
    if path is None:
        return Declared()
    content = read_toml(path)
    try:
        return Declared.model_validate(content)
    except ValidationError as error:
        raise BadData(wrong(path, error, Declared)) from error


def refuse_mode(spec: TrainSpec) -> None:
    """Let only what named regions can be trained with pass: their labels are all there is.

    Raises:
        BadData: naming what is not for them.
    """
    named = [
        name for name in ("mode", "epochs", "minutes", "quantization") if getattr(spec, name) not in ("auto", None)
    ]
    if named:
        raise BadData(f"named regions are classified by their labels, in one way; leave {', '.join(named)} out")


def read_toml(path: Path) -> dict[str, object]:
    """A TOML file's content.

    Raises:
        NotThere: it cannot be read.
        BadData: it is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise NotThere(f"{path} cannot be read ({error.strerror}); check the path and its rights") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadData(f"{path} is no valid TOML ({error}); correct it there") from error


def wrong(path: Path, error: ValidationError, schema: type[BaseModel]) -> str:
    """All that is wrong with a file, as one sentence."""
    return f"{path}: " + "; ".join(_said(detail, schema) for detail in error.errors()) + "; correct it there"


def _said(detail: ErrorDetails, schema: type[BaseModel]) -> str:
    place = [str(step) for step in detail["loc"]]
    if detail["type"] != "extra_forbidden":
        message = detail["msg"].removeprefix("Value error, ")
        return f"{'.'.join(place)}: {message}" if place else message
    known = list(_inside(schema, place[:-1]).model_fields)
    guess = difflib.get_close_matches(place[-1], known, n=1, cutoff=0.5)
    hint = f"did you mean {guess[0]}?" if guess else f"known here: {', '.join(known)}"
    return f"{'.'.join(place)} is unknown, {hint}"


def _inside(schema: type[BaseModel], place: list[str]) -> type[BaseModel]:
    for step in place:
        kind = schema.model_fields[step].annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            schema = kind
    return schema
