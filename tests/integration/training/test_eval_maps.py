"""`okng eval`: masks, boxes, pixels and names against what is marked, on pictures whose figures can be counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from tests.fakes.head_packages import BLUE, RED, coloured_frame, write_head_package
from tests.fakes.packages import gray_frame, white_block_frame, write_small_package
from training.cli import evaluate

BLOCK = np.s_[36:44, 20:28]


def put(root: Path, name: str, frame: NDArray[np.uint8], number: int, mask: NDArray[np.uint8] | None = None) -> None:
    """A picture, another one for each `number`, and its mask."""
    frame = frame.copy()
    frame[0, number] -= 1
    for path, image in ((root / name, frame), (root / "ground_truth" / name, mask)):
        if image is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cv2.imencode(".png", image)[1].tobytes())


def block_mask() -> NDArray[np.uint8]:
    mask = np.zeros((64, 64), np.uint8)
    mask[BLOCK] = 255
    return mask


def judged(package: Path, data: Path) -> Any:
    done = CliRunner().invoke(evaluate, [str(package), str(data), "--runtime", "onnxruntime", "--json"])
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)[0]


@pytest.fixture(scope="module")
def coloured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six good parts, four blue and two red blocks with masks; of two more red ones the masks are not known."""
    root = tmp_path_factory.mktemp("coloured")
    for number in range(6):
        put(root, f"good/{number}.png", gray_frame(), number)
    for number in range(4):
        put(root, f"blue/{number}.png", coloured_frame(BLUE), number, block_mask())
    for number in range(2):
        put(root, f"red/{number}.png", coloured_frame(RED), number, block_mask())
    put(root, "red/empty.png", coloured_frame(RED), 2, np.zeros((64, 64), np.uint8))
    put(root, "red/boxed.png", coloured_frame(RED), 3)
    shape = {"label": "red", "kind": "box", "points": [[20, 36], [28, 44]]}
    (root / "annotations.jsonl").write_text(json.dumps({"picture": "red/boxed.png", "shapes": [shape]}) + "\n")
    return root


def test_masks_and_boxes_of_a_head_against_what_is_marked(coloured: Path, tmp_path: Path) -> None:
    found = judged(write_head_package(tmp_path / "heads.okng"), coloured)["maps"]
    # Bilinear logits cut the four corners of each 8 x 8 block off.
    ground = 12 * 4096 - 6 * 64
    assert found["iou_per_class"] == pytest.approx(
        {"background": ground / (ground + 24), "blue": 60 / 64, "red": 60 / 64}
    )
    assert found["mean_iou"] == pytest.approx((ground / (ground + 24) + 2 * 60 / 64) / 3)
    assert (found["map_50"], found["map_50_95"], found["any_class_ap_50"]) == (1.0, 1.0, 1.0)
    assert found["pixel_auroc"] > 0.99 and found["aupro"] > 0.95
    assert (found["outlined_pictures"], found["boxed_pictures"]) == (6, 7)


def test_a_class_that_is_taken_for_another_costs_its_share(coloured: Path, tmp_path: Path) -> None:
    """The same network whose classes are called the wrong way round."""
    found = judged(write_head_package(tmp_path / "heads.okng", classes=["red", "blue"]), coloured)["maps"]
    assert found["iou_per_class"]["blue"] == found["iou_per_class"]["red"] == 0.0
    assert found["iou_per_class"]["background"] > 0.99 and found["map_50"] == 0.0 and found["any_class_ap_50"] == 1.0


def test_figures_by_class_and_their_rows(coloured: Path, tmp_path: Path) -> None:
    package = write_head_package(tmp_path / "heads.okng")
    found = judged(package, coloured)
    assert found["auroc_per_class"] == {"blue": 1.0, "red": 1.0} and found["average_precision"] == 1.0
    assert found["recall_per_class"]["red"] == {
        "count": 4,
        "total": 4,
        "interval_95": [pytest.approx(0.3976, abs=1e-3), 1.0],
    }
    assert found["names"] is None
    done = CliRunner().invoke(evaluate, [str(package), str(coloured), "--runtime", "onnxruntime"])
    for row in (
        "avg. precision   100.00",
        "AUROC, red       100.00",
        "IoU, blue        93.75",
        "mAP 0.5:0.95     100.00",
    ):
        assert row in done.stdout


def test_without_a_head_the_map_alone_is_judged(tmp_path: Path) -> None:
    data = tmp_path / "white"
    mask = np.zeros((64, 64), np.uint8)
    mask[32:48, 16:32] = 255
    for number in range(4):
        put(data, f"good/{number}.png", gray_frame(), number)
        put(data, f"bright/{number}.png", white_block_frame(), number, mask)
    found = judged(write_small_package(tmp_path / "small.okng"), data)["maps"]
    assert found["mean_iou"] is None and found["iou_per_class"] == {}
    assert found["pixel_auroc"] > 0.98 and found["aupro"] > 0.9 and found["map_50_95"] == 1.0


def test_without_any_mark_no_map_is_judged(tmp_path: Path) -> None:
    put(tmp_path / "plain", "good/0.png", gray_frame(), 0)
    put(tmp_path / "plain", "bright/0.png", white_block_frame(), 0)
    found = judged(write_small_package(tmp_path / "small.okng"), tmp_path / "plain")["maps"]
    assert found["pixel_auroc"] is None and found["map_50"] is None and found["boxed_pictures"] == 0


def test_where_all_show_a_defect_it_is_its_name_that_counts(tmp_path: Path) -> None:
    data = tmp_path / "named"
    (data / "good").mkdir(parents=True)
    for number in range(3):
        put(data, f"bright/{number}.png", white_block_frame(), number)
    put(data, "dull/0.png", gray_frame(), 9)
    package = write_small_package(tmp_path / "small.okng")
    found = judged(package, data)
    assert found["auroc"] is None and found["average_precision"] is None
    assert found["names"]["accuracy"]["count"] == 3 and found["names"]["accuracy"]["total"] == 4
    assert found["names"]["macro_f1"] == pytest.approx(0.5)
    assert found["names"]["recall_per_class"]["dull"]["count"] == 0
    done = CliRunner().invoke(evaluate, [str(package), str(data), "--runtime", "onnxruntime"])
    assert "macro F1         50.00" in done.stdout and "named, bright    3 of 3" in done.stdout


def test_a_mask_of_another_size_is_named(tmp_path: Path) -> None:
    put(tmp_path / "odd", "good/0.png", gray_frame(), 0)
    put(tmp_path / "odd", "bright/0.png", white_block_frame(), 0, np.full((8, 8), 255, np.uint8))
    done = CliRunner().invoke(evaluate, [str(write_small_package(tmp_path / "a.okng")), str(tmp_path / "odd")])
    assert done.exit_code == 2 and "is not as large as its picture" in done.stderr
