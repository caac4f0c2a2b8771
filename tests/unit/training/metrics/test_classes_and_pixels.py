"""IoU, F1, pixel AUROC and AUPRO against cases counted by hand and against their definitions."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.metrics.classification import accuracy, macro_f1, table_of
from training.metrics.pixels import PixelTally
from training.metrics.ranking import auroc
from training.metrics.segmentation import confusion, ious, mean_iou

LABELS = st.lists(st.integers(0, 3), min_size=12, max_size=12).map(lambda row: np.array(row, np.uint8).reshape(3, 4))


def test_iou_of_a_case_counted_by_hand() -> None:
    truth = np.array([[0, 0, 1, 1], [0, 0, 2, 2]], np.uint8)
    called = np.array([[0, 1, 1, 1], [0, 0, 0, 2]], np.uint8)
    counts = confusion(truth, called, 4)
    assert ious(counts)[:3] == pytest.approx([3 / 5, 2 / 3, 1 / 2]) and math.isnan(ious(counts)[3])
    assert mean_iou(counts) == pytest.approx((3 / 5 + 2 / 3 + 1 / 2) / 3)


@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=4))
def test_iou_is_shared_over_covered_pixels_of_all_pictures_together(pairs: list[tuple[np.ndarray, np.ndarray]]) -> None:
    counts = sum(confusion(truth, called, 4) for truth, called in pairs)
    truth, called = (np.concatenate(side) for side in zip(*pairs, strict=True))
    for at, found in enumerate(ious(np.asarray(counts))):
        covered = ((truth == at) | (called == at)).sum()
        assert math.isnan(found) if not covered else found == ((truth == at) & (called == at)).sum() / covered


def test_a_class_called_where_none_is_counts_as_nothing_found() -> None:
    counts = confusion(np.zeros((2, 2), np.uint8), np.array([[0, 0], [0, 1]], np.uint8), 2)
    assert mean_iou(counts) == pytest.approx((3 / 4 + 0) / 2) and math.isnan(mean_iou(np.zeros((2, 2), np.int64)))


def test_f1_of_a_case_counted_by_hand() -> None:
    # Three a: two named a, one b. Two b: one named b, one nothing. No c is shown, and none named.
    table = table_of([0, 0, 0, 1, 1], [0, 0, 1, 1, -1], 3)
    assert accuracy(table) == pytest.approx(3 / 5)
    # a: precision 2/2, recall 2/3; b: precision 1/2, recall 1/2.
    assert macro_f1(table) == pytest.approx((4 / 5 + 1 / 2) / 2)
    weighted = table_of([0, 0, 0, 1, 1], [0, 0, 1, 1, -1], 3, np.array([2.0, 1, 0, 1, 3]))
    assert accuracy(weighted) == pytest.approx(4 / 7)
    assert math.isnan(accuracy(table_of([], [], 2))) and math.isnan(macro_f1(table_of([], [], 2)))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 2)), min_size=1, max_size=30))
def test_f1_is_the_harmonic_mean_of_precision_and_recall(pairs: list[tuple[int, int]]) -> None:
    parts = []
    for at in sorted({shown for shown, _ in pairs}):
        right = sum(pair == (at, at) for pair in pairs)
        shown, named = sum(pair[0] == at for pair in pairs), sum(pair[1] == at for pair in pairs)
        precision, recall = right / named if named else 0.0, right / shown
        parts.append(2 * precision * recall / (precision + recall) if right else 0.0)
    table = table_of(*zip(*pairs, strict=True), 3)
    assert macro_f1(table) == pytest.approx(np.mean(parts))
    assert accuracy(table) == pytest.approx(np.mean([shown == named for shown, named in pairs]))


def stepped(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores that fall on the tally's steps, and a mask with two regions of different size."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((16, 16), np.bool_)
    mask[2:9, 2:9], mask[12:14, 11] = True, True
    scores = rng.integers(0, 12, (16, 16)) / 16
    return np.clip(scores + 0.25 * mask, 0, 1).astype(np.float32), mask


def brute_aupro(pairs: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """The curve limit by limit, integrated up to 0.3 in small steps."""
    regions, good = [], np.concatenate([scores[~mask] for scores, mask in pairs])
    for scores, mask in pairs:
        count, labels = cv2.connectedComponents(mask.astype(np.uint8))
        regions += [scores[labels == at] for at in range(1, count)]
    curve = [(0.0, 0.0)]
    for limit in sorted(set(np.concatenate([scores.ravel() for scores, _ in pairs])), reverse=True):
        curve.append((float((good >= limit).mean()), float(np.mean([(one >= limit).mean() for one in regions]))))
    xs = (np.arange(300_000) + 0.5) / 1_000_000
    return float(np.interp(xs, *zip(*curve, strict=True)).mean())


def test_pixel_figures_are_those_of_all_pixels_and_of_all_regions() -> None:
    pairs = [stepped(1), stepped(2), (stepped(3)[0], np.zeros((16, 16), np.bool_))]
    tally = PixelTally()
    for scores, mask in pairs:
        tally.add(scores, mask)
    good = np.concatenate([scores[~mask] for scores, mask in pairs])
    bad = np.concatenate([scores[mask] for scores, mask in pairs])
    assert tally.regions == 4 and tally.auroc() == pytest.approx(auroc(good, bad), abs=1e-9)
    assert tally.aupro() == pytest.approx(brute_aupro(pairs), abs=1e-4)


def test_a_perfect_map_and_none_at_all() -> None:
    mask = stepped(1)[1]
    perfect, nothing = PixelTally(), PixelTally()
    perfect.add(mask.astype(np.float32), mask)
    assert perfect.auroc() == 1.0 and perfect.aupro() == pytest.approx(1.0)
    assert math.isnan(nothing.auroc()) and math.isnan(nothing.aupro())
    nothing.add(np.full((16, 16), 0.5, np.float32), mask)
    assert nothing.auroc() == 0.5 and nothing.aupro() == pytest.approx(0.15)
