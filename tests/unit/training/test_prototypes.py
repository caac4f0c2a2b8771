"""Prototypes of known defects from the regions a station would find."""

from __future__ import annotations

import numpy as np

from models.decision import Scores
from models.naming import MAX_PROTOTYPES_PER_CLASS
from training.prototypes import build_prototypes, defect_region


def unit(*values: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    vector = np.array(values, np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def test_left_out_pictures_are_named_by_the_others() -> None:
    vectors = [unit(1, 0.1 * i, 0) for i in range(3)] + [unit(0, 1, 0.1 * i) for i in range(3)] + [unit(0, 0, 1)]
    found = build_prototypes(vectors, [2, 2, 2, 3, 3, 3, 4])
    assert found is not None and (found.right, found.asked) == (6, 6)
    assert found.codes.tolist() == [2, 2, 2, 3, 3, 3, 4] and 0.5 < found.min_similarity < 1


def test_no_defects_no_prototypes() -> None:
    assert build_prototypes([], []) is None


def test_a_large_class_keeps_its_most_different_examples() -> None:
    rng = np.random.default_rng(0)
    near = [unit(1, *rng.normal(0, 0.01, 2)) for _ in range(80)]
    odd = unit(0.2, 1, 0)
    found = build_prototypes([*near, odd], [2] * 81)
    assert found is not None and len(found.codes) == MAX_PROTOTYPES_PER_CLASS
    assert (found.vectors @ odd).max() > 0.999


def test_the_mask_tells_which_region_is_the_defect() -> None:
    score_map = np.zeros((8, 8), np.float32)
    score_map[1, 1], score_map[6, 6] = 0.9, 0.7
    scores = Scores(0.9, 9.0, score_map)
    mask = np.zeros((80, 80), np.bool_)
    mask[60:70, 60:70] = True
    assert defect_region(scores, 0.5, mask).box.x == 6
    assert defect_region(scores, 0.5, None).box.x == 1 and defect_region(scores, 0.95, None).peak == np.float32(0.9)
