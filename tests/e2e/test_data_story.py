"""What a factory has, on the way to what training needs: one story through the commands a person types.

Somebody labelled pictures in a COCO program and sends a zip. A copy of a good part slipped in among them, and half of
the pictures have no label yet.
"""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.line import okng

LITTLE = ("--roi", "130,0,640,640", "--size", "64")


def ran(*arguments: object) -> str:
    """What a command prints; it must succeed."""
    done = okng(*arguments, timeout_s=280)
    assert done.returncode == 0, done.stderr
    return done.stdout


def told(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran(*arguments, "--json"))
    return found


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`labelled.zip` in COCO's format, `unlabelled/` beside it."""
    folder = tmp_path_factory.mktemp("factory")
    ran("demo-parts", folder / "drawn", "--good", 40, "--defects", 6, "--seed", 77)
    waiting = folder / "unlabelled"
    waiting.mkdir()
    for label in ("good", "scratch", "stain"):
        for path in sorted((folder / "drawn" / label).iterdir())[-3:]:
            path.rename(waiting / f"{label} {path.name}")
            (folder / "drawn" / "ground_truth" / label / path.name).unlink(missing_ok=True)
    ran("export", folder / "drawn", folder / "coco", "--format", "coco")
    with zipfile.ZipFile(folder / "labelled.zip", "w") as archive:
        for path in sorted((folder / "coco").rglob("*")):
            archive.write(path, path.relative_to(folder / "coco"))
    return folder


@pytest.fixture(scope="module")
def data(factory: Path) -> Path:
    """The imported data set, a copy among it, and the pictures that wait for labels."""
    root = factory / "parts"
    ran("import", factory / "labelled.zip", root, "--unmarked", "good")
    good = sorted((root / "good").iterdir())
    shutil.copy(good[0], root / "good" / "again.png")
    shutil.copytree(factory / "unlabelled", root / "unlabelled")
    return root


def test_no_picture_and_no_pixel_of_a_mask_is_lost_on_the_way(factory: Path, data: Path) -> None:
    drawn = {path.read_bytes() for path in (factory / "drawn").glob("[!g]*/*.png")}
    drawn |= {path.read_bytes() for path in (factory / "drawn" / "good").glob("*.png")}
    imported = {path.read_bytes() for path in data.glob("*/*.png") if path.parent.name != "unlabelled"}
    assert drawn == imported and len(drawn) == 40 - 3 + 4 * 6 - 6


def test_the_check_finds_the_copy_and_says_so_in_both_languages(data: Path, tmp_path: Path) -> None:
    found = told("check-data", data, "--page", tmp_path / "check.html")
    copies = [one for one in found["findings"] if "again.png" in json.dumps(one)]
    assert copies, [one["code"] for one in found["findings"]]
    page = (tmp_path / "check.html").read_text()
    assert "again.png" in page and "数据检查" in page


def test_from_split_to_a_package_that_is_judged_by_what_nothing_was_chosen_on(data: Path, tmp_path: Path) -> None:
    ran("split", data, "--shares", "train=50,validation=10,calibration=20,test=20")
    with (data / "splits" / "default.csv").open(encoding="utf-8") as file:
        subsets = {row["image"]: row["split"] for row in csv.DictReader(file)}
    assert set(subsets.values()) == {"train", "validation", "calibration", "test"}
    package = tmp_path / "flange.okng"
    ran("part", data, "--no-chiral", "--rotation", "any")
    figures = told(
        "train", data, "--out", package, *LITTLE, "--split", "default", "--runtimes", "onnxruntime", "--no-cache"
    )
    in_test = [name for name, subset in subsets.items() if subset == "test"]
    assert figures["unseen"]["pictures"] == len(in_test)
    (judged,) = json.loads(
        ran("eval", package, data, "--split", "default", "--subset", "test", "--runtime", "onnxruntime", "--json")
    )
    assert judged["overkill"]["total"] + judged["escapes"]["total"] == len(in_test)
    next_ones = told("suggest", data, package, "--count", 6, "--shares", "audit=1,novel=2")
    assert len(next_ones["suggestions"]) == 6 and next_ones["audit_round"] == 1
