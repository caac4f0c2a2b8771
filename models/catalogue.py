"""The defect catalogue of a factory: which code means which defect, for ever.

    [scratch]                 # a label, as folders of pictures and packages have it
    code = 2                  # what the PLC gets; never given to another label, never removed
    name_en = "Scratch"
    name_zh = "划痕"
    severity = "major"        # critical, major or minor
    retired = true            # no longer in use: the row stays, so that nobody else gets its code

Code 1 is `unknown_defect`, whether it stands there or not. Names and severity may change; a code and its label never
do. Rows are only ever added, so that the file can be compared with what a station has seen of it (`lost`).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.decision import DefectClass, Severity
from models.errors import CatalogueError
from models.manifest import UNKNOWN_DEFECT

MAX_BYTES = 1_000_000
MAX_CODE = 65_535
UNKNOWN = DefectClass(UNKNOWN_DEFECT, 1, "Unknown defect", "未知缺陷", Severity.MAJOR)
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    code: int = Field(ge=1, le=MAX_CODE, strict=True)
    name_en: str = Field(min_length=1, max_length=100)
    name_zh: str = Field(min_length=1, max_length=100)
    severity: Severity = Severity.MAJOR
    retired: bool = Field(False, strict=True)


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One class, and whether it is still in use."""

    defect: DefectClass
    retired: bool = False


@dataclass(frozen=True, slots=True)
class DefectCatalogue:
    """All rows by rising code, `unknown_defect` first."""

    rows: tuple[CatalogueRow, ...]

    def find(self, label: str) -> CatalogueRow | None:
        return next((row for row in self.rows if row.defect.label == label), None)

    def label_of(self, code: int) -> str | None:
        return next((row.defect.label for row in self.rows if row.defect.code == code), None)

    def named(self, classes: Iterable[DefectClass]) -> tuple[DefectClass, ...]:
        """These classes with the catalogue's names and severities; codes stay."""
        own = {row.defect.label: row.defect for row in self.rows}
        return tuple(
            DefectClass(row.label, row.code, found.name_en, found.name_zh, found.severity)
            if (found := own.get(row.label)) is not None
            else row
            for row in classes
        )

    def problems(self, classes: Sequence[DefectClass], shown: str) -> list[str]:
        """Why these classes may not be used beside this catalogue, one sentence each with its remedy."""
        found = []
        for row in classes:
            own, holder = self.find(row.label), self.label_of(row.code)
            if own is not None and own.defect.code != row.code:
                found.append(
                    f"{shown}: {row.label} has the code {row.code}, in the catalogue it is {own.defect.code}; "
                    "train the package again with the catalogue's codes"
                )
            elif holder is not None and holder != row.label:
                found.append(
                    f"{shown}: the code {row.code} is {row.label}, in the catalogue it is {holder}; a code is never "
                    f"used for another defect: train the package again with the catalogue's codes"
                )
            elif own is None:
                found.append(
                    f"{shown}: {row.label} with the code {row.code} is not in the catalogue; add it with: "
                    f"okng catalogue add {row.label} --code {row.code}"
                )
        return found

    def retired_in(self, classes: Sequence[DefectClass]) -> list[str]:
        """Labels of classes that are retired and yet in use."""
        return [row.label for row in classes if (own := self.find(row.label)) is not None and own.retired]

    def lost(self, known: Iterable[DefectClass]) -> list[str]:
        """What the catalogue once said and says no longer: one sentence each with its remedy."""
        found = []
        for row in known:
            own, holder = self.find(row.label), self.label_of(row.code)
            if own is not None and own.defect.code == row.code:
                continue
            now = f"{holder} has it now" if holder is not None else "it is gone"
            found.append(
                f"the code {row.code} was {row.label}, and {now}; put that row back as it was, with retired = true "
                "where it is no longer in use, and give every other defect a code of its own"
            )
        return found


def parse_catalogue(content: bytes, shown: str) -> DefectCatalogue:
    """The catalogue in a file's content.

    Raises:
        CatalogueError: not TOML, a row that is wrong, or a code for two labels; with place and remedy.
    """
    if len(content) > MAX_BYTES:
        raise CatalogueError(f"{shown} is larger than 1 MB; this is no defect catalogue")
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CatalogueError(f"{shown} is no valid TOML: {error}; correct that line") from error
    rows = {label: _row(label, row, shown) for label, row in table.items()}
    unknown = rows.get(UNKNOWN_DEFECT)
    if unknown is not None and (unknown.defect.code != 1 or unknown.retired):
        raise CatalogueError(f"{shown}: {UNKNOWN_DEFECT} has the code 1 and is never retired; correct that row")
    rows.setdefault(UNKNOWN_DEFECT, CatalogueRow(UNKNOWN))
    ordered = tuple(sorted(rows.values(), key=lambda row: (row.defect.code, row.defect.label != UNKNOWN_DEFECT)))
    for before, after in pairwise(ordered):
        if before.defect.code == after.defect.code:
            raise CatalogueError(
                f"{shown}: the code {after.defect.code} stands for {before.defect.label} and for {after.defect.label}; "
                "a code is never used twice, not even one that is retired: give the later row another"
            )
    return DefectCatalogue(ordered)


