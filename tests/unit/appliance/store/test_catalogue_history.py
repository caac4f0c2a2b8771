"""What a station remembers of its catalogue cannot be taken back, nor the memory be changed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.errors import NotThere
from appliance.store.catalogue_history import CatalogueHistory
from models.catalogue import DefectCatalogue, parse_catalogue
from models.errors import CatalogueError

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def rows(*each: tuple[str, int, str]) -> DefectCatalogue:
    text = "".join(f'[{label}]\ncode = {code}\nname_en = "{name}"\nname_zh = "{name}"\n' for label, code, name in each)
    return parse_catalogue(text.encode(), "catalogue.toml")


ONE = rows(("scratch", 2, "Scratch"))
TWO = rows(("scratch", 2, "Scratch"), ("dent", 3, "Dent"))


@pytest.fixture
def history(tmp_path: Path) -> CatalogueHistory:
    return CatalogueHistory(tmp_path / "state" / "catalogue.jsonl", lambda: NOON)


def test_what_was_seen_is_remembered_once(history: CatalogueHistory) -> None:
    assert history.known() == ()
    assert (history.learn(ONE), history.learn(ONE), history.learn(TWO)) == (2, 0, 1)
    assert [(row.label, row.code) for row in history.known()] == [("unknown_defect", 1), ("scratch", 2), ("dent", 3)]


def test_new_words_are_remembered_beside_the_old_ones(history: CatalogueHistory) -> None:
    history.learn(ONE)
    assert history.learn(rows(("scratch", 2, "Kratzer"))) == 1
    assert [row.name_en for row in history.known()] == ["Unknown defect", "Kratzer"]


def test_a_code_that_went_to_another_defect_is_missed(history: CatalogueHistory) -> None:
    history.learn(TWO)
    (line,) = rows(("scratch", 2, "Scratch"), ("chip", 3, "Chip")).lost(history.known())
    assert "the code 3 was dent, and chip has it now" in line


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"label":"scratch"', b'"label":"stain"'),
        (b'"code":2', b'"code":9'),
        (b'"retired":false', b'"retired":true'),
        (b"{", b""),
    ],
)
def test_a_changed_memory_is_noticed(history: CatalogueHistory, tmp_path: Path, old: bytes, new: bytes) -> None:
    history.learn(TWO)
    path = tmp_path / "state" / "catalogue.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(old, new, 1)
    path.write_bytes(b"".join(lines))
    for look in (history.known, lambda: history.learn(TWO)):
        with pytest.raises(CatalogueError, match=r"line [23] of .* is not as the station wrote it"):
            look()


@pytest.mark.parametrize("gone", [0, 1])
def test_a_line_that_was_taken_out_is_noticed(history: CatalogueHistory, tmp_path: Path, gone: int) -> None:
    history.learn(TWO)
    path = tmp_path / "state" / "catalogue.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:gone] + lines[gone + 1 :]))
    with pytest.raises(CatalogueError, match=f"line {gone + 1} of"):
        history.known()


def test_a_memory_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file, where a folder should be")
    with pytest.raises(NotThere, match="state_dir"):
        CatalogueHistory(tmp_path / "state" / "catalogue.jsonl", lambda: NOON).learn(ONE)
