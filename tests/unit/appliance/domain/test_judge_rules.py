"""What a rule of the recipe suppresses is believed only where the station can prove it itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.domain.judge import Found, Rules, judge
from appliance.domain.reasons import Reason
from appliance.domain.verdict import DecidedBy, Verdict
from models.combine import Combine, combine
from models.decision import Box, Decision, Detection, Fate, Limits, Outcome, Severity, Unfit
from models.rules import ClassRule, RuleSet
from tests.fakes.clock import FakeClock
from tests.fakes.parts import LIMITS, make_frame, make_ledger, make_trigger

SCRATCH = Detection("scratch", 2, 0.9, Box(1, 2, 3, 4), 12.0, Severity.MAJOR, 0.5)
DENT = Detection("dent", 7, 0.8, Box(1, 2, 3, 4), 12.0, Severity.MINOR, 0.5)
SHORT = ClassRule("short", "scratch", min_length_mm=2.0, otherwise=Fate.SUPPRESSED)
DENTS = ClassRule("dents", "dent", min_score=0.85)
RULES = Rules(LIMITS, 250_000_000, RuleSet((SHORT, DENTS)))


def found(*detections: Detection, complete: bool = True) -> Decision:
    return Decision(Outcome.NG, 0.9, ("score_above_limit",), detections, LIMITS, complete)


def verdict_on(decision: Decision, rules: Rules = RULES, unfit: Unfit | None = None) -> Verdict:
    clock = FakeClock()
    part = make_ledger(clock).admit(make_trigger(clock))
    assert part is not None
    return judge("v", part, make_frame(clock), Found(decision, unfit), rules, clock.now_ns)


def test_a_part_whose_only_defect_the_recipe_tolerates_is_ok_by_rule() -> None:
    verdict = verdict_on(RULES.by_class.apply(found(SCRATCH)))
    assert (verdict.outcome, verdict.decided_by) == (Outcome.OK, DecidedBy.RULE)
    assert verdict.reasons == (Reason.SUPPRESSED,)
    assert (verdict.suppressed, verdict.code, verdict.score) == (1, 0, 0.9)
    assert [one.label for one in verdict.detections] == ["scratch"]


def test_a_defect_below_a_rule_is_looked_at() -> None:
    verdict = verdict_on(RULES.by_class.apply(found(SCRATCH, DENT)))
    assert (verdict.outcome, verdict.decided_by) == (Outcome.RECHECK, DecidedBy.RULE)
    assert verdict.reasons == (Reason.RECHECK_BY_RULE, Reason.SUPPRESSED)
    assert (verdict.suppressed, verdict.code) == (1, 7)  # the worst that is not tolerated, though it is minor


def test_a_defect_that_counts_keeps_the_models_word_and_its_tolerated_neighbour_is_told() -> None:
    long = replace(SCRATCH, length_mm=3.0)
    verdict = verdict_on(RULES.by_class.apply(found(SCRATCH, long)))
    assert (verdict.outcome, verdict.decided_by) == (Outcome.NG, DecidedBy.MODEL)
    assert verdict.reasons == (Reason.SCORE_ABOVE_LIMIT, Reason.SUPPRESSED)
    assert [one.fate for one in verdict.worst_first] == [Fate.KEPT, Fate.SUPPRESSED]


def test_a_score_that_is_not_explained_is_recheck() -> None:
    verdict = verdict_on(RULES.by_class.apply(found(SCRATCH, complete=False)))
    assert (verdict.outcome, verdict.reasons[0]) == (Outcome.RECHECK, Reason.SCORE_NOT_EXPLAINED)


@pytest.mark.parametrize(
    "decision",
    [
        replace(found(SCRATCH), outcome=Outcome.OK),  # no rule said so
        replace(found(), outcome=Outcome.OK, reasons=("suppressed",)),  # nothing is there to suppress
        replace(RULES.by_class.apply(found(SCRATCH)), detections=(SCRATCH,)),
        replace(
            RULES.by_class.apply(found(SCRATCH)),
            detections=(replace(RULES.by_class.apply(found(SCRATCH)).detections[0], length_mm=9.0),),
        ),
    ],
)
def test_an_ok_that_the_rules_do_not_prove_is_not_believed(decision: Decision) -> None:
    verdict = verdict_on(decision)
    assert (verdict.outcome, verdict.reasons) == (Outcome.NG, (Reason.SCORE_ABOVE_LIMIT,))
    assert verdict.suppressed == 0 and verdict.code == (2 if verdict.detections else 0)


def test_a_station_without_the_rule_does_not_believe_the_model() -> None:
    ruled = RULES.by_class.apply(found(SCRATCH))
    assert verdict_on(ruled, replace(RULES, by_class=RuleSet())).outcome is Outcome.NG


@pytest.mark.parametrize("unfit", Unfit)
def test_nothing_is_suppressed_in_a_picture_that_proves_nothing(unfit: Unfit) -> None:
    assert verdict_on(RULES.by_class.apply(found(SCRATCH)), unfit=unfit).outcome is Outcome.ERROR


def test_a_suppression_without_a_score_above_the_limit_is_a_plain_ok() -> None:
    decision = replace(RULES.by_class.apply(found(SCRATCH)), score=0.1)
    verdict = verdict_on(decision)
    assert (verdict.outcome, verdict.decided_by, verdict.detections) == (Outcome.OK, DecidedBy.MODEL, ())


@pytest.mark.parametrize(
    ("decided_by", "detections"), [(DecidedBy.RULE, ()), (DecidedBy.RULE, (SCRATCH,)), (DecidedBy.MODEL, (SCRATCH,))]
)
def test_ok_cannot_be_written_beside_a_defect_that_counts(
    decided_by: DecidedBy, detections: tuple[Detection, ...]
) -> None:
    clock = FakeClock()
    part = make_ledger(clock).admit(make_trigger(clock))
    assert part is not None
    with pytest.raises(ValueError, match=r"only a model|no rule suppresses"):
        Verdict("v", part, Outcome.OK, decided_by, (Reason.SUPPRESSED,), 0, score=0.9, detections=detections)


def test_what_is_suppressed_is_counted_once_it_is_settled() -> None:
    clock = FakeClock()
    ledger = make_ledger(clock)
    part = ledger.admit(make_trigger(clock))
    assert part is not None
    decision = RULES.by_class.apply(found(SCRATCH, SCRATCH))
    standing = ledger.close(judge("v", part, make_frame(clock), Found(decision), RULES, clock.now_ns))
    assert standing is not None and ledger.snapshot().suppressed == 0
    ledger.settle(standing)
    snapshot = ledger.snapshot()
    assert (snapshot.suppressed, snapshot.ok, snapshot.balanced) == (2, 1, True)


# Two models

PAIR = replace(RULES, second=LIMITS)
AGREE = replace(PAIR, combine=Combine.AGREE)
GOOD = Decision(Outcome.OK, 0.1, ("score_below_limit",), (), LIMITS)
BAD = found(replace(SCRATCH, length_mm=9.0))


def both(one: Decision, other: Decision, how: Combine = Combine.WORST) -> Decision:
    return combine([one, other], ("a", "b"), how)


def test_a_part_is_ok_when_both_models_say_so() -> None:
    verdict = verdict_on(both(GOOD, GOOD), PAIR)
    assert (verdict.outcome, verdict.decided_by, verdict.detections) == (Outcome.OK, DecidedBy.MODEL, ())


@pytest.mark.parametrize("pair", [(GOOD, BAD), (BAD, GOOD)])
def test_either_model_can_reject_or_ask_for_a_look(pair: tuple[Decision, Decision]) -> None:
    assert verdict_on(both(*pair), PAIR).outcome is Outcome.NG
    verdict = verdict_on(both(*pair, Combine.AGREE), AGREE)
    assert (verdict.outcome, verdict.decided_by) == (Outcome.RECHECK, DecidedBy.RULE)
    assert verdict.reasons == (Reason.MODELS_DISAGREE,)
    assert [one.fate for one in verdict.detections] == [Fate.KEPT]


@pytest.mark.parametrize(
    "decision",
    [
        replace(both(GOOD, BAD), outcome=Outcome.OK),  # one of the two never said so
        both(GOOD, replace(BAD, outcome=Outcome.OK)),  # nor does its score
    ],
)
def test_an_ok_that_one_model_does_not_prove_is_not_believed(decision: Decision) -> None:
    assert verdict_on(decision, PAIR).outcome is Outcome.NG


def test_each_model_is_held_to_its_own_limits() -> None:
    strict = replace(PAIR, second=Limits(0.05, 0.08))
    assert verdict_on(both(GOOD, GOOD), strict).outcome is Outcome.NG


@pytest.mark.parametrize(
    "decision", [GOOD, replace(both(GOOD, GOOD), members=(GOOD,)), replace(both(GOOD, GOOD), members=(GOOD,) * 3)]
)
def test_a_part_that_only_one_of_two_models_judged_is_error(decision: Decision) -> None:
    verdict = verdict_on(decision, PAIR)
    assert (verdict.outcome, verdict.reasons) == (Outcome.ERROR, (Reason.MODEL_FAILED,))


def test_a_second_opinion_that_nobody_asked_for_is_error() -> None:
    assert verdict_on(both(GOOD, GOOD), RULES).outcome is Outcome.ERROR


def test_what_both_models_rules_suppress_is_ok_and_keeps_who_found_it() -> None:
    tolerated = RULES.by_class.apply(found(SCRATCH))
    verdict = verdict_on(both(GOOD, tolerated), PAIR)
    assert (verdict.outcome, verdict.reasons, verdict.score) == (Outcome.OK, (Reason.SUPPRESSED,), 0.9)
    assert [one.model for one in verdict.detections] == ["b"]
