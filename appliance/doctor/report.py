"""What the doctor says: a table for people, JSON for programs (docs/doctor.md)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from appliance.doctor.check import State, Text
from appliance.doctor.examination import Examined

Language = Literal["en", "zh"]
_MARKS: dict[State, Text] = {
    "pass": Text("pass", "通过"),
    "warn": Text("WARN", "警告"),
    "fail": Text("FAIL", "失败"),
    "unknown": Text("UNKNOWN", "未知"),
}
_GAP = "  "


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class CheckResult(Part):
    """One check. `remedy_*` is empty when `state` is pass."""

    id: str
    title_en: str
    title_zh: str
    state: State
    found_en: str
    found_zh: str
    remedy_en: str
    remedy_zh: str
    took_ms: int


class Summary(Part):
    """`warn` counts `unknown` too: a check that could not be made is no pass."""

    passed: int = Field(alias="pass")
    warn: int
    unknown: int
    fail: int


class DoctorReport(Part):
    """`off`: ids of checks that the configuration gives no cause for."""

    schema_id: Literal["okng.doctor/1"] = Field("okng.doctor/1", alias="schema")
    utc: str
    software: str
    config: str
    summary: Summary
    checks: tuple[CheckResult, ...]
    off: tuple[str, ...]


def make_report(examined: Sequence[Examined], *, utc: datetime, software: str, config: str) -> DoctorReport:
    rows = []
    for one in examined:
        if one.finding is None:
            continue
        check, finding = one.check, one.finding
        rows.append(
            CheckResult(
                id=check.id,
                title_en=check.title.en,
                title_zh=check.title.zh,
                state=finding.state,
                found_en=finding.found.en,
                found_zh=finding.found.zh,
                remedy_en=finding.remedy.en,
                remedy_zh=finding.remedy.zh,
                took_ms=round(one.took_s * 1000),
            )
        )
    states = [row.state for row in rows]
    return DoctorReport(
        utc=utc.isoformat(timespec="seconds"),
        software=software,
        config=config,
        summary=Summary(
            passed=states.count("pass"),
            warn=states.count("warn") + states.count("unknown"),
            unknown=states.count("unknown"),
            fail=states.count("fail"),
        ),
        checks=tuple(rows),
        off=tuple(one.check.id for one in examined if one.finding is None),
    )


def table(report: DoctorReport, language: Language) -> str:
    """One line a check, its remedy below it, and the summary."""
    titles = [row.title_zh if language == "zh" else row.title_en for row in report.checks]
    marks = [_said(_MARKS[row.state], language) for row in report.checks]
    wide, mark_wide = max(map(_width, titles)), max(map(_width, marks))
    lines = []
    for row, title, mark in zip(report.checks, titles, marks, strict=True):
        found = row.found_zh if language == "zh" else row.found_en
        remedy = row.remedy_zh if language == "zh" else row.remedy_en
        lines.append(_GAP.join((_padded(mark, mark_wide), _padded(title, wide), found)))
        if remedy:
            lines.append(" " * (mark_wide + wide + 2 * len(_GAP)) + "→ " + remedy)
    return "\n".join([*lines, "", *_summary(report, language)])


def language_of(environment: Mapping[str, str]) -> Language:
    """What the locale asks for, in the order of POSIX."""
    asked = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return "zh" if asked.lower().startswith("zh") else "en"


def _summary(report: DoctorReport, language: Language) -> list[str]:
    s = report.summary
    if language == "zh":
        lines = [f"{s.passed} 项通过，{s.warn} 项警告（其中 {s.unknown} 项无法检查），{s.fail} 项失败"]
        return lines + ([f"配置中未启用，未检查：{', '.join(report.off)}"] if report.off else [])
    lines = [f"{s.passed} pass, {s.warn} warn ({s.unknown} of them could not be checked), {s.fail} fail"]
    return lines + ([f"off in the configuration, not checked: {', '.join(report.off)}"] if report.off else [])


def _said(text: Text, language: Language) -> str:
    return text.zh if language == "zh" else text.en


def _width(text: str) -> int:
    """Columns in a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
