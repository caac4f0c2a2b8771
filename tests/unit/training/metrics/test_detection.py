"""Average precision of boxes against COCO's own evaluation."""

from __future__ import annotations

import contextlib
import io
import math

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from training.metrics.detection import Boxes, average_precision_at, mean_average_precision, overlaps

NONE = np.zeros((0, 4))


def boxes(rng: np.random.Generator, count: int, step: float) -> np.ndarray:
    """On a coarse raster, so that equal overlaps occur."""
    return np.column_stack([rng.integers(0, 6, (count, 2)), rng.integers(1, 4, (count, 2))]) * step


def drawn(seed: int, pictures: int = 12) -> list[list[Boxes]]:
    """Two classes in pictures of which some show or find none, with few scores that are often equal."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(2):
        rows = []
        for _ in range(pictures):
            marked = boxes(rng, int(rng.integers(0, 4)), 10.0)
            near = marked[rng.random(len(marked)) < 0.8] + rng.integers(-3, 4, (1, 4))
            near[:, 2:] = np.maximum(near[:, 2:], 1)
            other = boxes(rng, int(rng.integers(0, 3)), 10.0)
            both = np.concatenate([near, other])
            rows.append(Boxes(marked, both, rng.integers(1, 6, len(both)) / 5))
        found.append(rows)
    return found


def by_coco(classes: list[list[Boxes]]) -> tuple[float, float]:
    """(AP at 0.5:0.95, AP at 0.5) by pycocotools."""
    truth, found = [], []
    for number, pictures in enumerate(classes, 1):
        for picture, one in enumerate(pictures, 1):
            for box in one.marked:
                row = {"id": len(truth) + 1, "image_id": picture, "category_id": number, "iscrowd": 0}
                truth.append(row | {"bbox": list(box), "area": float(box[2] * box[3])})
            for box, score in zip(one.found, one.scores, strict=True):
                row = {"image_id": picture, "category_id": number}
                found.append(row | {"bbox": list(box), "score": float(score)})
    coco = COCO()
    coco.dataset = {
        "images": [{"id": picture} for picture in range(1, len(classes[0]) + 1)],
        "categories": [{"id": number} for number in range(1, len(classes) + 1)],
        "annotations": truth,
        "info": {},
    }
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        judged = COCOeval(coco, coco.loadRes(found), "bbox")
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
    return float(judged.stats[0]), float(judged.stats[1])


@pytest.mark.parametrize("seed", range(25))
def test_the_figures_are_those_of_pycocotools(seed: int) -> None:
    classes = drawn(seed)
    whole, half = by_coco(classes)
    assert mean_average_precision(classes) == pytest.approx(whole, abs=1e-9)
    assert mean_average_precision(classes, (0.5,)) == pytest.approx(half, abs=1e-9)


def test_no_more_than_a_hundred_boxes_a_picture_count() -> None:
    spare = Boxes(np.array([[0.0, 0, 10, 10]]), np.array([[50.0, 50, 5, 5]] * 100 + [[0.0, 0, 10, 10]]), np.ones(101))
    assert average_precision_at([spare], 0.5) == by_coco([[spare]])[1] == 0.0
    fewer = Boxes(spare.marked, spare.found[1:], spare.scores[1:])
    assert average_precision_at([fewer], 0.5) == pytest.approx(by_coco([[fewer]])[1]) == pytest.approx(0.01)


def test_a_marked_box_is_taken_once() -> None:
    box = np.array([[0.0, 0, 10, 10]])
    twice = Boxes(box, np.repeat(box, 2, axis=0), np.array([0.9, 0.8]))
    assert average_precision_at([twice], 0.5) == 1.0
    # The wrong one ranks first: half of the two are right where all is found.
    other = Boxes(NONE, box, np.array([0.95]))
    assert average_precision_at([twice, other], 0.5) == pytest.approx(0.5)


def test_overlap_of_boxes_counted_by_hand() -> None:
    shared = overlaps(np.array([[0.0, 0, 4, 4], [9, 9, 1, 1]]), np.array([[2.0, 2, 4, 4], [0, 0, 0, 0]]))
    assert shared == pytest.approx(np.array([[4 / 28, 0], [0, 0]]))


def test_what_is_nowhere_marked_has_no_figure() -> None:
    nothing = Boxes(NONE, np.array([[0.0, 0, 1, 1]]), np.ones(1))
    assert math.isnan(average_precision_at([nothing], 0.5)) and math.isnan(mean_average_precision([[nothing]]))
    known = Boxes(nothing.found, nothing.found, nothing.scores)
    assert mean_average_precision([[nothing], [known]]) == 1.0
    assert average_precision_at([Boxes(nothing.found, NONE, np.zeros(0))], 0.5) == 0.0
