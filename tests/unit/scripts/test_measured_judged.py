"""Which pixels are what: the package's head against the masks, both at the picture's own size."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from models.package import open_package
from scripts.measured.judged import classes_of, judge
from scripts.measured.judged import test_pictures as unseen_pictures
from tests.fakes.class_packages import picture, write_class_package
from tests.fakes.head_packages import BLUE, RED, coloured_frame, write_head_package
from tests.fakes.packages import gray_frame, write_small_package
from training.data.dataset import Picture, open_dataset


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Picture, ...]:
    """A good part; a blue mark with its mask; a red one whose mask is empty; a scratch that no head was taught."""
    mask = np.zeros((64, 64), np.uint8)
    mask[36:44, 20:28] = 255
    shown = {
        "good/1.png": gray_frame(),
        "blue/2.png": coloured_frame(BLUE),
        "red/3.png": coloured_frame(RED),
        "scratch/4.png": coloured_frame((190, 127, 127)),
        "ground_truth/blue/2.png": mask,
        "ground_truth/red/3.png": np.zeros_like(mask),
        "ground_truth/scratch/4.png": mask,
    }
    for name, image in shown.items():
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return open_dataset(tmp_path / "data", min_good=1).pictures


def test_pixels_are_counted_by_what_they_show_and_what_they_are_called(
    pictures: tuple[Picture, ...], tmp_path: Path
) -> None:
    package = write_head_package(tmp_path / "heads.okng")
    assert classes_of(open_package(package).manifest, pictures) == ("blue", "red", "scratch")
    tables = {one.label: one.pixels and np.array(one.pixels) for one in judge(package, pictures)}
    assert tables["good"].sum() == tables["good"][0, 0] == 64 * 64
    assert tables["blue"].sum() == 64 * 64 and tables["blue"][1].sum() == 64
    assert tables["blue"][1, 1] > 57 and tables["blue"][:, 2:].sum() == 0
    assert tables["scratch"][3].sum() == 64 and tables["scratch"][3, 3] == 0
    # A defect of which nobody knows the pixels is ignored.
    assert tables["red"] is None


def test_a_package_without_a_head_calls_no_pixels(pictures: tuple[Picture, ...], tmp_path: Path) -> None:
    package = write_small_package(tmp_path / "small.okng")
    assert classes_of(open_package(package).manifest, pictures) == ()
    found = judge(package, pictures)
    assert [one.label for one in found] == [one.label for one in pictures]
    assert all(one.pixels is None for one in found)


def test_a_classifier_is_told_by_what_it_names_and_by_what_it_would(tmp_path: Path) -> None:
    """A data set without any good picture, judged on its split's test part alone."""
    shown = {"blue/1": picture(blue=210), "blue/2": picture(blue=200), "red/3": picture(red=200), "red/4": picture()}
    for name, image in shown.items():
        path = tmp_path / "data" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    lines = [f"{name}.png,{name.split('/')[0]},{'train' if name == 'blue/1' else 'test'}" for name in shown]
    (tmp_path / "data" / "splits").mkdir()
    (tmp_path / "data" / "splits" / "imported.csv").write_text("image,label,split\n" + "\n".join(lines) + "\n")
    found = judge(write_class_package(tmp_path / "c.okng"), unseen_pictures(tmp_path / "data", None).pictures)
    assert [(one.name, one.named) for one in found] == [
        ("blue/2.png", "blue"),
        ("red/3.png", "red"),
        ("red/4.png", "unknown_defect"),
    ]
    assert [one.outcome for one in found] == ["NG", "NG", "RECHECK"]
    assert [one.likeliest for one in found][:2] == ["blue", "red"] and found[2].likeliest in ("blue", "red")
    assert all(one.pixels is None for one in found)
