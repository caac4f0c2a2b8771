"""A runtime that judges otherwise than the reference is left out, loudly; a silent reference stops the run."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pytest

from training import gate
from training.calibrate import Raws
from training.errors import RefusedForSafety
from training.progress import Progress

GOOD, BAD = np.linspace(1.0, 2.0, 30), np.linspace(5.0, 9.0, 10)
NAMES = [f"{index}.png" for index in range(40)]


@dataclass(frozen=True)
class Tried:
    """A scorer's held-out scores on the reference, and what `openvino` says instead."""

    good: Raws
    defective: Raws
    other: Raws


AGREES = Tried(GOOD, BAD, np.concatenate([GOOD, BAD]) * 1.01)
FLIPS = Tried(GOOD, BAD, np.concatenate([GOOD[:-1], [2.7], BAD]))
SCATTERS = Tried(GOOD, BAD, np.random.default_rng(0).permutation(np.concatenate([GOOD, BAD])))
SILENT = Tried(np.ones(30), np.ones(10), np.ones(40))


def through(tried: Iterable[Tried], monkeypatch: pytest.MonkeyPatch) -> tuple[Tried, gate.Calibration, str]:
    monkeypatch.setattr(gate, "_raws", lambda _tensors, _network, _name, one, _progress: one.other)
    said = io.StringIO()
    best, found = gate.first_through_the_gate(NAMES, None, b"", [*tried], ["openvino"], Progress(said))  # type: ignore[list-item, arg-type]
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
