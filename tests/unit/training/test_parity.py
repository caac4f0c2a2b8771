"""The gate between runtimes: a flip is never let through, and at most 1 % moves."""

from __future__ import annotations

import numpy as np
import pytest

from models.decision import Limits
from training.errors import RefusedForSafety
from training.parity import compare, refuse_disparity

LIMITS = Limits(0.4, 0.6)
NAMES = [f"p{index}" for index in range(400)]


def reference() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.where(np.arange(400) % 2, 0.2, 0.8)


def test_small_differences_away_from_limits_pass() -> None:
    parity = compare("openvino", NAMES, reference(), reference() + 0.01, LIMITS)
    refuse_disparity(parity)
    assert parity.passed and parity.largest_difference == pytest.approx(0.01)


@pytest.mark.parametrize(("index", "value"), [(0, 0.1), (1, 0.9)])
def test_a_single_flip_is_refused_and_named(index: int, value: float) -> None:
    own = reference()
    own[index] = value
    with pytest.raises(RefusedForSafety, match=rf"1 of 400 pictures \(p{index}\)"):
        refuse_disparity(compare("openvino", NAMES, reference(), own, LIMITS))


@pytest.mark.parametrize(("moved", "passes"), [(4, True), (5, False)])
def test_one_percent_may_move_to_or_from_recheck(moved: int, passes: bool) -> None:
    own = reference()
    own[:moved] = 0.5
    parity = compare("openvino", NAMES, reference(), own, LIMITS)
    assert parity.passed is passes and len(parity.moves) == moved
    if not passes:
        with pytest.raises(RefusedForSafety, match="RECHECK"):
            refuse_disparity(parity)


@pytest.mark.parametrize("index", [0, 1])
def test_a_move_out_of_recheck_counts_as_well(index: int) -> None:
    band = np.full(400, 0.5)
    own = band.copy()
    own[index] = 0.2 if index else 0.8
    assert compare("openvino", NAMES, band, own, LIMITS).moves == (f"p{index}",)
