"""What a training says of its data before it takes an hour."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fakes.looks import codes
from training.check import look as looking
from training.check.before import findings_of_labels, findings_of_light, lines, look_over_regions
from training.data.dataset import open_dataset
from training.rois.dataset import open_assembly


def draw(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 200, (32, 40, 3)).astype(np.uint8)
    path.write_bytes(cv2.imencode(path.suffix, noise)[1].tobytes())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for index in range(16):
        draw(tmp_path / "good" / f"{index}.png", index)
    for index in range(9):
        draw(tmp_path / "dent" / f"{index}.png", 50 + index)
    return tmp_path


def test_copies_groups_and_counts_are_told_without_opening_a_picture(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(root / "good" / "0.png", root / "good" / "copy.png")
    draw(root / "Dent" / "x.png", 99)
    data = open_dataset(root)
    monkeypatch.setattr(looking, "decode_picture", None)
    found = findings_of_labels(data)
    assert codes(found) == ["copies", "groups-missing", "few-of-class", "label-spelling", "class-counts"]
    assert found[0].groups == (("good/0.png", "good/copy.png"),)
    said = list(lines(found, root))
    assert len(said) == 5 and said[0].startswith("warning: Exact copies: 1 picture") and "\n" not in "".join(said)
    assert said[-1] == f"see okng check-data {root}"


def test_groups_of_their_own_are_none(root: Path) -> None:
    (root / "groups.csv").write_text("picture,group\n" + "".join(f"good/{at}.png,{at // 4}\n" for at in range(16)))
    assert "groups-incomplete" in codes(findings_of_labels(open_dataset(root)))


def seen(light: int, count: int) -> Iterator[NDArray[np.uint8]]:
    for seed in range(count):
        yield np.random.default_rng(seed).integers(light, light + 60, (64, 64, 3)).astype(np.uint8)


def test_defects_in_another_light_are_told_from_what_the_network_sees(root: Path) -> None:
    data = open_dataset(root)
    pictures = (*data.good, *data.defective)
    (found,) = findings_of_light(pictures, (*seen(20, 16), *seen(120, 9)))
    assert found.code == "shortcut-light"
    assert "shortcut-light" not in codes(findings_of_light(pictures, (*seen(20, 16), *seen(20, 9))))


def test_of_named_regions_copies_and_groups_are_told(tmp_path: Path) -> None:
    (tmp_path / "rois.toml").write_text(
        'classes = ["screw", "hole"]\n[[roi]]\nname = "left"\nbox = [0, 0, 16, 16]\nexpect = "screw"\n'
    )
    for index in range(3):
        draw(tmp_path / "pictures" / f"{index}.png", index)
    shutil.copy(tmp_path / "pictures" / "0.png", tmp_path / "pictures" / "copy.png")
    rows = "".join(f"pictures/{name}.png,left,screw\n" for name in ("0", "1", "2", "copy"))
    (tmp_path / "labels.csv").write_text(f"picture,roi,label\n{rows}")
    said = list(look_over_regions(open_assembly(tmp_path)))
    assert [line.split(":")[1] for line in said[:-1]] == [
        " Exact copies",
        " Nothing says which pictures belong together",
    ]
    assert said[-1] == f"see okng check-data {tmp_path}"


def test_nothing_to_say_is_no_line() -> None:
    assert list(lines((), "data")) == []
