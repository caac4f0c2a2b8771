"""A runtime that judges otherwise than the reference is left out, loudly; a silent reference stops the run.

Without a defect, what no part looks like says how far scores go, and where the NG limit stands at most.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from models.geometry import Geometry
from models.geometry_entry import GeometrySpec
from models.runtimes.choose import REFERENCE
from training import gate
from training.calibrate import Raws
from training.errors import RefusedForSafety
from training.features import Features, Seen, Shot
from training.progress import Progress
from training.squares import in_squares
from training.tensors import Tensors

GOOD, BAD = np.linspace(1.0, 2.0, 30), np.linspace(5.0, 9.0, 10)
NAMES = [f"{index}.png" for index in range(40)]


@dataclass(frozen=True)
class Tried:
    """A scorer's held-out scores on the reference, what `openvino` says instead, and what of each picture covered."""

    good: Raws
    defective: Raws
    other: Raws
    covered: Raws = field(default_factory=lambda: np.zeros(0))
    asked: list[tuple[int, Seen]] = field(default_factory=list)

    def held_out(self, index: int, seen: Seen) -> float:
        self.asked.append((index, seen))
        return float(self.covered[index])


AGREES = Tried(GOOD, BAD, np.concatenate([GOOD, BAD]) * 1.01)
FLIPS = Tried(GOOD, BAD, np.concatenate([GOOD[:-1], [2.7], BAD]))
SCATTERS = Tried(GOOD, BAD, np.random.default_rng(0).permutation(np.concatenate([GOOD, BAD])))
SILENT = Tried(np.ones(30), np.ones(10), np.ones(40))


class Pixels:
    """An extractor whose features are the network input itself."""

    def __init__(self, model: bytes, runtime: str, threads: int) -> None:
        self.model, self.runtime, self.closed = model, runtime, False

    def __call__(self, tensors: Iterable[NDArray[np.uint8]]) -> Iterator[Features]:
        for tensor in tensors:
            yield (tensor[0].transpose(2, 0, 1).astype(np.float32),)

    def close(self) -> None:
        self.closed = True


def tensors(good: int, defective: int) -> Tensors:
    """Pictures of two views of 32 x 32, each gray in its own way."""
    shots = [Shot(np.full((2, 32, 32, 3), index, np.uint8), (None, None)) for index in range(good + defective)]
    geometry = Geometry(GeometrySpec(), (32, 32))
    return Tensors(shots[:good], shots[good:], [], {"none": []}, [], geometry, [], [])


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Pixels]:
    """The extractors that the gate starts."""
    found: list[Pixels] = []

    def start(model: bytes, runtime: str, threads: int) -> Pixels:
        found.append(Pixels(model, runtime, threads))
        return found[-1]

    monkeypatch.setattr(gate, "Extractor", start)
    return found


def through(tried: Iterable[Tried], monkeypatch: pytest.MonkeyPatch) -> tuple[Tried, gate.Calibration, str]:
    monkeypatch.setattr(gate, "_raws", lambda _tensors, _network, _name, one, _progress: one.other)
    said = io.StringIO()
    best, found = gate.first_through_the_gate(NAMES, tensors(2, 2), b"", [*tried], ["openvino"], Progress(said))  # type: ignore[list-item]
    return best, found, said.getvalue()  # type: ignore[return-value]


def test_a_scorer_that_all_agree_on_goes_before_a_better_one(monkeypatch: pytest.MonkeyPatch) -> None:
    best, found, said = through([FLIPS, AGREES], monkeypatch)
    assert best is AGREES and set(found.maps) == {"onnxruntime", "openvino"} and not said


@pytest.mark.parametrize(("tried", "why"), [(FLIPS, "turns OK into NG"), (SCATTERS, "score the same pictures differ")])
def test_a_runtime_that_agrees_on_none_is_left_out(tried: Tried, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    best, found, said = through([tried, FLIPS], monkeypatch)
    assert best is tried and set(found.maps) == {"onnxruntime"}
    assert [one.runtime for one in found.refused] == ["openvino"] and not found.refused[0].passed
    assert "OPENVINO LEFT OUT" in said and why in said


def test_a_reference_that_says_nothing_writes_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RefusedForSafety, match="same score"):
        through([SILENT], monkeypatch)


def of_good_alone(covered: Raws, good: Raws = GOOD) -> tuple[Tried, gate.Calibration]:
    tried, said = Tried(good, np.zeros(0), good, covered), Progress(io.StringIO())
    best, found = gate.first_through_the_gate(NAMES[:30], tensors(30, 0), b"net", [tried], [], said)  # type: ignore[list-item]
    assert best is tried  # type: ignore[comparison-overlap]
    return tried, found


@pytest.mark.usefixtures("started")
def test_without_a_defect_the_ng_limit_is_within_reach() -> None:
    # By the good scores alone: OK below 2.075, NG from 2.3.
    _, far = of_good_alone(np.full(30, 50.0))
    assert (far.raw_limits.ok_below, far.raw_limits.ng_from) == pytest.approx((2.075, 2.3))
    _, near = of_good_alone(np.full(30, 2.2))
    assert (near.raw_limits.ok_below, near.raw_limits.ng_from) == pytest.approx((2.075, (2.075 + 2.2) / 2))
    assert near.limits.ok_below < near.limits.ng_from < far.limits.ng_from
    assert near.limits.ok_below == far.limits.ok_below
    _, below = of_good_alone(np.full(30, 1.5))
    assert below.raw_limits == far.raw_limits


@pytest.mark.usefixtures("started")
def test_some_that_come_out_otherwise_do_not_move_the_limit() -> None:
    usual = of_good_alone(np.full(30, 2.2))[1].raw_limits
    for other in (0.0, 1e9):
        odd = np.full(30, 2.2)
        odd[:4] = other
        assert of_good_alone(odd)[1].raw_limits == usual


def test_what_is_asked_are_good_pictures_covered_each_of_a_scorer_that_never_saw_it(started: list[Pixels]) -> None:
    tried, _ = of_good_alone(np.full(30, 2.2))
    assert [index for index, _ in tried.asked] == list(range(9))
    squares = in_squares(np.zeros((1, 32, 32, 3), np.uint8))[0].transpose(2, 0, 1)
    assert all(len(seen.views) == 2 for _, seen in tried.asked)
    assert all((feature == squares).all() for _, seen in tried.asked for (feature,) in seen.views)
    assert [(one.model, one.runtime, one.closed) for one in started] == [(b"net", REFERENCE, True)]


def test_where_defects_are_known_nothing_is_covered(started: list[Pixels], monkeypatch: pytest.MonkeyPatch) -> None:
    best, found, _ = through([AGREES], monkeypatch)
    assert not started and not best.asked and found.raw_limits == gate.raw_limits(GOOD, BAD)
