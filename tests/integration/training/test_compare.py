"""`okng compare` with packages and pictures small enough to say beforehand what comes out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from models.geometry_entry import GeometrySpec
from tests.fakes.assembly_package import REGIONS, halves, write_assembly_package
from tests.fakes.head_packages import coloured_frame, write_head_package
from tests.fakes.packages import gray_frame, small_files, small_manifest, write_small_package
from training.commands.compare import compare
from training.data.dataset import open_dataset
from training.data.subsets import Subset
from training.splits.parted import subset_names

# A picture with a block `step` gray values too light scores step / 200.
FAINT, CLEAR = 52, 124


def picture(path: Path, step: int, number: int, side: int = 64) -> None:
    """Gray with one lighter block; `number` makes each another picture."""
    frame = np.full((side, side, 3), 127, np.uint8)
    frame[:64, :64] = gray_frame()
    frame[32:48, 16:32] = 127 + step
    frame[0, number] = 126
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", frame)[1].tobytes())


def pictures(root: Path, faint: int = 8) -> Path:
    """Good parts that score 0, clear defects, and faint ones that only a low limit catches."""
    for number in range(12):
        picture(root / "good" / f"{number}.png", 0, number)
    for number in range(6):
        picture(root / "bright" / f"clear{number}.png", CLEAR, number)
    for number in range(faint):
        picture(root / "bright" / f"faint{number}.png", FAINT, number)
    return root


def call(a: Path, b: Path, data: Path, *options: str) -> Result:
    return CliRunner().invoke(compare, [str(a), str(b), "--data", str(data), *options])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pictures(tmp_path_factory.mktemp("compared"))


@pytest.fixture(scope="module")
def a(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """OK below 0.3: misses what is faint."""
    return write_small_package(tmp_path_factory.mktemp("a") / "a.okng")


@pytest.fixture(scope="module")
def b(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with another limit: OK below 0.2."""
    lower = {"ok_below": 0.2, "ng_from": 0.6}
    return write_small_package(tmp_path_factory.mktemp("b") / "b.okng", limits=lower, version="2")


def training(**changes: Any) -> dict[str, Any]:
    return {**small_manifest(small_files())["training"], **changes}


