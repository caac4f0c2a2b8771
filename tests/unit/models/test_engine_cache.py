"""Engines built here: private, found again by network and tools, and gone when no tool can use them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from models.errors import RuntimeUnavailable
from models.runtimes.engine_cache import engine_folder

TOOLS = "onnxruntime 1.20, tensorrt 100300, driver 12060, Orin"


def test_the_same_network_and_tools_find_their_folder_again(tmp_path: Path) -> None:
    first = engine_folder(tmp_path / "engines", b"network", TOOLS)
    (first / "engine").write_text("built")
    assert engine_folder(tmp_path / "engines", b"network", TOOLS) == first
    assert (first / "engine").exists()


def test_nobody_else_may_look_or_write(tmp_path: Path) -> None:
    folder = engine_folder(tmp_path / "state" / "engines", b"network", TOOLS)
    assert [path.stat().st_mode & 0o777 for path in (folder, folder.parent)] == [0o700, 0o700]


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o750])
def test_a_folder_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "engines").mkdir()
    (tmp_path / "engines").chmod(mode)
    with pytest.raises(RuntimeUnavailable, match=r"others may write.*remove it"):
        engine_folder(tmp_path / "engines", b"network", TOOLS)


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "engines").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RuntimeUnavailable, match="others may write"):
        engine_folder(tmp_path / "engines", b"network", TOOLS)


def test_a_place_that_is_no_directory_has_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "engines").write_text("")
    with pytest.raises(RuntimeUnavailable, match="make it a directory of the station's user"):
        engine_folder(tmp_path / "engines", b"network", TOOLS)


@pytest.mark.parametrize("part", ["onnxruntime 1.20", "tensorrt 100300", "driver 12060", "Orin"])
def test_engines_of_other_tools_are_removed(tmp_path: Path, part: str) -> None:
    tmp_path.chmod(0o700)
    stale = engine_folder(tmp_path, b"network", TOOLS.replace(part, "another"))
    current = engine_folder(tmp_path, b"network", TOOLS)
    assert [stale.exists(), current.exists()] == [False, True]


def test_of_the_networks_the_last_four_are_kept(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    folders = []
    for number in range(5):
        folders.append(engine_folder(tmp_path, f"network {number}".encode(), TOOLS))
        os.utime(folders[-1], (number, number))
    engine_folder(tmp_path, b"network 4", TOOLS)
    assert [folder.exists() for folder in folders] == [False, True, True, True, True]
