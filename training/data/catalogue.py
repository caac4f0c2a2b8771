"""The defect catalogue of a data set: codes, names in both languages, severities.

`catalogue.toml` may name any folder:

    [scratch]
    name_en = "Scratch"
    name_zh = "划痕"
    severity = "major"        # critical, major or minor

The factory's catalogue (`models.catalogue`, docs/catalogue.md) may stand there as it is: it has a `code` in every row,
and then every folder gets the code that it has there. It may name more than there are folders.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.catalogue import DefectCatalogue, parse_catalogue
from models.decision import Severity
from models.errors import CatalogueError
from models.manifest import UNKNOWN_DEFECT, ClassEntry
from training.errors import BadData

_KNOWN = {
    UNKNOWN_DEFECT: ("Unknown defect", "未知缺陷"),
    "anomaly": ("Anomaly", "异常"),
    "bad": ("Defect", "缺陷"),
    "bent": ("Bent", "弯曲"),
    "broken": ("Broken", "断裂"),
    "burr": ("Burr", "毛刺"),
    "chip": ("Chip", "缺口"),
    "contamination": ("Contamination", "异物"),
    "crack": ("Crack", "裂纹"),
    "dent": ("Dent", "凹痕"),
    "hole": ("Hole", "孔洞"),
    "inclusion": ("Inclusion", "夹杂"),
    "missing": ("Missing part", "缺件"),
    "pit": ("Pit", "凹坑"),
    "rust": ("Rust", "锈蚀"),
    "scratch": ("Scratch", "划痕"),
    "stain": ("Stain", "污渍"),
}


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name_en: str | None = Field(default=None, min_length=1, max_length=100)
    name_zh: str | None = Field(default=None, min_length=1, max_length=100)
    severity: Severity = Severity.MAJOR


def build_catalogue(root: Path, defects: tuple[str, ...]) -> tuple[ClassEntry, ...]:
    """`unknown_defect` with code 1, then the folders in sorted order from code 2, or with the factory's codes.

    Raises:
        BadData: `catalogue.toml` cannot be understood, or does not fit the folders.
    """
    content = _content(root / "catalogue.toml")
    if any("code" in row for row in content.values() if isinstance(row, dict)):
        return _with_codes(root / "catalogue.toml", defects)
    rows = _rows(content)
    strangers = sorted(set(rows) - set(defects) - {UNKNOWN_DEFECT})
    if strangers:
        raise BadData(f"catalogue.toml names {strangers[0]}, but there is no such folder; correct its name")
    return tuple(
        _entry(label, code, rows.get(label, _Row()))
        for code, label in enumerate((UNKNOWN_DEFECT, *sorted(set(defects) - {UNKNOWN_DEFECT})), start=1)
    )


def _entry(label: str, code: int, row: _Row) -> ClassEntry:
    name_en, name_zh = _KNOWN.get(label.lower(), (label, label))
    return ClassEntry(
        label=label,
        code=code,
        name_en=row.name_en or name_en,
        name_zh=row.name_zh or name_zh,
        severity=row.severity,
    )


def _with_codes(path: Path, defects: tuple[str, ...]) -> tuple[ClassEntry, ...]:
    """The factory's rows of the folders that are there."""
    try:
        catalogue: DefectCatalogue = parse_catalogue(path.read_bytes(), path.name)
    except CatalogueError as error:
        raise BadData(str(error)) from error
    known = {row.defect.label: row for row in catalogue.rows}
    for label in sorted(set(defects)):
        if label not in known:
            raise BadData(
                f"catalogue.toml gives codes, but none to the folder {label}; add it with: "
                f"okng catalogue add {label} {path}"
            )
        if known[label].retired:
            raise BadData(f"{label} is retired in catalogue.toml; take its folder out, or retired out of its row")
    wanted = {UNKNOWN_DEFECT, *defects}
    return tuple(
        ClassEntry(
            label=row.defect.label,
            code=row.defect.code,
            name_en=row.defect.name_en,
            name_zh=row.defect.name_zh,
            severity=row.defect.severity,
        )
        for row in catalogue.rows
        if row.defect.label in wanted
    )


def _content(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _unclear(error) from error


def _rows(content: dict[str, object]) -> dict[str, _Row]:
    try:
        return {label: _Row.model_validate(row) for label, row in content.items()}
    except ValidationError as error:
        raise _unclear(error) from error


def _unclear(error: Exception) -> BadData:
    first = str(error).splitlines()[0]
    return BadData(f"catalogue.toml cannot be understood ({first}); see the example in docs/package.md")
