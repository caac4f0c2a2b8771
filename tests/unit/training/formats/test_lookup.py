from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.sources import picture
from training.errors import BadData, NotThere
from training.formats.base import ReadOptions
from training.formats.lookup import Lookup, path_in, picture_folder


@pytest.mark.parametrize(
    ("reference", "path"),
    [
        ("s3://bucket/a b/#1?.png", "bucket/a b/#1?.png"),
        ("https://host/a%20b/1.png?X-Amz=1#x", "host/a b/1.png"),
        ("C:\\parts\\1.png", "C:/parts/1.png"),
        ("a%20b.png", "a%20b.png"),
        ("", ""),
    ],
)
def test_a_reference_is_a_path(reference: str, path: str) -> None:
    assert path_in(reference) == path


def test_a_name_with_an_accent_is_found_however_it_was_typed(tmp_path: Path) -> None:
    picture(tmp_path / "pie\u0300ce/e\u0301.png", 1)
    picture(tmp_path / "autre/e\u0301.png", 1)
    assert Lookup(tmp_path).claim("pi\u00e8ce/\u00e9.png", "x")[1] == "pie\u0300ce/e\u0301.png"


def test_what_nothing_claimed_is_left(tmp_path: Path) -> None:
    for name in ("b.png", "a.png", "c/a.png"):
        picture(tmp_path / name, 1)
    lookup = Lookup(tmp_path)
    lookup.claim("c/a.png", "x")
    assert [name for _, name in lookup.unclaimed()] == ["a.png", "b.png"]


def test_what_nothing_names_is_told(tmp_path: Path) -> None:
    for name in ("b.png", "a.png", "mask.png"):
        picture(tmp_path / name, 1)
    lookup = Lookup(tmp_path)
    lookup.claim("a.png", "x")
    lookup.find("mask.png", "x")
    assert lookup.left_out() == ("1 pictures are left out, for no label file names them: b.png",)
    lookup.find("b.png", "y")
    assert lookup.left_out() == ()


def test_pictures_are_searched_where_it_was_said_or_beside_or_here(tmp_path: Path) -> None:
    label_file = tmp_path / "x.json"
    label_file.write_text("{}")
    assert picture_folder(label_file, ReadOptions()) == picture_folder(tmp_path, ReadOptions()) == tmp_path
    (tmp_path / "images").mkdir()
    assert picture_folder(label_file, ReadOptions()) == tmp_path / "images"
    (tmp_path / "other").mkdir()
    assert picture_folder(label_file, ReadOptions(images=tmp_path / "other")) == tmp_path / "other"
    with pytest.raises(NotThere, match=r"no folder .*nowhere; name .* with --images"):
        picture_folder(label_file, ReadOptions(images=tmp_path / "nowhere"))


@pytest.mark.parametrize("reference", ["", "/", "..", "../..", "a.png/..", "a\0.png", "x" * 10_000, "/etc/passwd"])
def test_what_leads_out_finds_nothing(tmp_path: Path, reference: str) -> None:
    picture(tmp_path / "a.png", 1)
    with pytest.raises(BadData, match=r"line 3 names .* which is not below") as refused:
        Lookup(tmp_path).claim(reference, "line 3")
    assert len(str(refused.value)) < 500
    assert "\0" not in str(refused.value)
