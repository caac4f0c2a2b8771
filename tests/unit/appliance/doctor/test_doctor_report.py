"""Table and JSON: columns that hold in Chinese, a summary that takes no unknown for a pass."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime

import pytest

from appliance.doctor.check import Check, Finding, Text, passed
from appliance.doctor.examination import Examined
from appliance.doctor.report import DoctorReport, Language, language_of, make_report, table

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
REMEDY = Text("plug it in", "请插好")


def examined(name: str, title: Text, finding: Finding | None) -> Examined:
    return Examined(Check(name, title, lambda patient: passed("", "")), finding, 0.0123)


REPORT = make_report(
    [
        examined("camera", Text("Camera", "相机"), passed("gives pictures", "有图像")),
        examined("plc", Text("PLC serial port", "PLC 串口"), Finding("fail", Text("gone", "断开"), REMEDY)),
        examined("heat", Text("Temperature", "温度"), Finding("unknown", Text("not told", "未知"), REMEDY)),
        examined("clock", Text("Clock", "时钟"), Finding("warn", Text("not set", "未对时"), REMEDY)),
        examined("mqtt", Text("MQTT", "MQTT"), None),
    ],
    utc=NOW,
    software="0.1.0",
    config="station.toml",
)


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


@pytest.mark.parametrize(
    ("language", "found", "remedy"),
    [("en", ["gone", "not told"], "→ plug it in"), ("zh", ["断开", "未对时"], "→ 请插好")],
)
def test_findings_stand_in_one_column_and_remedies_below(language: Language, found: list[str], remedy: str) -> None:
    lines = table(REPORT, language).splitlines()
    starts = {columns(line[: line.rindex(word)]) for word in found for line in lines if line.endswith(word)}
    starts |= {columns(line[: line.index("→")]) for line in lines if remedy in line}
    assert len(starts) == 1
    assert sum(remedy in line for line in lines) == 3


def test_what_could_not_be_checked_counts_as_a_warning_and_what_is_off_is_named() -> None:
    assert "1 pass, 2 warn (1 of them could not be checked), 1 fail" in table(REPORT, "en")
    assert table(REPORT, "en").endswith("off in the configuration, not checked: mqtt")
    assert "1 项通过，2 项警告（其中 1 项无法检查），1 项失败" in table(REPORT, "zh")


def test_the_json_is_what_the_document_says_and_reads_back() -> None:
    data = json.loads(REPORT.model_dump_json(by_alias=True))
    assert data["schema"] == "okng.doctor/1"
    assert data["summary"] == {"pass": 1, "warn": 2, "unknown": 1, "fail": 1}
    assert data["off"] == ["mqtt"]
    assert data["checks"][1] == {
        "id": "plc",
        "title_en": "PLC serial port",
        "title_zh": "PLC 串口",
        "state": "fail",
        "found_en": "gone",
        "found_zh": "断开",
        "remedy_en": "plug it in",
        "remedy_zh": "请插好",
        "took_ms": 12,
    }
    assert DoctorReport.model_validate(data) == REPORT


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LANG": "zh_CN", "LC_ALL": ""}, "zh"),
    ],
)
def test_the_language_is_the_locales(environment: dict[str, str], language: str) -> None:
    assert language_of(environment) == language
