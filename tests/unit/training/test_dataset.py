"""What a folder of pictures must look like, and how each trouble is told."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.origin import Origin, with_origin
from training.data.dataset import open_dataset
from training.data.masks import read_mask
from training.errors import BadData, NotThere

ORIGIN = Origin("2026-01-02T03:04:05+00:00", "1", "", "A", "plc", "fake", "a/b/c/d/e", "synced")


def draw(path: Path, seed: int, size: tuple[int, int] = (32, 40)) -> Path:
    """A picture of noise, another for every seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype(np.uint8)
    path.write_bytes(cv2.imencode(path.suffix, noise)[1].tobytes())
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for index in range(4):
        draw(tmp_path / "good" / f"良品 {index}.png", index)
    draw(tmp_path / "划痕" / "a.png", 10)
    draw(tmp_path / "dent" / "b.png", 11)
    return tmp_path


def test_folders_become_labels_whatever_the_script(root: Path) -> None:
    data = open_dataset(root, min_good=4)
    assert len(data.good) == 4 and data.defects == ("dent", "划痕") and data.size == (40, 32)
    assert data.pictures[-1].name == "划痕/a.png" and data.copies == ()


def test_masks_are_found_under_both_names(root: Path) -> None:
    mask = np.zeros((32, 40), np.uint8)
    mask[3:5, 7] = 1
    for name in ("划痕/a_mask.png", "dent/b.png"):
        path = root / "ground_truth" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(cv2.imencode(".png", mask)[1].tobytes())
    masks = [read_mask(path) for picture in open_dataset(root, min_good=4).defective for _, path in picture.marks.masks]
    assert [int(mask.sum()) for mask in masks] == [2, 2]


def test_a_collected_picture_brings_its_lot_and_the_table_may_say_otherwise(root: Path) -> None:
    for index, lot in enumerate(["A", "A", "", "B"]):
        path = root / "good" / f"良品 {index}.png"
        path.write_bytes(with_origin(path.read_bytes(), replace(ORIGIN, lot=lot, part=str(index))))
    (root / "groups.csv").write_text("picture,group\ngood/良品 3.png,by hand\n", encoding="utf-8")
    data = open_dataset(root, min_good=4)
    assert [picture.group for picture in data.good] == ["lot A", "lot A", "good/良品 2.png", "by hand"]
    assert not data.one_group


def test_the_same_picture_of_two_parts_is_a_copy(root: Path) -> None:
    plain = draw(root / "good" / "first.png", 50).read_bytes()
    for part in ("1", "2"):
        (root / "good" / f"part {part}.png").write_bytes(with_origin(plain, replace(ORIGIN, part=part)))
    copies = open_dataset(root, min_good=4).copies
    assert copies == (("good/part 1.png", "good/first.png"), ("good/part 2.png", "good/first.png"))


def test_groups_come_from_the_table_else_each_picture_is_one(root: Path) -> None:
    (root / "groups.csv").write_text(
        "picture,group\ngood/良品 0.png,lot 1\ngood/良品 1.png,lot 1\n", encoding="utf-8-sig"
    )
    groups = [picture.group for picture in open_dataset(root, min_good=4).good]
    assert groups == ["lot 1", "lot 1", "good/良品 2.png", "good/良品 3.png"]
    (root / "groups.csv").write_text("file,lot\n")
    with pytest.raises(BadData, match="picture,group"):
        open_dataset(root, min_good=4)


def test_no_folder_and_no_good_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="no data set"):
        open_dataset(tmp_path / "nothing")
    with pytest.raises(NotThere, match="good/"):
        open_dataset(tmp_path)


def test_too_few_good_pictures_are_told_with_the_least(root: Path) -> None:
    with pytest.raises(BadData, match="holds 4 different pictures, 12 are the least"):
        open_dataset(root)


def test_every_unreadable_picture_is_named(root: Path) -> None:
    (root / "good" / "empty.png").write_bytes(b"")
    whole = (root / "good" / "良品 0.png").read_bytes()
    (root / "dent" / "half.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadData, match=r"2 pictures cannot be used: dent/half.png .*good/empty.png"):
        open_dataset(root, min_good=4)


def test_mixed_sizes_are_refused_naming_the_rare_ones(root: Path) -> None:
    draw(root / "good" / "large.png", 20, (64, 64))
    with pytest.raises(BadData, match=r"2 sizes; good/large.png have 64x64"):
        open_dataset(root, min_good=4)
    assert len(open_dataset(root, min_good=4, one_size=False).good) == 5


def test_exact_copies_are_left_out_and_counted(root: Path) -> None:
    shutil.copy(root / "good" / "良品 0.png", root / "good" / "再 copy.png")
    data = open_dataset(root, min_good=4)
    assert len(data.good) == 4 and data.copies == (("good/良品 0.png", "good/再 copy.png"),)


def test_a_picture_that_is_good_and_defective_is_refused(root: Path) -> None:
    shutil.copy(root / "good" / "良品 0.png", root / "dent" / "same.png")
    with pytest.raises(BadData, match=r"both good and defective, or a part and empty: .*dent/same.png"):
        open_dataset(root, min_good=4)


def test_copies_do_not_count_as_good_pictures(root: Path) -> None:
    for index in range(20):
        shutil.copy(root / "good" / "良品 0.png", root / "good" / f"copy {index}.png")
    with pytest.raises(BadData, match="holds 4 different"):
        open_dataset(root)


def test_the_data_hash_knows_content_names_groups_and_catalogue(root: Path) -> None:
    hashes = {open_dataset(root, min_good=4).sha256()}
    (root / "groups.csv").write_text("picture,group\ngood/良品 0.png,lot 1\n")
    hashes.add(open_dataset(root, min_good=4).sha256())
    (root / "catalogue.toml").write_text('[dent]\nseverity = "minor"\n')
    hashes.add(open_dataset(root, min_good=4).sha256())
    draw(root / "dent" / "b.png", 99)
    hashes.add(open_dataset(root, min_good=4).sha256())
    (root / "dent" / "b.png").rename(root / "dent" / "c.png")
    hashes.add(open_dataset(root, min_good=4).sha256())
    assert len(hashes) == 5
