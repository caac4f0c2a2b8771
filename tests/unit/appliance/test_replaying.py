"""What counts as different: every bit where a replay is promised, and what matters everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.replaying import Replayed, differences


def fields(recorded: dict[str, object], replayed: dict[str, object], tolerance: float = 0.0) -> dict[str, bool]:
    """Field → whether its difference is tolerated."""
    found = differences(recorded, replayed, "verdict", tolerance)  # type: ignore[arg-type]
    return {one.field: one.tolerated for one in found}


def test_the_same_is_the_same() -> None:
    value = {"score": 0.1, "reasons": ["a"], "limits": {"ok_below": 0.4}, "detections": []}
    assert fields(value, dict(value)) == {}


def test_the_last_bit_of_a_score_counts() -> None:
    assert fields({"score": 0.7}, {"score": float(np.nextafter(0.7, 1.0))}) == {"verdict.score": False}


@pytest.mark.parametrize(
    ("recorded", "replayed", "field"),
    [
        ({"reasons": ["a"]}, {"reasons": ["b"]}, "verdict.reasons[0]"),
        ({"reasons": ["a"]}, {"reasons": ["a", "b"]}, "verdict.reasons"),
        ({"detections": [{"box": {"x": 1}}]}, {"detections": [{"box": {"x": 2}}]}, "verdict.detections[0].box.x"),
        ({"score": None}, {"score": 0.0}, "verdict.score"),
        ({"score": 1}, {"score": 1.0}, "verdict.score"),
        ({}, {"more": 1}, "verdict.more"),
    ],
)
def test_every_leaf_is_compared(recorded: dict[str, object], replayed: dict[str, object], field: str) -> None:
    assert fields(recorded, replayed) == {field: False}


def test_where_nothing_is_promised_a_score_may_stray_a_little_and_an_outcome_never() -> None:
    assert fields({"score": 0.70}, {"score": 0.72}, 0.05) == {"verdict.score": True}
    assert fields({"score": 0.70}, {"score": 0.78}, 0.05) == {"verdict.score": False}
    assert fields({"outcome": "NG"}, {"outcome": "OK"}, 0.05) == {"verdict.outcome": False}
    assert fields({"limits": {"ng_from": 0.5}}, {"limits": {"ng_from": 0.51}}, 0.05) == {
        "verdict.limits.ng_from": False
    }


def test_what_is_tolerated_is_no_difference() -> None:
    (small,) = differences({"score": 0.7}, {"score": 0.71}, "verdict", 0.05)
    (large,) = differences({"score": 0.7}, {"score": 0.9}, "verdict", 0.05)
    assert Replayed((small,), (), judged=True, promised=False).same
    assert not Replayed((small, large), (), judged=True, promised=False).same
    assert "(tolerated here)" in str(small)
