"""Met, missed, void: nothing but a measured figure of a sound run is ever met."""

from __future__ import annotations

import math

import pytest

from appliance.bench.gates import Judge, Word, passed, throughput_bound

SOUND, SHORT = Judge(None, quick=False), Judge(None, quick=True)
DISTURBED = Judge("1.7 % steal", quick=False)


@pytest.mark.parametrize(("value", "word"), [(0.9, Word.MET), (1.0, Word.MET), (1.1, Word.MISSED)])
def test_the_bound_itself_is_kept(value: float, word: Word) -> None:
    assert SOUND.at_most("x", value, 1.0, "ms").word is word
    assert SOUND.at_least("x", -value, -1.0, "ms").word is word


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_figure_that_is_not_there_is_missed(value: float | None) -> None:
    for speed in (True, False):
        gate = SOUND.at_least("x", value, 0.0, "ms", speed=speed)
        assert gate.word is Word.MISSED
        assert not passed((gate,))


def test_a_disturbed_run_is_void_whatever_was_measured() -> None:
    gate = DISTURBED.at_most("x", 0.0, 1.0, "ms")
    assert (gate.word, gate.why) == (Word.VOID, "1.7 % steal")
    assert not passed((gate,))


def test_no_disturbance_and_no_haste_excuses_a_lost_part() -> None:
    for judge in (SOUND, SHORT, DISTURBED):
        assert judge.at_most("lost", 1, 0, "parts", speed=False).word is Word.MISSED
        assert judge.at_most("lost", 0, 0, "parts", speed=False).word is Word.MET


def test_a_quick_run_judges_no_speed() -> None:
    gate = SHORT.at_most("x", 99.0, 1.0, "ms")
    assert gate.word is Word.NOT_JUDGED
    assert passed((gate,))
    assert not passed((gate, SHORT.at_most("lost", 1, 0, "parts", speed=False)))


def test_no_gate_is_no_pass() -> None:
    assert not passed(())


@pytest.mark.parametrize(("cpu_ms", "bound"), [(1, 0.85), (5, 0.85), (12.5, 0.9), (20, 0.95), (60, 0.95)])
def test_the_throughput_asked_for_grows_with_the_cost_of_inference(cpu_ms: float, bound: float) -> None:
    assert throughput_bound(cpu_ms) == pytest.approx(bound)
