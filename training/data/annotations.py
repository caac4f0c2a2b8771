"""`annotations.jsonl` of a data set: what folders and one mask a picture cannot say, one JSON object a line.

    {"picture": "crack/001.png",                    path inside the data set
     "labels": ["crack", "scratch"],                all classes it shows; the folder names the first of them
     "shapes": [{"label": "crack", "kind": "polygon", "points": [[10.5, 3], [14, 3], [12, 9]]},
                {"label": "scratch", "kind": "box", "points": [[40, 8], [61.5, 20]]}],
     "masks": [{"label": "scratch", "file": "ground_truth/crack/001.scratch.png"}],
     "source": "raw/line 2/DSC_0001.JPG",           what the picture was called before it was imported
     "tags": {"annotator": "li"}}                   whatever else was said of it

Only `picture` must be there. Points are pixels as `training.data.marks` counts them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from training.data.marks import Shape, ShapeKind
from training.errors import BadData

ANNOTATIONS = "annotations.jsonl"


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ShapeRow(_Row):
    label: str = Field(min_length=1)
    kind: ShapeKind
    points: tuple[tuple[float, float], ...]

    @property
    def shape(self) -> Shape:
        """Raises ValueError: as `Shape`."""
        return Shape(self.label, self.kind, self.points)

    @field_validator("points")
    @classmethod
    def _not_endless(cls, points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        if len(points) > 100_000:
            raise ValueError("a shape has at most 100,000 corners")
        return points


class MaskRow(_Row):
    label: str = Field(min_length=1)
    file: str

    @field_validator("file")
    @classmethod
    def _inside(cls, file: str) -> str:
        return refuse_outside(file)


class Annotation(_Row):
    """One line."""

    picture: str
    labels: tuple[str, ...] = ()
    shapes: tuple[ShapeRow, ...] = ()
    masks: tuple[MaskRow, ...] = ()
    source: str | None = None
    tags: Mapping[str, str] = Field(default_factory=dict)

    @field_validator("picture")
    @classmethod
    def _inside(cls, picture: str) -> str:
        return refuse_outside(picture)

    @field_validator("shapes")
    @classmethod
    def _drawable(cls, shapes: tuple[ShapeRow, ...]) -> tuple[ShapeRow, ...]:
        for row in shapes:
            _ = row.shape
        return shapes


def refuse_outside(name: str) -> str:
    """The name of a file inside a data set, as it is.

    Raises:
        ValueError: it is absolute, leads out, or is no name.
    """
    path = PurePosixPath(name)
    if not name or "\0" in name or "\\" in name or path.is_absolute() or ".." in path.parts or path.as_posix() != name:
        raise ValueError(f"{name!r} is no path inside the data set; write it with / and without ..")
    return name


def read_annotations(root: Path) -> dict[str, Annotation]:
    """Picture → its line; empty where there is no file.

    Raises:
        BadData: a line is none, or two are of one picture; which line, and what is wrong.
    """
    path = root / ANNOTATIONS
    if not path.is_file():
        return {}
    found: dict[str, Annotation] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8-sig", errors="replace").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = Annotation.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(step) for step in first["loc"]) or "the line"
            raise BadData(f"{path}, line {number}: {where}: {first['msg']}; correct it there") from error
        if found.setdefault(row.picture, row) is not row:
            raise BadData(f"{path}, line {number}: {row.picture} has a line before; make one of the two")
    return found


def annotations_text(rows: Iterable[Annotation]) -> str:
    """The file's content, sorted by picture."""
    lines = (row.model_dump(mode="json", exclude_defaults=True) for row in sorted(rows, key=lambda row: row.picture))
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