def added(catalogue: DefectCatalogue, row: DefectClass, known: Iterable[DefectClass] = ()) -> str:
    """The lines that add a row to the file; `known` is what stood there at any time.

    Raises:
        CatalogueError: the label or the code is, or was, in use.
    """
    for old in (*(each.defect for each in catalogue.rows), *known):
        if old.label == row.label:
            raise CatalogueError(f"{row.label} has the code {old.code} already; its names can be changed in the file")
        if old.code == row.code:
            raise CatalogueError(
                f"the code {row.code} is {old.label} and is never used for another defect; leave --code out for a "
                "free one"
            )
    label = row.label if _BARE.fullmatch(row.label) else _quoted(row.label)
    return (
        f"\n[{label}]\ncode = {row.code}\nname_en = {_quoted(row.name_en)}\nname_zh = {_quoted(row.name_zh)}\n"
        f'severity = "{row.severity}"\n'
    )


def retired(text: str, label: str, shown: str) -> str:
    """The file's text with a class marked as no longer in use; everything else stays as it was written.

    Raises:
        CatalogueError: there is no such class, it is retired already, or its row cannot be found in the text.
    """
    before = parse_catalogue(text.encode(), shown)
    row = before.find(label)
    if row is None or label == UNKNOWN_DEFECT:
        labels = ", ".join(each.defect.label for each in before.rows[1:])
        raise CatalogueError(f"{shown} has no class {label} to retire; it has: {labels}")
    if row.retired:
        raise CatalogueError(f"{label} is retired already")
    lines = text.splitlines(keepends=True)
    heads = (f"[{label}]", f"[{_quoted(label)}]", f"['{label}']")
    place = next((n for n, line in enumerate(lines) if line.split("#")[0].strip() in heads), None)
    if place is None:
        raise CatalogueError(f"the row of {label} is not found in {shown}; write retired = true into it by hand")
    own = next((n for n, line in enumerate(lines) if n > place and line.lstrip().startswith("[")), len(lines))
    kept = [line for line in lines[place + 1 : own] if not line.lstrip().startswith("retired")]
    new = "".join([*lines[: place + 1], "retired = true\n", *kept, *lines[own:]])
    after = parse_catalogue(new.encode(), shown)
    wanted = tuple(CatalogueRow(each.defect, each.retired or each.defect.label == label) for each in before.rows)
    if after.rows != wanted:
        raise CatalogueError(f"the row of {label} in {shown} cannot be changed safely; write retired = true by hand")
    return new


def free_code(catalogue: DefectCatalogue, known: Iterable[DefectClass] = ()) -> int:
    """The next code that nobody has or had.

    Raises:
        CatalogueError: all are used up.
    """
    code = max(row.code for row in (*(each.defect for each in catalogue.rows), *known)) + 1
    if code > MAX_CODE:
        raise CatalogueError(f"the highest code, {MAX_CODE}, is in use; name a free one with --code")
    return code


def contradictions(catalogues: Sequence[tuple[str, Sequence[DefectClass]]]) -> list[str]:
    """Where two named lists of classes give one code to two labels or one label two codes; one sentence each."""
    found: list[str] = []
    labels: dict[int, tuple[str, str]] = {}
    codes: dict[str, tuple[int, str]] = {}
    for shown, classes in catalogues:
        for row in classes:
            label, first = labels.setdefault(row.code, (row.label, shown))
            if label != row.label:
                found.append(
                    f"the code {row.code} is {label} in {first} and {row.label} in {shown}; a code means one defect in "
                    "the whole station: train one of the packages again with a catalogue.toml that gives the codes"
                )
            code, first = codes.setdefault(row.label, (row.code, shown))
            if code != row.code:
                found.append(
                    f"{row.label} has the code {code} in {first} and {row.code} in {shown}; train one of the packages "
                    "again with a catalogue.toml that gives the codes"
                )
    return list(dict.fromkeys(found))


def _row(label: str, content: object, shown: str) -> CatalogueRow:
    if not 1 <= len(label) <= 100:
        raise CatalogueError(f"{shown}: a label has 1 to 100 characters; correct {label[:40]!r}")
    try:
        row = _Row.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the row"
        raise CatalogueError(f"{shown}: [{label}] {where}: {first['msg']}; see docs/catalogue.md") from error
    return CatalogueRow(DefectClass(label, row.code, row.name_en, row.name_zh, row.severity), row.retired)


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
