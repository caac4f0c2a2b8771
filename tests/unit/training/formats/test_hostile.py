"""Label files by anybody: names, encodings, sizes, depths and numbers that are refused, each with its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from training.errors import BadData, NotThere
from training.formats.hostile import parse_json, read_json, read_json_lines, read_text, safe_name


@pytest.mark.parametrize(
    ("text", "name"),
    [("a/b.png", "a/b.png"), ("./a//b.png", "a/b.png"), ("a\\b c.png", "a/b c.png"), ("良品/1.png", "良品/1.png")],
)
def test_a_name_inside_passes(text: str, name: str) -> None:
    assert safe_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        *["", " ", ".", "/etc/passwd", "//host/x.png", "\\\\host\\x.png", "C:\\x.png", "c:x.png", "s3://bucket/x.png"],
        *["file:///x.png", "../x.png", "a/../../x.png", "a\\..\\x.png", "a\0.png", "a\n.png", "\ud800.png"],
        *["x" * 5000, 7, None],
    ],
)
def test_any_other_name_is_refused_with_its_place(text: object) -> None:
    with pytest.raises(BadData, match=r"labels\.json, entry 3"):
        safe_name(text, "labels.json, entry 3")


def test_text_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfimage\n")
    assert read_text(tmp_path / "a.csv") == "image\n"


@pytest.mark.parametrize("content", ["第一\n良品".encode("gb18030"), "图\n".encode("utf-16"), b"a\nb\0c"])
def test_text_in_another_encoding_is_refused_with_its_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(BadData, match=r"a\.csv, line \d: .*UTF-8"):
        read_text(tmp_path / "a.csv")


def test_what_is_too_large_missing_or_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "big.json").write_bytes(b" " * 1001)
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(BadData, match=r"larger than 0\.001 MB"):
        read_text(tmp_path / "big.json", limit_mb=0.001)
    with pytest.raises(BadData, match="no ordinary file"):
        read_text(tmp_path / "pipe.json")
    with pytest.raises(NotThere, match="there is no file"):
        read_text(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": [1,\n 2', r"line 2: this is no JSON"),
        ("[" * 1_000_000, "nested too deeply"),
        ('{"a":' * 1_000_000, "nested too deeply"),
        ("[NaN]", "NaN is no number"),
        ("[-Infinity]", "is no number"),
        ("[1e999]", "1e999 is too large"),
        (f"[{'9' * 5000}]", "is too large"),
    ],
)
def test_json_that_is_none_or_endless_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(BadData, match=said):
        read_json(tmp_path / "a.json")


def test_json_lines_tell_their_line(tmp_path: Path) -> None:
    (tmp_path / "a.manifest").write_text('{"a": 1}\n\n{"b": 2}\n{]\n')
    rows = read_json_lines(tmp_path / "a.manifest")
    assert next(rows)[1] == {"a": 1}
    assert next(rows) == (f"{tmp_path / 'a.manifest'}, line 3", {"b": 2})
    with pytest.raises(BadData, match=r"a\.manifest, line 4: this is no JSON"):
        next(rows)


def test_numbers_of_a_label_file_are_read() -> None:
    assert parse_json('[1, -2.5, 1e3, "x"]', "here") == [1, -2.5, 1000.0, "x"]
