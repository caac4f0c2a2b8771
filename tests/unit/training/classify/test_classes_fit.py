"""How sure a classifier may be called: confidence that means what it says, and a limit below which nothing is named."""

from __future__ import annotations

import numpy as np
import pytest

from training.classify.fit import Named, entry_of, limit_of, loss_of, named_by, temperature_of
from training.classify.run import compared


def logits(rng: np.random.Generator, count: int, sharpness: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax at temperature 1 is right as often as it says, made `sharpness` times as sure of itself."""
    true = rng.normal(0, 1.5, (count, 3)).astype(np.float32)
    shares = np.exp(true) / np.exp(true).sum(1, keepdims=True)
    truth = np.array([rng.choice(3, p=row / row.sum()) for row in shares.astype(np.float64)])
    return true * np.float32(sharpness), truth


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 4.0])
def test_the_temperature_takes_back_what_a_network_overstates(sharpness: float) -> None:
    found = temperature_of(*logits(np.random.default_rng(0), 4000, sharpness))
    assert found == pytest.approx(sharpness, rel=0.15)


def test_a_limit_leaves_one_wrong_name_in_a_hundred() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.3, 1.0, 2000)
    truth = np.zeros(2000, np.intp)
    named = np.where(rng.uniform(size=2000) < confidence**0.1, 0, 1).astype(np.intp)
    found = Named(confidence, named, truth)
    limit = limit_of(found)
    sure = confidence >= limit
    assert 0.5 <= limit <= 0.95 and sure.any()
    assert (~found.right[sure]).mean() <= 0.011


def test_nothing_is_named_on_less_than_an_even_chance() -> None:
    found = Named(np.linspace(0.34, 0.99, 50), np.zeros(50, np.intp), np.zeros(50, np.intp))
    assert limit_of(found) == 0.5


def test_a_network_that_is_always_wrong_names_only_what_it_is_all_but_certain_of() -> None:
    found = Named(np.linspace(0.34, 0.99, 50), np.zeros(50, np.intp), np.ones(50, np.intp))
    assert limit_of(found) == 0.95


def test_what_is_said_is_what_the_station_says() -> None:
    entry = entry_of(("blue", "red"), 2.0)
    said = named_by(entry, [np.array([[[2.0]], [[0.0]]], np.float32)], np.array([1], np.intp))
    assert said.confidence[0] == pytest.approx(1 / (1 + np.exp(-1.0)))
    assert (said.named[0], bool(said.right[0])) == (0, False)


def test_another_name_for_a_sure_part_is_a_flip_and_recheck_a_move() -> None:
    truth = np.zeros(3, np.intp)
    reference = Named(np.array([0.9, 0.9, 0.9]), np.array([0, 0, 0], np.intp), truth)
    other = Named(np.array([0.9, 0.6, 0.9]), np.array([1, 0, 0], np.intp), truth)
    found = compared("openvino", ["a", "b", "c"], reference, other, 0.8)
    assert (found.flips, found.moves) == (("a",), ("b",))
    assert not found.passed


def test_what_int8_loses_of_accuracy_is_counted_in_pairs_and_no_number_is_right() -> None:
    def of(*named: int) -> list[np.ndarray]:
        return [np.eye(2, dtype=np.float32)[one].reshape(2, 1, 1) for one in named]

    truth = np.zeros(10, np.intp)
    exact, rounded = of(0, 0, 0, 0, 0, 0, 0, 0, 0, 1), of(0, 0, 0, 0, 0, 0, 0, 1, 1, 0)
    found = loss_of(exact, rounded, truth)
    assert (found.fp32, found.int8, found.figure[0]) == (0.9, 0.8, "accuracy") and not found.bearable
    # Three pictures tell the two apart, two of them against INT8.
    assert found.error == pytest.approx(100 * (3 - 1 / 10) ** 0.5 / 10)
    assert loss_of(exact, exact, truth).points == 0
    broken = [np.full((2, 1, 1), np.nan, np.float32) for _ in truth]
    assert loss_of(exact, broken, truth).int8 == 0
