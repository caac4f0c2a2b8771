"""Walking a folder: what counts as a picture, and links and files that would lead astray."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from training.errors import BadData, NotThere
from training.formats.walk import files_under, pictures_under


def _touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def test_pictures_come_in_order_without_hidden_and_system_files(tmp_path: Path) -> None:
    names = ["a b/2.PNG", "a/10.jpg", "a/2.jpeg", "x.bmp", "良品/1.webp"]
    for name in [*names, "a/.hidden.png", ".git/1.png", "__MACOSX/a/._1.png", "@eaDir/1.jpg", "a/Thumbs.db", "a/t.txt"]:
        _touch(tmp_path / name)
    assert [path.relative_to(tmp_path).as_posix() for path in pictures_under(tmp_path)] == names
    assert tmp_path / "a/t.txt" in files_under(tmp_path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="there is no folder"):
        pictures_under(tmp_path / "no")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("..", "leads out of"),
        ("/etc/passwd", "leads out of"),
        (".", "another folder"),
        ("good", "another folder"),
        ("nothing.png", "nowhere or around"),
        ("link.png", "nowhere or around"),
    ],
)
def test_links_that_lead_astray_are_refused(tmp_path: Path, target: str, said: str) -> None:
    root = tmp_path / "data"
    _touch(root / "good/1.png")
    (root / "link.png").symlink_to(target)
    with pytest.raises(BadData, match=said):
        pictures_under(root)


def test_a_folder_beside_with_the_same_beginning_is_outside(tmp_path: Path) -> None:
    _touch(tmp_path / "data/good/1.png")
    outside = _touch(tmp_path / "data2/1.png")
    (tmp_path / "data/link.png").symlink_to(outside)
    with pytest.raises(BadData, match="leads out of"):
        pictures_under(tmp_path / "data")


def test_a_link_to_a_file_inside_is_a_picture_too(tmp_path: Path) -> None:
    _touch(tmp_path / "good/1.png")
    (tmp_path / "good/2.png").symlink_to("1.png")
    assert len(pictures_under(tmp_path)) == 2


def test_a_root_that_is_a_link_itself_is_walked(tmp_path: Path) -> None:
    _touch(tmp_path / "data/good/1.png")
    (tmp_path / "here").symlink_to("data")
    assert pictures_under(tmp_path / "here") == [tmp_path / "here/good/1.png"]


def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "1.png")
    with pytest.raises(BadData, match="no ordinary file"):
        pictures_under(tmp_path)


def test_a_name_that_is_no_unicode_is_told(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xc1\xbc\xc6\xb7.png")).write_bytes(b"")
    with pytest.raises(BadData, match="is not UTF-8; rename it"):
        pictures_under(tmp_path)
