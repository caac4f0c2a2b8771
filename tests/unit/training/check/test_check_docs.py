"""Every code that a finding may have stands in the document, once, and no other."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.fakes.looks import look
from training.check.findings import CODES, Finding, Severity, many, printable
from training.text import Text

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "check-data.md"


def test_the_table_lists_every_code_once() -> None:
    rows = re.findall(r"^\| (`[^|]+) \| (?:error|warning|note)", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    listed = Counter(code for row in rows for code in re.findall(r"`([a-z-]+)`", row))
    assert set(listed) == CODES and set(listed.values()) == {1}


def test_a_code_that_nobody_can_look_up_is_refused() -> None:
    with pytest.raises(ValueError, match=r"check-data\.md"):
        Finding("odd", Severity.NOTE, Text("", ""), Text("", ""), Text("", ""))


def test_numbers_and_names_are_written_for_people_and_any_terminal() -> None:
    assert (many(1), many(1204), many(2, "class", "classes")) == ("1 picture", "1,204 pictures", "2 classes")
    assert printable(look("图\udcff.png").name) == "图\\udcff.png"
