"""okng's own layout: no picture takes another's mask, and what one folder cannot say stands in annotations.jsonl."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.fakes.sources import painted, picture, polygon
from training.data.annotations import read_annotations
from training.data.dataset import open_dataset
from training.data.masks import class_masks
from training.errors import BadData
from training.formats.base import ReadOptions
from training.formats.item import Item, Source
from training.formats.okng import Okng
from training.formats.registry import recognise

NO, SIZE = ReadOptions(), (40, 30)


def _written(tmp_path: Path, *items: Item) -> Path:
    (tmp_path / "out").mkdir()
    Okng().write(Source(tmp_path, "made", items, ()), tmp_path / "out")
    return tmp_path / "out"


def _item(tmp_path: Path, seed: int, name: str, *labels: str, **facts: object) -> Item:
    return Item(picture(tmp_path / "raw" / name, seed), name, labels, **facts)  # type: ignore[arg-type]


def test_no_picture_takes_the_mask_of_another(tmp_path: Path) -> None:
    """The mask of `a_mask.png` could be read as that of `a.png`, and a further one as that of `a.2.png`."""
    spot, other = painted("crack", SIZE, (1, 1, 3, 3)), painted("stain", SIZE, (5, 5, 9, 9))
    out = _written(
        tmp_path,
        _item(tmp_path, 1, "x/a.png", "crack"),
        _item(tmp_path, 2, "x/a_mask.png", "crack", rasters=(spot,)),
        _item(tmp_path, 3, "x/a.jpg", "crack", rasters=(other, spot)),
        _item(tmp_path, 4, "x/a.1.png", "crack"),
        _item(tmp_path, 5, "y/a.png", "stain"),
    )
    sources = {name: row.source for name, row in read_annotations(out).items()}
    told = {
        sources[one.name]: {label: int(mask.sum()) for label, mask in class_masks(one).items()}
        for one in open_dataset(out, min_good=0).pictures
    }
    assert told == {
        "x/a.png": {},
        "x/a_mask.png": {"crack": 4},
        "x/a.jpg": {"crack": 4, "stain": 16},
        "x/a.1.png": {},
        "y/a.png": {},
    }


def test_polygons_stand_in_annotations_alone_and_masks_in_ground_truth_alone(tmp_path: Path) -> None:
    marked = _item(tmp_path, 1, "a.png", shapes=(polygon("crack", (1, 1), (9, 1), (9, 9)),))
    painted_one = _item(tmp_path, 2, "b.png", rasters=(painted("crack", SIZE, (1, 1, 3, 3)),))
    out = _written(tmp_path, marked, painted_one)
    assert [path.name for path in (out / "ground_truth/crack").iterdir()] == ["b.png"]
    rows = read_annotations(out)
    assert (len(rows["crack/a.png"].shapes), rows["crack/b.png"].masks) == (1, ())


def test_a_split_that_okng_does_not_know_is_kept_beside(tmp_path: Path) -> None:
    out = _written(
        tmp_path, _item(tmp_path, 1, "a.png", "good", split="night"), _item(tmp_path, 2, "b.png", "good", split="val")
    )
    assert (out / "splits/imported.csv").read_text() == "image,label,split,group\ngood/b.png,good,val,good/b.png\n"
    assert {item.name: item.split for item in Okng().read(out, NO).items} == {
        "good/a.png": "night",
        "good/b.png": "val",
    }


def test_of_several_splits_none_is_guessed(tmp_path: Path) -> None:
    out = _written(tmp_path, _item(tmp_path, 1, "a.png", "good", split="train"))
    (out / "splits/default.csv").write_text("image,label,split,group\ngood/a.png,good,test,1\n")
    source = Okng().read(out, NO)
    assert source.items[0].split is None
    assert "holds 2 tables and none is read; name one with --table" in source.notes[0]


def test_pictures_in_no_class_s_folder_are_told(tmp_path: Path) -> None:
    out = _written(tmp_path, _item(tmp_path, 1, "a.png", "good"))
    picture(out / "preview.png", 2)
    picture(out / "good/deep/3.png", 3)
    picture(out / "synthetic/crack/4.png", 4)
    source = Okng().read(out, NO)
    assert [item.name for item in source.items] == ["good/a.png"]
    assert "2 pictures lie in no folder of a class and are left out: good/deep/3.png, preview.png" in source.notes


def test_a_mask_that_is_named_and_not_there_is_told(tmp_path: Path) -> None:
    two = (painted("crack", SIZE, (1, 1, 3, 3)), painted("stain", SIZE, (5, 5, 9, 9)))
    out = _written(tmp_path, _item(tmp_path, 1, "a.png", "crack", rasters=two))
    (out / "ground_truth/crack/further/a.2.png").unlink()
    with pytest.raises(BadData, match=r"annotations\.jsonl names the mask ground_truth/crack/further/a\.2\.png"):
        Okng().read(out, NO)


def test_two_masks_of_one_class_are_kept_and_read_together(tmp_path: Path) -> None:
    two = (painted("crack", SIZE, (1, 1, 3, 3)), painted("crack", SIZE, (5, 5, 9, 9)))
    out = _written(tmp_path, _item(tmp_path, 1, "a.png", "crack", rasters=two))
    (read,) = Okng().read(out, NO).items
    assert [int(np.count_nonzero(raster.read())) for raster in read.rasters] == [4, 16]


def test_it_is_recognised_by_what_no_other_layout_has(tmp_path: Path) -> None:
    out = _written(tmp_path, _item(tmp_path, 1, "a.png", "good"))
    assert recognise(out).name == "okng"
    (out / "annotations.jsonl").unlink()
    assert recognise(out).name == "folders"
    (out / "groups.csv").write_text("picture,group\n")
    assert recognise(out).name == "okng"
