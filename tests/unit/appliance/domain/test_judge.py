"""The station may only make a decision worse."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.domain.judge import Found, judge
from appliance.domain.parts import Part
from appliance.domain.reasons import TEXTS, Reason
from appliance.domain.verdict import DecidedBy, Verdict
from models.decision import Limits, Outcome, Unfit
from models.errors import InferenceError
from tests.fakes.clock import FakeClock
from tests.fakes.parts import RULES, make_decision, make_frame, make_ledger, make_trigger

JUDGED = [Outcome.OK, Outcome.RECHECK, Outcome.NG]


def a_part(clock: FakeClock) -> Part:
    part = make_ledger(clock).admit(make_trigger(clock))
    assert part is not None
    return part


@pytest.mark.parametrize("outcome", JUDGED)
def test_a_sound_decision_stands(outcome: Outcome) -> None:
    clock = FakeClock()
    part = a_part(clock)
    verdict = judge("v", part, make_frame(clock), Found(make_decision(outcome)), RULES, clock.now_ns)
    assert verdict.outcome is outcome
    assert verdict.decided_by is DecidedBy.MODEL
    assert bool(verdict.detections) is (outcome is not Outcome.OK)


@given(
    claimed=st.sampled_from(JUDGED),
    score=st.floats(0, 1),
    limits=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda pair: Limits(min(pair), max(pair))),
)
def test_no_decision_is_ever_raised(claimed: Outcome, score: float, limits: Limits) -> None:
    clock = FakeClock()
    decision = replace(make_decision(claimed), score=score)
    verdict = judge("v", a_part(clock), make_frame(clock), Found(decision), replace(RULES, limits=limits), clock.now_ns)
    assert JUDGED.index(verdict.outcome) >= JUDGED.index(claimed)
    if verdict.outcome is Outcome.OK:
        assert score < limits.ok_below


def test_a_picture_older_than_its_trigger_is_error() -> None:
    clock = FakeClock()
    frame = make_frame(clock)
    clock.advance_ms(1)
    verdict = judge("v", a_part(clock), frame, Found(make_decision(Outcome.OK)), RULES, clock.now_ns)
    assert verdict.outcome is Outcome.ERROR
    assert verdict.reasons == (Reason.CAPTURED_BEFORE_TRIGGER,)


@pytest.mark.parametrize(("delay_ms", "outcome"), [(250, Outcome.OK), (251, Outcome.ERROR)])
def test_a_picture_taken_too_long_after_its_trigger_is_error(delay_ms: int, outcome: Outcome) -> None:
    clock = FakeClock()
    part = a_part(clock)
    clock.advance_ms(delay_ms)
    verdict = judge("v", part, make_frame(clock), Found(make_decision(Outcome.OK)), RULES, clock.now_ns)
    assert verdict.outcome is outcome
    if outcome is Outcome.ERROR:
        assert verdict.reasons == (Reason.EXPOSED_LATE,)


@pytest.mark.parametrize(
    ("outcome", "unfit"), [pair for pair in product(JUDGED, Unfit) if pair != (Outcome.NG, Unfit.MOVED)]
)
def test_a_picture_that_is_not_fit_is_error_whatever_the_model_says(outcome: Outcome, unfit: Unfit) -> None:
    clock = FakeClock()
    verdict = judge("v", a_part(clock), make_frame(clock), Found(make_decision(outcome), unfit), RULES, clock.now_ns)
    assert verdict.outcome is Outcome.ERROR
    assert verdict.reasons == (Reason(f"picture_{unfit}"),)


@pytest.mark.parametrize("unfit", Unfit)
def test_a_picture_that_no_model_was_asked_about_is_error_for_its_own_reason(unfit: Unfit) -> None:
    clock = FakeClock()
    verdict = judge("v", a_part(clock), make_frame(clock), Found(None, unfit), RULES, clock.now_ns)
    assert (verdict.outcome, verdict.reasons) == (Outcome.ERROR, (Reason(f"picture_{unfit}"),))
    assert verdict.score is None


def test_silence_of_the_model_is_error() -> None:
    clock = FakeClock()
    verdict = judge("v", a_part(clock), make_frame(clock), Found(None), RULES, clock.now_ns)
    assert (verdict.outcome, verdict.reasons) == (Outcome.ERROR, (Reason.MODEL_FAILED,))


def test_an_empty_place_is_no_part_by_rule_whatever_a_model_says() -> None:
    clock = FakeClock()
    for decision in (None, make_decision(Outcome.NG), make_decision(Outcome.OK)):
        verdict = judge("v", a_part(clock), make_frame(clock), Found(decision, empty=True), RULES, clock.now_ns)
        assert (verdict.outcome, verdict.decided_by) == (Outcome.NO_PART, DecidedBy.RULE)
        assert (verdict.reasons, verdict.score, verdict.detections) == ((Reason.NO_PART,), None, ())


@pytest.mark.parametrize("unfit", Unfit)
@pytest.mark.parametrize("outcome", [None, *JUDGED])
def test_a_place_is_never_called_empty_by_a_picture_that_proves_nothing(unfit: Unfit, outcome: Outcome | None) -> None:
    clock = FakeClock()
    found = Found(outcome and make_decision(outcome), unfit, empty=True)
    verdict = judge("v", a_part(clock), make_frame(clock), found, RULES, clock.now_ns)
    assert verdict.outcome is (Outcome.NG if (outcome, unfit) == (Outcome.NG, Unfit.MOVED) else Outcome.ERROR)


def test_a_strange_picture_is_never_no_part() -> None:
    clock = FakeClock()
    frame = make_frame(clock)
    clock.advance_ms(1)
    verdict = judge("v", a_part(clock), frame, Found(None, empty=True), RULES, clock.now_ns)
    assert verdict.outcome is Outcome.ERROR


def test_a_defect_in_a_part_that_looks_moved_stays_a_defect() -> None:
    clock = FakeClock()
    decision = make_decision(Outcome.NG)
    assert (
        judge("v", a_part(clock), make_frame(clock), Found(decision, Unfit.MOVED), RULES, clock.now_ns).outcome
        is Outcome.NG
    )


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -0.1, 1.1])
def test_a_score_that_is_no_number_is_no_evidence(score: float) -> None:
    clock = FakeClock()
    decision = replace(make_decision(Outcome.OK), score=score)
    with pytest.raises(InferenceError):
        judge("v", a_part(clock), make_frame(clock), Found(decision), RULES, clock.now_ns)


@pytest.mark.parametrize("decided_by", [DecidedBy.TIMEOUT, DecidedBy.FAULT])
def test_ok_cannot_be_written_without_a_model(decided_by: DecidedBy) -> None:
    clock = FakeClock()
    with pytest.raises(ValueError, match="only a model"):
        Verdict("v", a_part(clock), Outcome.OK, decided_by, (Reason.SCORE_BELOW_LIMIT,), 0, score=0.1)


def test_every_reason_has_both_languages() -> None:
    assert set(TEXTS) == set(Reason)
    for english, chinese in TEXTS.values():
        assert english.isascii()
        assert any("一" <= letter <= "鿿" for letter in chinese)
