"""Two models' words on one part: never OK unless both say OK."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.combine import DISAGREE, Combine, combine, combined
from models.decision import Box, Decision, Detection, Fate, Limits, Outcome, Severity
from models.rules import SUPPRESSED, ClassRule, RuleSet

OK, RECHECK, NG = Outcome.OK, Outcome.RECHECK, Outcome.NG
SCORES = {OK: 0.1, RECHECK: 0.5, NG: 0.9}
NAMES = ("blocks", "classes")
SHORT = RuleSet((ClassRule("short", "scratch", min_length_mm=2.0, otherwise=Fate.SUPPRESSED),))


def says(outcome: Outcome, score: float | None = None, limits: Limits | None = None) -> Decision:
    found = (Detection("scratch", 2, SCORES[outcome], Box(1, 2, 3, 4), 12.0, Severity.MAJOR, 0.5),)
    detections = () if outcome is OK else found
    image = SCORES[outcome] if score is None else score
    return Decision(outcome, image, (f"said {outcome}",), detections, limits or Limits(0.4, 0.7), complete=True)


@pytest.mark.parametrize(
    ("one", "other", "worst", "agree"),
    [
        (OK, OK, OK, OK),
        (OK, RECHECK, RECHECK, RECHECK),
        (OK, NG, NG, RECHECK),
        (RECHECK, RECHECK, RECHECK, RECHECK),
        (RECHECK, NG, NG, RECHECK),
        (NG, NG, NG, NG),
    ],
)
def test_what_two_words_make(one: Outcome, other: Outcome, worst: Outcome, agree: Outcome) -> None:
    for pair in ((one, other), (other, one)):
        assert combined(pair, Combine.WORST) is worst
        assert combined(pair, Combine.AGREE) is agree
        assert combine([says(word) for word in pair], NAMES, Combine.WORST).outcome is worst
        assert combine([says(word) for word in pair], NAMES, Combine.AGREE).outcome is agree


@pytest.mark.parametrize("how", Combine)
@pytest.mark.parametrize("word", [OK, RECHECK, NG])
def test_one_model_alone_has_its_word(how: Combine, word: Outcome) -> None:
    assert combined([word], how) is word


def test_a_disagreement_says_so_and_shows_the_worse_ones_score() -> None:
    decision = combine([says(OK), says(NG)], NAMES, Combine.AGREE)
    assert (decision.reasons, decision.score) == ((DISAGREE,), 0.9)
    assert combine([says(OK), says(NG)], NAMES, Combine.WORST).reasons == ("said NG",)


def test_score_and_limits_are_of_the_model_that_sees_most_wrong_by_its_own_limits() -> None:
    strict = Limits(0.1, 0.2)
    decision = combine([says(NG, 0.72), says(NG, 0.6, strict)], NAMES, Combine.WORST)
    assert (decision.score, decision.limits) == (0.6, strict)


def test_every_detection_of_either_stays_and_names_its_model() -> None:
    decision = combine([says(NG), says(RECHECK)], NAMES, Combine.WORST)
    assert [(found.model, found.score) for found in decision.detections] == [("blocks", 0.9), ("classes", 0.5)]
    assert [member.outcome for member in decision.members] == [NG, RECHECK]


def test_what_one_models_rules_suppress_is_told_beside_the_other() -> None:
    tolerated = SHORT.apply(says(NG))
    assert tolerated.outcome is OK
    both = combine([tolerated, says(OK)], NAMES, Combine.WORST)
    assert (both.outcome, both.reasons, both.score) == (OK, (SUPPRESSED,), 0.9)
    beside = combine([tolerated, says(NG)], NAMES, Combine.WORST)
    assert (beside.outcome, beside.reasons) == (NG, ("said NG", SUPPRESSED))
    assert combine([tolerated, says(NG)], NAMES, Combine.AGREE).reasons == (DISAGREE, SUPPRESSED)


words = st.sampled_from([OK, RECHECK, NG])


@given(words, words, st.sampled_from(Combine), st.floats(0, 1), st.floats(0, 1))
def test_no_combination_is_ok_unless_both_models_are(
    one: Outcome, other: Outcome, how: Combine, first: float, second: float
) -> None:
    decision = combine([says(one, first), says(other, second)], NAMES, how)
    assert (decision.outcome is OK) is (one is other is OK)
    assert decision.outcome in (one, other, RECHECK)
    assert len(decision.detections) == (one is not OK) + (other is not OK)
    assert replace(decision.members[0], detections=()) == replace(says(one, first), detections=())
