"""Codes, names and severities of a data set's defects."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.decision import Severity
from training.data.catalogue import build_catalogue
from training.errors import BadData


def test_unknown_is_code_1_and_folders_follow_in_order(tmp_path: Path) -> None:
    rows = build_catalogue(tmp_path, ("stain", "scratch", "油污"))
    assert [(row.code, row.label) for row in rows] == [(1, "unknown_defect"), (2, "scratch"), (3, "stain"), (4, "油污")]
    assert (rows[1].name_en, rows[1].name_zh) == ("Scratch", "划痕")
    assert (rows[3].name_en, rows[3].name_zh) == ("油污", "油污")


def test_the_table_of_the_data_set_wins(tmp_path: Path) -> None:
    (tmp_path / "catalogue.toml").write_text(
        '[scratch]\nname_zh = "刮伤"\nseverity = "critical"\n[unknown_defect]\nname_en = "Anything"\n', encoding="utf-8"
    )
    unknown, scratch = build_catalogue(tmp_path, ("scratch",))
    assert (scratch.name_en, scratch.name_zh, scratch.severity) == ("Scratch", "刮伤", Severity.CRITICAL)
    assert (unknown.code, unknown.name_en, unknown.name_zh) == (1, "Anything", "未知缺陷")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[scratch", "cannot be understood"),
        ('[scratch]\ncolour = "red"', "cannot be understood"),
        ('[scratch]\nseverity = "bad"', "cannot be understood"),
        ("[dent]", "names dent, but there is no such folder"),
    ],
)
def test_a_table_that_is_wrong_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "catalogue.toml").write_text(text)
    with pytest.raises(BadData, match=says):
        build_catalogue(tmp_path, ("scratch",))


FACTORY = """
[dent]
code = 9
name_en = "Dent"
name_zh = "凹痕"
[scratch]
code = 4
name_en = "Scratch"
name_zh = "刮伤"
severity = "critical"
[burr]
code = 5
name_en = "Burr"
name_zh = "毛刺"
retired = true
"""


def test_the_factorys_catalogue_gives_the_codes_and_may_know_more_than_the_folders(tmp_path: Path) -> None:
    (tmp_path / "catalogue.toml").write_text(FACTORY, encoding="utf-8")
    rows = build_catalogue(tmp_path, ("scratch",))
    assert [(row.code, row.label) for row in rows] == [(1, "unknown_defect"), (4, "scratch")]
    assert (rows[1].name_zh, rows[1].severity) == ("刮伤", Severity.CRITICAL)


@pytest.mark.parametrize(
    ("text", "folders", "says"),
    [
        (FACTORY, ("chip",), "none to the folder chip; add it with: okng catalogue add chip"),
        (FACTORY, ("burr",), "burr is retired"),
        (FACTORY.replace("code = 9", "code = 4"), ("scratch",), "the code 4 stands for"),
        (FACTORY + '[chip]\nname_en = "Chip"', ("scratch",), r"\[chip\] code"),
    ],
)
def test_codes_that_do_not_fit_the_folders_are_refused(
    tmp_path: Path, text: str, folders: tuple[str, ...], says: str
) -> None:
    (tmp_path / "catalogue.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadData, match=says):
        build_catalogue(tmp_path, folders)
