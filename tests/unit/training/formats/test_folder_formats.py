"""Folders as MVTec publishes them, masks beside pictures, and plain class folders: what each reads."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.fakes.sources import painted, picture
from training.errors import BadData
from training.formats.base import ReadOptions
from training.formats.folders import Folders
from training.formats.item import Item, Source
from training.formats.mvtec import Mvtec
from training.formats.registry import recognise
from training.formats.tile_masks import TileMasks

NO = ReadOptions()


def _level(path: Path, *levels: int) -> Path:
    """A gray picture of one row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.array([levels], np.uint8))
    return path


def _names(source: Source) -> dict[str, tuple[tuple[str, ...], str | None, int]]:
    return {item.name: (item.labels, item.split, len(item.rasters)) for item in source.items}


def test_mvtec_as_its_readme_prints_it(tmp_path: Path) -> None:
    """readme.txt of MVTec AD: train/good, test/good, test/<defect>, ground_truth/<defect>/000_mask.png."""
    for seed, name in enumerate(["train/good/000.png", "test/good/000.png", "test/broken_large/000.png"]):
        picture(tmp_path / name, seed)
    _level(tmp_path / "ground_truth/broken_large/000_mask.png", 0, 255)
    assert recognise(tmp_path).name == "mvtec"
    source = Mvtec().read(tmp_path, NO)
    assert _names(source) == {
        "test/broken_large/000.png": (("broken_large",), "test", 1),
        "test/good/000.png": (("good",), "test", 0),
        "train/good/000.png": (("good",), "train", 0),
    }
    assert source.items[0].rasters[0].read().tolist() == [[False, True]]


def test_mvtec_tells_masks_without_a_picture_and_refuses_pictures_without_a_class(tmp_path: Path) -> None:
    picture(tmp_path / "train/good/000.png", 1)
    (tmp_path / "test").mkdir()
    _level(tmp_path / "ground_truth/crack/7_mask.png", 0)
    assert "7_mask.png belongs to no picture" in Mvtec().read(tmp_path, NO).notes[0]
    picture(tmp_path / "test/1.png", 2)
    with pytest.raises(BadData, match=r"test/1\.png lies in no folder of a class"):
        Mvtec().read(tmp_path, NO)


def test_mvtec_says_which_pixels_it_leaves_out(tmp_path: Path) -> None:
    path = picture(tmp_path / "raw/1.png", 1)
    two = (painted("crack", (40, 30), (1, 1, 3, 3)), painted("stain", (40, 30), (5, 5, 9, 9)))
    source = Source(tmp_path, "made", (Item(path, "1.png", ("crack",), rasters=two, split="night"),), ())
    (tmp_path / "out").mkdir()
    said = Mvtec().write(source, tmp_path / "out")
    assert "1.png: the pixels of stain are left out, a picture has one mask" in said
    assert any("the split 'night' is none of train, test, validation" in sentence for sentence in said)


def test_masks_beside_jpegs_begin_above_127(tmp_path: Path) -> None:
    """As published with the magnetic tiles: MT_Blowhole/Imgs/exp1_num_108719.jpg and .png beside it."""
    _level(tmp_path / "MT_Break/Imgs/exp1_num_1.jpg", 9, 9, 9)
    _level(tmp_path / "MT_Break/Imgs/exp1_num_1.png", 0, 127, 128)
    _level(tmp_path / "MT_Free/Imgs/exp1_num_2.jpg", 9, 9, 9)
    _level(tmp_path / "MT_Free/Imgs/exp1_num_2.png", 0, 0, 0)
    assert recognise(tmp_path).name == "tile_masks"
    source = TileMasks().read(tmp_path, NO)
    assert source.classes == ("MT_Break", "MT_Free")
    assert source.items[0].rasters[0].read().tolist() == [[False, False, True]]


def test_pngs_beside_jpegs_are_no_masks_where_other_pngs_stand_alone(tmp_path: Path) -> None:
    for name in ("crack/1.jpg", "crack/1.png", "crack/2.png"):
        _level(tmp_path / name, 1)
    assert recognise(tmp_path).name == "folders"
    assert len(Folders().read(tmp_path, NO).items) == 3


def test_a_mask_that_is_no_picture_is_told_when_it_is_read(tmp_path: Path) -> None:
    _level(tmp_path / "crack/1.jpg", 1)
    (tmp_path / "crack/1.png").write_bytes(b"no picture")
    source = TileMasks().read(tmp_path, NO)
    with pytest.raises(BadData, match=r"the mask .*1\.png is no readable picture"):
        source.items[0].rasters[0].read()


def test_a_mask_of_another_size_is_not_written(tmp_path: Path) -> None:
    path = picture(tmp_path / "raw/1.png", 1)
    wrong = Item(path, "1.png", ("crack",), rasters=(painted("crack", (7, 5)),))
    (tmp_path / "out").mkdir()
    with pytest.raises(BadData, match=r"a mask of 1\.png has 7x5 pixels, its picture 40x30"):
        TileMasks().write(Source(tmp_path, "made", (wrong,), ()), tmp_path / "out")


def test_masks_in_ground_truth_are_never_taken_for_pictures(tmp_path: Path) -> None:
    for seed, name in enumerate(["crack/1.png", "val/good/2.png", "ground_truth/crack/1.png"]):
        picture(tmp_path / name, seed)
    source = Folders().read(tmp_path, NO)
    assert [item.name for item in source.items] == ["crack/1.png", "val/good/2.png"]
    assert "1 pictures in ground_truth are taken for masks and left out" in source.notes[0]


@pytest.mark.parametrize("label", ["train", "images", "unlabelled"])
def test_a_class_that_a_folder_cannot_say_is_refused(tmp_path: Path, label: str) -> None:
    path = picture(tmp_path / "raw/1.png", 1)
    (tmp_path / "out").mkdir()
    with pytest.raises(BadData, match="rename it with --rename"):
        Folders().write(Source(tmp_path, "made", (Item(path, "1.png", (label,)),), ()), tmp_path / "out")


def test_a_split_that_a_folder_cannot_say_is_told(tmp_path: Path) -> None:
    path = picture(tmp_path / "raw/1.png", 1)
    (tmp_path / "out").mkdir()
    source = Source(tmp_path, "made", (Item(path, "1.png", ("crack",), split="night"),), ())
    assert Folders().write(source, tmp_path / "out") == ("no folder can say the split 'night'; it is left out",)
    assert (tmp_path / "out/crack/1.png").exists()