def test_the_lower_limit_misses_eight_fewer_and_that_is_hardly_chance(a: Path, b: Path, data: Path) -> None:
    done = call(a, b, data, "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert [one["title"] for one in found["packages"]] == ["blocks 1", "blocks 2"]
    assert len({one["runtime"] for one in found["packages"]}) == 1 and found["pictures"] == 26
    escapes = found["verdicts"]["escapes"]
    assert (escapes["a"], escapes["b"], escapes["total"]) == (8, 0, 14)
    assert escapes["p"] == pytest.approx(2 / 2**8) and escapes["told_apart"]
    assert "B misses 8 fewer of 14 defective parts (8 → 0); this is hardly chance (p = 0.0078)" in found["sentences"]
    assert found["verdicts"]["overkill"]["a"] == 0 and found["verdicts"]["recheck"]["b"] == 8
    # Limits move verdicts and no score.
    assert found["figures"]["auroc"] == found["figures"]["auroc"] | {"a": 1.0, "b": 1.0, "interval_95": [0.0, 0.0]}
    assert [one["picture"] for one in found["differ"]] == [f"bright/faint{number}.png" for number in range(8)]
    assert {one["a"]["outcome"] for one in found["differ"]} == {"OK"}
    assert {one["b"]["outcome"] for one in found["differ"]} == {"RECHECK"}
    assert all(one["p50"] > 0 for one in found["latency_ms"])


def test_the_text_says_it_and_the_page_shows_both_maps_in_both_languages(
    a: Path, b: Path, data: Path, tmp_path: Path
) -> None:
    page = tmp_path / "compare.html"
    done = call(a, b, data, "--runtime", "onnxruntime", "--page", str(page))
    assert done.exit_code == 0, done.stderr
    assert "A  blocks 1" in done.stdout and "B  blocks 2" in done.stdout
    assert "8 pictures have another verdict:\n  bright/faint0.png  A OK 0.260 (wrong)  B RECHECK" in done.stdout
    text = page.read_text()
    assert text.count("data:image/jpeg;base64,") == 16 and "bright/faint7.png" in text
    assert "this is hardly chance" in text and "不太可能是偶然" in text and "http" not in text
    again = call(a, b, data, "--page", str(page))
    assert again.exit_code == 2 and "--force" in again.stderr


def test_what_is_not_known_of_training_is_said(a: Path, data: Path, tmp_path: Path) -> None:
    named = {"scores": [0.1, 0.2], "groups": ["good/1.png", "good/2.png"]}
    b = write_small_package(tmp_path / "b.okng", calibration=named, version="2")
    notes = json.loads(call(a, b, data, "--json").stdout)["notes"]
    assert len(notes) == 2
    assert notes[0].startswith("Whether A was trained on any of these pictures is not known") and "name" not in notes[0]
    assert notes[1].startswith("Whether B") and "2 of them have the name or the group of good pictures" in notes[1]


def test_pictures_that_one_was_trained_on_are_refused(a: Path, data: Path, tmp_path: Path) -> None:
    knows = training(data_sha256=open_dataset(data, one_size=False).sha256())
    b = write_small_package(tmp_path / "b.okng", training=knows, version="2")
    done = call(a, b, data)
    assert done.exit_code == 2 and "B was trained on 26 of the 26 pictures: bright/clear0.png" in done.stderr


def test_a_split_tells_what_was_trained_on(tmp_path: Path) -> None:
    data = pictures(tmp_path / "data")
    opened = open_dataset(data, one_size=False)
    rows = [
        f"{one.name},{one.label},{'test' if at % 2 else 'train'},{one.name}" for at, one in enumerate(opened.pictures)
    ]
    (data / "splits").mkdir()
    (data / "splits" / "mine.csv").write_text("\n".join(["image,label,split,group", *rows]))
    (data / "splits" / "other.csv").write_text("image,label,split\ngood/none.png,good,test\n")
    _, digest = subset_names(data, opened.pictures, (), "mine", Subset.TEST)
    a, b = (
        write_small_package(tmp_path / f"{version}.okng", training=training(split_sha256=digest), version=version)
        for version in ("1", "2")
    )
    done = call(a, b, data, "--split", "mine", "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["pictures"] == 13 and found["notes"] == [] and found["subset"] == "test"
    for options in (("--split", "mine", "--subset", "train"), ()):
        refused = call(a, b, data, *options)
        assert refused.exit_code == 2 and "A was trained on 13 of the" in refused.stderr


def test_a_picture_that_one_cannot_judge_is_left_out_for_both_and_said(a: Path, data: Path, tmp_path: Path) -> None:
    roi = GeometrySpec(roi=(0, 0, 96, 96))
    entry = {"roi": [0, 0, 96, 96], "hash": roi.digest()}
    b = write_small_package(tmp_path / "b.okng", geometry=entry, version="2")
    none = call(a, b, data)
    assert none.exit_code == 2 and "there is no picture that both packages can judge" in none.stderr
    mixed = tmp_path / "mixed"
    shutil.copytree(data, mixed)
    for number in range(3):
        picture(mixed / "bright" / f"large{number}.png", CLEAR, number, side=96)
    done = call(a, b, mixed, "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["pictures"] == 3 and len(found["left_out"]) == 26
    assert any("26 pictures are left out" in note for note in found["notes"])


def test_named_regions_are_compared_as_whole_parts(tmp_path: Path) -> None:
    data = tmp_path / "parts"
    tables = [
        f'[[roi]]\nname = "{name}"\nbox = {list(box)}\nexpect = "white"\nkind = "face"\n'
        for name, box in REGIONS.items()
    ]
    rows = ["picture,roi,label"]
    for number in range(9):
        right = 127 if number < 6 else 255
        frame = halves(255, right)
        frame[0, number] = 254
        (data / "all").mkdir(parents=True, exist_ok=True)
        (data / "all" / f"{number}.png").write_bytes(cv2.imencode(".png", frame)[1].tobytes())
        rows += [f"all/{number}.png,left,white", f"all/{number}.png,right,{'gray' if right == 127 else 'white'}"]
    (data / "rois.toml").write_text('classes = ["gray", "white"]\n' + "\n".join(tables))
    (data / "labels.csv").write_text("\n".join(rows) + "\n")
    a = write_assembly_package(tmp_path / "a.okng")
    # Its calibrated score is the same for any gray: nothing but another limit makes it another package.
    b = write_assembly_package(tmp_path / "b.okng", limits={"ok_below": 0.5, "ng_from": 0.72}, version="2")
    page = tmp_path / "parts.html"
    done = call(a, b, data, "--json", "--page", str(page))
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["pictures"] == 9 and found["verdicts"]["escapes"]["total"] == 6
    assert found["figures"]["auroc"]["a"] == found["figures"]["auroc"]["b"] == 1.0
    assert found["verdicts"]["wrong"]["a"] == found["verdicts"]["wrong"]["b"] == 0
    whole = call(a, b, pictures(tmp_path / "whole"))
    assert whole.exit_code == 2 and "the packages judge named regions" in whole.stderr
    turned = call(write_small_package(tmp_path / "c.okng"), write_small_package(tmp_path / "d.okng", version="2"), data)
    assert turned.exit_code == 2 and "the packages judge whole pictures" in turned.stderr


def test_masks_are_compared_where_both_draw_them(tmp_path: Path) -> None:
    data = tmp_path / "data"
    mask = np.zeros((64, 64), np.uint8)
    mask[36:44, 20:28] = 255
    for number in range(4):
        picture(data / "good" / f"{number}.png", 0, number)
        for path, image in ((data / "blue", coloured_frame()), (data / "ground_truth" / "blue", mask)):
            path.mkdir(parents=True, exist_ok=True)
            image = image.copy()
            if image.ndim == 3:
                image[0, number] = 126
            (path / f"{number}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    a = write_head_package(tmp_path / "a.okng")
    b = write_head_package(tmp_path / "b.okng", classes=["red", "blue"])
    found = json.loads(call(a, b, data, "--json").stdout)["figures"]["mean_iou"]
    ground = 8 * 4096 - 4 * 64
    assert found["a"] == pytest.approx((ground / (ground + 16) + 60 / 64) / 2)
    # All that is blue is called red: neither of the two is ever met.
    assert found["b"] == pytest.approx(ground / (ground + 16) / 3) and found["told_apart"]
    plain = write_small_package(tmp_path / "plain.okng")
    assert "mean_iou" not in json.loads(call(a, plain, data, "--json").stdout)["figures"]


def test_what_cannot_be_compared_is_refused_in_one_sentence(a: Path, b: Path, data: Path, tmp_path: Path) -> None:
    copied = shutil.copy(a, tmp_path / "copy.okng")
    for other in (a, Path(copied)):
        same = call(a, other, data)
        assert same.exit_code == 2 and "are the same package" in same.stderr
    parts = call(a, write_assembly_package(tmp_path / "parts.okng"), data)
    assert parts.exit_code == 2 and "is for the task anomaly" in parts.stderr
    assert call(a, tmp_path / "none.okng", data).exit_code == 3 and call(a, b, tmp_path / "none").exit_code == 3
    (tmp_path / "broken.okng").write_bytes(b"PK no zip")
    assert call(a, tmp_path / "broken.okng", data).exit_code == 4
    proven = call(a, b, data, "--runtime", "tflite")
    assert proven.exit_code == 2 and "choose one that both were proven on: o" in proven.stderr


def test_a_picture_that_cannot_be_read_is_named(a: Path, b: Path, data: Path, tmp_path: Path) -> None:
    broken = tmp_path / "data"
    shutil.copytree(data, broken)
    (broken / "bright" / "half.png").write_bytes((data / "good" / "0.png").read_bytes()[:60])
    done = call(a, b, broken)
    assert done.exit_code == 2 and "bright/half.png" in done.stderr and done.stdout == ""
