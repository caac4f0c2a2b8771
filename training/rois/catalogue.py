"""`rois.toml`: the named regions of an assembly, what each is to show, and how a station calls it when it does not.

classes = ["screw", "hole"]       # every label that labels.csv may use

[[roi]]
name = "top_left"                 # in messages and results; never reuse a name for another place
box = [5, 69, 256, 257]           # x, y, width, height in camera pixels
expect = "screw"                  # one of the classes; anything else there is NG or RECHECK
kind = "screw"                    # regions of one kind show the same thing and learn together; its own if left out
code = 2                          # what the PLC reads, 2 to 65535; numbered in order if left out
name_en = "Top left screw"
name_zh = "左上螺钉"
severity = "critical"             # critical, major (if left out) or minor
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.decision import Box, Severity
from models.manifest import UNKNOWN_DEFECT, ClassEntry
from training.errors import BadData

ROIS = "rois.toml"
_FIRST_CODE = 2
_LEAST_SIDE_PX = 16
_MOST_ROIS = 64
_EXAMPLE = "see the example in docs/assembly.md"
_Label = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
_Text = Annotated[str, Field(min_length=1, max_length=100)]
_Pixel = Annotated[int, Field(ge=0, le=100_000)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: _Name
    box: tuple[_Pixel, _Pixel, _Pixel, _Pixel]
    expect: _Label
    kind: _Name | None = None
    code: int | None = Field(default=None, ge=_FIRST_CODE, le=65535)
    name_en: _Text | None = None
    name_zh: _Text | None = None
    severity: Severity = Severity.MAJOR


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    classes: tuple[_Label, ...] = Field(min_length=1, max_length=32)
    roi: tuple[_Row, ...] = Field(min_length=1, max_length=_MOST_ROIS)


@dataclass(frozen=True, slots=True)
class Roi:
    """One named region; `kind` is its own name where none was given."""

    name: str
    box: Box
    expect: str
    kind: str
    row: ClassEntry


@dataclass(frozen=True, slots=True)
class RoiCatalogue:
    """All regions in the order of the file, and every class that may be seen in one."""

    rois: tuple[Roi, ...]
    classes: tuple[str, ...]

    def rows(self) -> tuple[ClassEntry, ...]:
        """The defect catalogue: `unknown_defect`, then one row a region."""
        unknown = ClassEntry(
            label=UNKNOWN_DEFECT, code=1, name_en="Unknown defect", name_zh="未知缺陷", severity=Severity.MAJOR
        )
        return (unknown, *(roi.row for roi in self.rois))


def read_rois(root: Path) -> RoiCatalogue:
    """The regions of the data set at `root`.

    Raises:
        BadData: naming the first thing that is wrong and where it stands.
    """
    return parse_rois(root / ROIS)


def parse_rois(path: Path) -> RoiCatalogue:
    """The regions in a file of any name.

    Raises:
        BadData: as `read_rois`.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        file = _File.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadData(f"{path} is wrong at {_place(first['loc'], content)}: {first['msg']}; {_EXAMPLE}") from error
    except (ValueError, RecursionError) as error:
        raise BadData(f"{path} cannot be understood ({error}); {_EXAMPLE}") from error
    _refuse_doubles(path, file)
    codes = iter(_free_codes(file))
    return RoiCatalogue(tuple(_roi(path, row, file.classes, codes) for row in file.roi), file.classes)


def refuse_outside(rois: tuple[Roi, ...], size: tuple[int, int]) -> None:
    """Let only regions pass that lie inside pictures of (width, height).

    Raises:
        BadData: naming the first that does not.
    """
    width, height = size
    for roi in rois:
        box = roi.box
        if box.x + box.w > width or box.y + box.h > height:
            raise BadData(
                f"the region {roi.name} in {ROIS} reaches to {box.x + box.w},{box.y + box.h}, outside the pictures of "
                f"{width}x{height}; correct its box, or take all pictures with one camera setting"
            )


def _place(location: tuple[int | str, ...], content: dict[str, object]) -> str:
    """Where an error stands, with the region's name where it has one."""
    rows = content.get("roi")
    if location[:1] == ("roi",) and len(location) > 1 and isinstance(location[1], int) and isinstance(rows, list):
        row = rows[location[1]]
        name = row.get("name") if isinstance(row, dict) else None
        rest = ".".join(str(part) for part in location[2:])
        return f"roi {name or location[1] + 1}" + (f", {rest}" if rest else "")
    return ".".join(str(part) for part in location)


def _refuse_doubles(path: Path, file: _File) -> None:
    codes = [row.code for row in file.roi if row.code is not None]
    for what, values in (("class", file.classes), ("name", [row.name for row in file.roi]), ("code", codes)):
        value, count = Counter(values).most_common(1)[0] if values else ("", 0)
        if count > 1:
            raise BadData(f"{path} uses the {what} {value!r} {count} times; give each its own")
    if any(row.name == UNKNOWN_DEFECT for row in file.roi):
        raise BadData(f"{path} calls a region {UNKNOWN_DEFECT}, which is the name of what nobody knows; rename it")


def _free_codes(file: _File) -> list[int]:
    """Codes for the regions without one, in order."""
    taken = {row.code for row in file.roi}
    return [code for code in range(_FIRST_CODE, _FIRST_CODE + 2 * len(file.roi)) if code not in taken]


def _roi(path: Path, row: _Row, classes: tuple[str, ...], codes: Iterator[int]) -> Roi:
    if row.expect not in classes:
        known = ", ".join(classes)
        raise BadData(f"the region {row.name} in {path} expects {row.expect!r}, which is none of the classes {known}")
    box = Box(*row.box)
    if min(box.w, box.h) < _LEAST_SIDE_PX:
        raise BadData(
            f"the region {row.name} in {path} is {box.w}x{box.h}; {_LEAST_SIDE_PX} pixels a side are the least"
        )
    entry = ClassEntry(
        label=row.name,
        code=row.code or next(codes),
        name_en=row.name_en or row.name,
        name_zh=row.name_zh or row.name_en or row.name,
        severity=row.severity,
    )
    return Roi(row.name, box, row.expect, row.kind or row.name, entry)
