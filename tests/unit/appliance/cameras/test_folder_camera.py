"""The folder camera: order, end, and folders and files that are not as they should be."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.cameras.base import EndOfPictures
from appliance.cameras.folder import FolderCamera
from appliance.errors import CameraLost
from models.errors import BadPicture


def save(file: Path, value: int) -> None:
    file.write_bytes(cv2.imencode(file.suffix, np.full((8, 9, 3), value, np.uint8))[1].tobytes())


def opened(folder: Path, loop: bool = False) -> FolderCamera:
    camera = FolderCamera("replay", folder, loop)
    camera.open()
    return camera


def test_pictures_come_in_the_order_a_person_counts(tmp_path: Path) -> None:
    for name in ("10.png", "9.png", "1.PNG", "a2.png", "a10.png", "部件3.png"):
        save(tmp_path / name, 1)
    (tmp_path / "notes.txt").write_text("no picture")
    camera = opened(tmp_path)
    names = [camera.grab(1).source for _ in range(6)]
    assert names == ["1.PNG", "9.png", "10.png", "a2.png", "a10.png", "部件3.png"]
    with pytest.raises(EndOfPictures, match="all 6 pictures"):
        camera.grab(1)


def test_a_loop_begins_again(tmp_path: Path) -> None:
    save(tmp_path / "1.png", 1)
    save(tmp_path / "2.png", 2)
    camera = opened(tmp_path, loop=True)
    frames = [camera.grab(1) for _ in range(5)]
    assert [frame.source for frame in frames] == ["1.png", "2.png", "1.png", "2.png", "1.png"]
    assert [frame.seq for frame in frames] == [1, 2, 3, 4, 5]
    assert not camera.exhausted


def test_a_bad_picture_costs_one_grab_and_leaves_a_gap_in_seq(tmp_path: Path) -> None:
    save(tmp_path / "1.png", 1)
    (tmp_path / "2.png").write_bytes(b"not a picture")
    save(tmp_path / "3.png", 3)
    camera = opened(tmp_path)
    first = camera.grab(1)
    with pytest.raises(BadPicture, match=r"^2\.png is no PNG"):
        camera.grab(1)
    third = camera.grab(1)
    assert (first.seq, third.seq, third.source, camera.exhausted) == (1, 3, "3.png", True)


def test_a_picture_deleted_since_open_costs_one_grab(tmp_path: Path) -> None:
    save(tmp_path / "1.png", 1)
    save(tmp_path / "2.png", 2)
    camera = opened(tmp_path)
    (tmp_path / "1.png").unlink()
    with pytest.raises(BadPicture, match=r"1\.png cannot be read"):
        camera.grab(1)
    assert camera.grab(1).source == "2.png"


def test_opened_again_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    save(tmp_path / "1.png", 1)
    save(tmp_path / "2.png", 2)
    camera = opened(tmp_path)
    camera.grab(1)
    camera.close()
    camera.open()
    assert camera.grab(1).source == "2.png"


def test_gray_pictures_stay_gray(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(cv2.imencode(".png", np.full((8, 9), 77, np.uint8))[1].tobytes())
    assert opened(tmp_path).grab(1).image.shape == (8, 9)


@pytest.mark.parametrize("folder", ["missing", "empty", "a_file"])
def test_a_folder_without_pictures_is_a_lost_camera_with_a_remedy(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a_file").write_text("")
    with pytest.raises(CameraLost, match=rf"{folder}.*under \[camera\]"):
        opened(tmp_path / folder)
