"""All checks of a data set, from its labels and pictures to findings."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from models.picture_file import read_picture
from training.check.classes import check_classes
from training.check.copies import check_copies
from training.check.files import check_files
from training.check.findings import Finding, Severity, by_severity, many, printable
from training.check.groups import check_groups
from training.check.light import check_light
from training.check.look import Look
from training.check.masks import check_mask_files, check_masks
from training.check.names import check_names
from training.check.regions import check_regions
from training.check.repeats import check_series
from training.check.series import Series, find_series
from training.check.shapes import check_shapes
from training.check.shortcuts import check_shortcuts
from training.check.sizes import check_sizes
from training.check.survey import Survey
from training.progress import Progress
from training.text import Text

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Checked:
    """A survey, the series in it, and all findings, the gravest first."""

    survey: Survey
    series: tuple[Series, ...]
    findings: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        return sum(finding.severity is severity for finding in self.findings)


def check(survey: Survey, progress: Progress, series: bool = True) -> Checked:
    """Judge what was seen; `series`: whether to look for them, for which every picture is opened once more."""

    def read(index: int) -> NDArray[np.uint8]:
        return read_picture(survey.looks[index].path)

    found = find_series(survey.looks, read, progress) if series else ()
    return Checked(survey, found, by_severity(_findings(survey, found)))


def _findings(survey: Survey, series: Sequence[Series]) -> Iterator[Finding]:
    looks, items = survey.looks, survey.source.items
    yield from survey.findings
    yield from check_files(looks)
    yield from check_names([look.name for look in looks])
    yield from check_copies(looks)
    yield from check_series(looks, series)
    yield from check_groups(looks)
    yield from check_classes(looks)
    yield from check_masks(looks, survey.masks)
    yield from check_mask_files(survey.mask_files, items, survey.annotated)
    yield from check_shapes(looks, items)
    yield from check_regions(looks, survey.source)
    yield from check_sizes(looks)
    yield from check_light(looks)
    yield from check_shortcuts(looks)


def summary(checked: Checked) -> str:
    """What is said on a terminal: one line a finding with what to do, and a last one that counts them."""
    lines = [f"{checked.survey.source.root}: {many(len(checked.survey.looks))}, read as {checked.survey.source.format}"]
    for finding in checked.findings:
        lines.append(finding.line)
        lines += [f"    {_remark(of, said)}" for of, said in _told(finding)]
        lines.append(f"    {finding.remedy.en}")
    counts = (many(checked.count(severity), severity.value) for severity in Severity)
    return printable("\n".join([*lines, ", ".join(counts)]))


def _remark(of: str, said: Text | str) -> str:
    text = said.en if isinstance(said, Text) else said
    return f"{of}: {text}" if text else of


def _told(finding: Finding, most: int = 5) -> Sequence[tuple[str, Text | str]]:
    """The first few of what it concerns; of classes all."""
    if finding.code in ("class-counts", "region-counts"):
        return finding.remarks
    remarks = finding.remarks or tuple((name, "") for name in finding.pictures)
    more = len(remarks) - most
    return (*remarks[:most], ("…", f"{more:,} more; see --json or --page")) if more > 0 else remarks


def as_json(checked: Checked) -> str:
    """Everything that was found, for programs; docs/check-data.md holds the schema."""
    looks, source = checked.survey.looks, checked.survey.source
    report = {
        "schema": SCHEMA,
        "data": str(source.root),
        "format": source.format,
        "pictures": len(looks),
        "usable": sum(not look.fault for look in looks),
        "classes": _counted(looks, lambda look: look.label),
        "splits": _counted(looks, lambda look: look.split or ""),
        "counts": {severity.value: checked.count(severity) for severity in Severity},
        "findings": [_entry(finding) for finding in checked.findings],
        "series": [
            {"kind": one.kind.value, "pictures": [looks[index].name for index in one.members], "why": one.why}
            for one in checked.series
        ],
    }
    # Names that are no UTF-8 cannot be printed as they are; escaped they can.
    return json.dumps(report, ensure_ascii=True, indent=1)


def _counted(looks: Sequence[Look], of: Callable[[Look], str]) -> dict[str, int]:
    counts = Counter(of(look) for look in looks)
    return {name: counts[name] for name in sorted(counts) if name}


def _entry(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "title": asdict(finding.title),
        "found": asdict(finding.found),
        "remedy": asdict(finding.remedy),
        "pictures": finding.pictures,
        "groups": finding.groups,
        "remarks": [
            {"of": of, "said": asdict(said) if isinstance(said, Text) else said} for of, said in finding.remarks
        ],
    }
