"""Which way a training goes: what `auto` chooses and says, and what is refused with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.data.dataset import DataSet, Marks, Picture
from training.data.marks import Shape, ShapeKind
from training.declared import Asked
from training.errors import BadData
from training.modes import Mode, choose_mode, enough_for

BOX = Marks((Shape("dent", ShapeKind.BOX, ((1, 1), (5, 5))),))
PAINTED = Marks(masks=(("dent", Path("mask.png")),))


def data(good: int, bad: int, marked: int = 0, marks: Marks = PAINTED, classes: int = 1) -> DataSet:
    rows = [("good", Marks())] * good
    rows += [(f"dent{at % classes}", marks if at < marked else Marks()) for at in range(bad)]
    pictures = [
        Picture(Path(f"{at}.png"), f"{label}/{at}.png", label, f"{at}", f"{at:064x}", (64, 64), own, (label,))
        for at, (label, own) in enumerate(rows)
    ]
    return DataSet(Path("parts"), tuple(pictures), ())


@pytest.mark.parametrize(
    ("pictures", "mode"),
    [
        (data(20, 0), "good"),
        (data(20, 1), "mixed"),
        (data(20, 39, 39), "mixed"),
        (data(20, 40, 31), "mixed"),
        (data(20, 40, 32), "segmentation"),
        (data(20, 40, 40, BOX), "segmentation"),
        (data(0, 30, classes=3), "classification"),
        (data(0, 50, 50, classes=3), "classification"),
    ],
)
def test_auto_goes_by_what_is_known_of_defects(pictures: DataSet, mode: Mode) -> None:
    choice = choose_mode("auto", pictures)
    assert (choice.mode, choice.learns) == (mode, mode in ("segmentation", "classification"))
    counts = (len(pictures.good), len(pictures.defective))
    assert f"Mode {mode}: {counts[0]} good and {counts[1]} defective pictures" in choice.text_en
    assert f"模式 {mode}：良品 {counts[0]} 张，缺陷 {counts[1]} 张" in choice.text_zh
    assert choice.text_en.endswith(".") and choice.text_zh.endswith("。")


@pytest.mark.parametrize(
    ("asked", "pictures", "says"),
    [
        ("mixed", data(20, 0), "take --mode good"),
        ("segmentation", data(20, 40), "take --mode mixed"),
        ("classification", data(20, 40), "for data without good parts"),
        ("classification", data(0, 40), "needs two classes or more"),
        ("good", data(0, 40), "needs 12 good pictures"),
        ("mixed", data(0, 40), "needs 12 good pictures"),
        ("segmentation", data(0, 40, 40), "needs 12 good pictures"),
    ],
)
def test_what_pictures_cannot_teach_is_refused(asked: Asked, pictures: DataSet, says: str) -> None:
    with pytest.raises(BadData, match=f"--mode {asked} does not fit .*{says}"):
        choose_mode(asked, pictures)


def test_good_alone_leaves_defects_out_and_says_so() -> None:
    pictures = data(20, 5)
    choice = choose_mode("good", pictures)
    assert "5 defective ones are left out" in choice.text_en and "5 张缺陷图不参与训练" in choice.text_zh
    assert enough_for(choice, pictures).pictures == pictures.good


@pytest.mark.parametrize("asked", ["mixed", "segmentation"])
def test_what_was_asked_for_is_done_with_all_pictures(asked: Asked) -> None:
    pictures = data(20, 5, 5)
    choice = choose_mode(asked, pictures)
    assert choice.mode == asked and "as asked" in choice.text_en and "按指定" in choice.text_zh
    assert enough_for(choice, pictures) == pictures


def test_too_few_good_pictures_are_refused() -> None:
    with pytest.raises(BadData, match="holds 11 different pictures, 12 are the least"):
        enough_for(choose_mode("auto", data(11, 3)), data(11, 3))
    without = data(0, 6, classes=2)
    assert enough_for(choose_mode("auto", without), without) == without
