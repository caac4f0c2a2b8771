"""The record of random draws: added to, never rewritten, refused when it does not add up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.errors import BadData
from training.suggestion.audit import AUDITS, read_audits, record_round

HASH = "sha256:" + "a" * 64
PICTURES = ["b" * 64, "c" * 64]


def record(root: Path, pictures: list[str] = PICTURES) -> None:
    record_round(root, HASH, 0, 10, pictures, "2026-01-31T08:00:00Z")


def test_rounds_are_numbered_and_only_added(tmp_path: Path) -> None:
    record(tmp_path)
    before = (tmp_path / AUDITS).read_text()
    record(tmp_path, PICTURES[:1])
    assert (tmp_path / AUDITS).read_text().startswith(before)
    assert [(one.round, one.drawn, one.of) for one in read_audits(tmp_path)] == [(1, 2, 10), (2, 1, 10)]
    assert read_audits(tmp_path / "nowhere") == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"drawn": 3}, "were drawn"),
        ({"of": 1}, "were drawn"),
        ({"pictures": [PICTURES[0]] * 2}, "were drawn"),
        ({"round": 2}, "round 2 stands where 1 belongs"),
        ({"package": "x"}, "line 1"),
        ({"labels": 1}, "line 1"),
    ],
)
def test_a_record_that_does_not_add_up_is_refused(tmp_path: Path, change: dict[str, object], said: str) -> None:
    record(tmp_path)
    row = json.loads((tmp_path / AUDITS).read_text()) | change
    (tmp_path / AUDITS).write_text(json.dumps(row) + "\n")
    with pytest.raises(BadData, match=said):
        read_audits(tmp_path)
    with pytest.raises(BadData):
        record(tmp_path)
