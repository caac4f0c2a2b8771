"""One entry of a label file as a checked object, or one sentence that says where it is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.errors import BadPicture
from training.errors import BadData
from training.exif import exif_of
from training.formats.sizes import picture_size

Label = Annotated[str, Field(min_length=1, max_length=200)]
# Farther out no mark is taken for one.
Pixel = Annotated[float, Field(ge=-1_000_000, le=1_000_000, allow_inf_nan=False)]
Side = Annotated[int, Field(ge=1, le=1_000_000)]
Row = TypeVar("Row", bound="Entry")
_MOST_SHOWN = 120
# EXIF stands before the pixels, and a segment of it has 64 kB at most.
_BEGINNING = 1 << 18
_SIDEWAYS = frozenset({5, 6, 7, 8})


class Entry(BaseModel):
    """What okng needs of an entry; tools write more, which is left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def entry(kind: type[Row], document: object, where: object) -> Row:
    """Raises BadData: naming `where` and the field."""
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(step) for step in first["loc"]) or "the entry"
        raise BadData(
            f"{where}: {field}: {first['msg'][:_MOST_SHOWN]}; correct it there, or export it again"
        ) from error


def fitting_size(path: Path, said: tuple[int | None, int | None], where: object) -> tuple[int, int]:
    """(width, height) of the stored picture, which the tool that its marks were drawn in must have seen so too.

    Browsers and labelling tools turn a picture as its EXIF says before anybody draws in it; okng never does.

    Raises:
        BadData: `said`, (width, height) in the label file, is another size; the picture is shown turned, and nothing
            tells whether it was when it was marked; it gives no size.
    """
    try:
        size = picture_size(path)
    except BadPicture as error:
        raise BadData(f"{where}: {error}") from error
    orientation = _orientation(path)
    sideways = orientation in _SIDEWAYS
    if sideways and said == (size[1], size[0]) and size[0] != size[1]:
        raise BadData(
            f"{where} marks {path.name} as EXIF turns it, to {said[0]}x{said[1]} pixels, but okng reads it as it is "
            f"stored, {size[0]}x{size[1]}; turn its pixels with mogrify -auto-orient, and the marks fit"
        )
    if None not in said and said != size:
        raise BadData(
            f"{where} marks a picture of {said[0]}x{said[1]} pixels, but {path.name} has {size[0]}x{size[1]}; "
            "put the picture there that was marked"
        )
    stored_so = sideways and said == size and size[0] != size[1]
    if orientation != 1 and not stored_so:
        raise BadData(
            f"{where}: EXIF turns {path.name}, and nothing tells whether it was turned when it was marked; if it was, "
            "as in most tools, turn its pixels with mogrify -auto-orient, else take EXIF out with exiftool -all="
        )
    return size


def _orientation(path: Path) -> int:
    with path.open("rb") as file:
        return exif_of(file.read(_BEGINNING)).orientation
