"""One entry of a label file as a checked object, or one sentence that says where it is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.errors import BadPicture
from training.errors import BadData
from training.formats.sizes import picture_size

Label = Annotated[str, Field(min_length=1, max_length=200)]
# Farther out no mark is taken for one.
Pixel = Annotated[float, Field(ge=-1_000_000, le=1_000_000, allow_inf_nan=False)]
Side = Annotated[int, Field(ge=1, le=1_000_000)]
Row = TypeVar("Row", bound="Entry")
_MOST_SHOWN = 120


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
    """(width, height) of the stored picture, which the tool that its marks were drawn in must have seen too.

    Raises:
        BadData: `said`, (width, height) in the label file, is another; the picture gives no size.
    """
    try:
        size = picture_size(path)
    except BadPicture as error:
        raise BadData(f"{where}: {error}") from error
    if None not in said and said != size:
        turned = said == (size[1], size[0])
        hint = "; viewers turn it as its EXIF says: save it turned for good, and mark it again" if turned else ""
        remedy = hint or "; put the picture there that was marked"
        raise BadData(
            f"{where} marks a picture of {said[0]}x{said[1]} pixels, but {path.name} has {size[0]}x{size[1]}{remedy}"
        )
    return size
