"""The factory's defect catalogue: a code means one defect for ever."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.catalogue import (
    MAX_CODE,
    UNKNOWN,
    added,
    contradictions,
    free_code,
    parse_catalogue,
    retired,
)
from models.decision import DefectClass, Severity
from models.errors import CatalogueError

TEXT = """# our plant
[scratch]   # on any face
code = 2
name_en = "Scratch"
name_zh = "划痕"

["oil stain"]
code = 7
name_en = "Oil stain"
name_zh = "油污"
severity = "minor"
retired = true
"""
SCRATCH = DefectClass("scratch", 2, "Scratch", "划痕", Severity.MAJOR)
STAIN = DefectClass("oil stain", 7, "Oil stain", "油污", Severity.MINOR)
CATALOGUE = parse_catalogue(TEXT.encode(), "catalogue.toml")


def row(label: str, code: int, name: str = "x") -> DefectClass:
    return DefectClass(label, code, name, name, Severity.MAJOR)


def test_a_catalogue_is_its_rows_by_code_with_unknown_first() -> None:
    assert [(each.defect, each.retired) for each in CATALOGUE.rows] == [
        (UNKNOWN, False),
        (SCRATCH, False),
        (STAIN, True),
    ]
    assert CATALOGUE.label_of(7) == "oil stain" and CATALOGUE.label_of(8) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[scratch", "no valid TOML"),
        ("code = 2", r"\[code\] the row"),
        ("[scratch]\ncode = 2\nname_en = 'S'\nname_zh = 'S'\ncolour = 1", r"\[scratch\] colour"),
        ("[scratch]\nname_en = 'S'\nname_zh = 'S'", r"\[scratch\] code"),
        ("[scratch]\ncode = true\nname_en = 'S'\nname_zh = 'S'", r"\[scratch\] code"),
        ("[scratch]\ncode = 70000\nname_en = 'S'\nname_zh = 'S'", r"\[scratch\] code"),
        ("[scratch]\ncode = 2\nname_en = ''\nname_zh = 'S'", r"\[scratch\] name_en"),
        ("[unknown_defect]\ncode = 2\nname_en = 'S'\nname_zh = 'S'", "has the code 1"),
        ("[unknown_defect]\ncode = 1\nname_en = 'S'\nname_zh = 'S'\nretired = true", "never retired"),
        ("[scratch]\ncode = 1\nname_en = 'S'\nname_zh = 'S'", "the code 1 stands for unknown_defect and for scratch"),
        (TEXT + "[dent]\ncode = 7\nname_en = 'D'\nname_zh = 'D'", "the code 7 stands for oil stain and for dent"),
        (TEXT + "[scratch]\ncode = 9", "no valid TOML"),
        ("#" * 1_000_001, "larger than 1 MB"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(CatalogueError, match=says):
        parse_catalogue(text.encode(), "catalogue.toml")


@pytest.mark.parametrize(
    ("classes", "says"),
    [
        ([row("scratch", 2), row("unknown_defect", 1)], None),
        ([row("scratch", 3)], "p: scratch has the code 3, in the catalogue it is 2"),
        ([row("dent", 2)], "p: the code 2 is dent, in the catalogue it is scratch; a code is never used for another"),
        ([row("dent", 7)], "p: the code 7 is dent, in the catalogue it is oil stain"),  # retired, yet taken
        ([row("dent", 9)], "add it with: okng catalogue add dent --code 9"),
    ],
)
def test_a_package_is_held_against_the_catalogue(classes: list[DefectClass], says: str | None) -> None:
    problems = CATALOGUE.problems(classes, "p")
    assert problems == [] if says is None else len(problems) == 1 and says in problems[0]


def test_what_is_retired_and_yet_in_use_is_named() -> None:
    assert CATALOGUE.retired_in([SCRATCH, STAIN]) == ["oil stain"]


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ([SCRATCH, STAIN, UNKNOWN], None),
        ([row("dent", 9)], "the code 9 was dent, and it is gone"),
        ([row("dent", 2)], "the code 2 was dent, and scratch has it now"),
        ([row("scratch", 5)], "the code 5 was scratch, and it is gone"),
    ],
)
def test_a_row_that_was_changed_or_taken_out_is_missed(known: list[DefectClass], says: str | None) -> None:
    lost = CATALOGUE.lost(known)
    assert lost == [] if says is None else len(lost) == 1 and says in lost[0]


@pytest.mark.parametrize(
    ("packages", "says"),
    [
        ([("a", [SCRATCH]), ("b", [SCRATCH, row("dent", 3)])], []),
        ([("a", [row("dent", 2)]), ("b", [SCRATCH])], ["the code 2 is dent in a and scratch in b"]),
        ([("a", [SCRATCH]), ("b", [row("scratch", 3)])], ["scratch has the code 2 in a and 3 in b"]),
        (
            [("a", [row("chip", 2), row("dent", 3)]), ("b", [row("dent", 2)])],
            ["the code 2 is chip in a and dent in b", "dent has the code 3 in a and 2 in b"],
        ),
    ],
)
def test_packages_that_contradict_each_other_are_named(
    packages: list[tuple[str, list[DefectClass]]], says: list[str]
) -> None:
    found = contradictions(packages)
    assert len(found) == len(says)
    assert all(told in line for told, line in zip(says, found, strict=True))


@pytest.mark.parametrize(
    ("new", "says"),
    [
        (row("scratch", 9), "scratch has the code 2 already"),
        (row("dent", 2), "the code 2 is scratch and is never used for another"),
        (row("dent", 7), "the code 7 is oil stain"),  # retired is not free
        (row("dent", 30), "the code 30 is burr"),  # known to the station, gone from the file
        (row("burr", 9), "burr has the code 30 already"),
    ],
)
def test_nothing_is_added_over_what_is_or_was_there(new: DefectClass, says: str) -> None:
    with pytest.raises(CatalogueError, match=says):
        added(CATALOGUE, new, [row("burr", 30)])


def test_the_next_code_is_above_all_that_ever_were() -> None:
    assert free_code(CATALOGUE) == 8
    assert free_code(CATALOGUE, [row("burr", 30)]) == 31
    with pytest.raises(CatalogueError, match="--code"):
        free_code(CATALOGUE, [row("burr", MAX_CODE)])


LABELS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(LABELS, LABELS, LABELS, st.sampled_from(Severity))
def test_whatever_is_added_is_read_back_and_the_rest_stays(label: str, en: str, zh: str, severity: Severity) -> None:
    if label in ("scratch", "oil stain", "unknown_defect"):
        return
    new = DefectClass(label, 8, en, zh, severity)
    text = TEXT + added(CATALOGUE, new)
    assert text.startswith(TEXT)
    after = parse_catalogue(text.encode(), "catalogue.toml")
    assert [each.defect for each in after.rows] == [UNKNOWN, SCRATCH, STAIN, new]


def test_retiring_keeps_everything_else_to_the_letter() -> None:
    text = retired(TEXT, "scratch", "catalogue.toml")
    assert text == TEXT.replace("any face\n", "any face\nretired = true\n")
    assert tomllib.loads(text)["scratch"]["retired"] is True


@pytest.mark.parametrize(
    ("text", "label", "says"),
    [
        (TEXT, "dent", "has no class dent"),
        (TEXT, "unknown_defect", "has no class"),
        (TEXT, "oil stain", "retired already"),
        ("scratch = {code = 2, name_en = 'S', name_zh = 'S'}", "scratch", "by hand"),
        ("[scratch]\ncode = 2\nname_en = '''\n[scratch]'''\nname_zh = 'S'", "scratch", "by hand"),
    ],
)
def test_what_cannot_be_retired_says_why(text: str, label: str, says: str) -> None:
    if "'''" in text:
        assert retired(text, label, "c")  # its head is found before the text that looks like one
        return
    with pytest.raises(CatalogueError, match=says):
        retired(text, label, "c")


def test_names_and_severity_are_the_catalogues_codes_are_not() -> None:
    (found, other) = CATALOGUE.named([row("scratch", 2, "Kratzer"), row("dent", 9, "Dent")])
    assert found == SCRATCH
    assert other == row("dent", 9, "Dent")
