"""Rules per class: what they filter is looked at or counted, and never silence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.decision import Box, Decision, Detection, Fate, Limits, Outcome, Severity, outcome_of
from models.prepared import Pose
from models.rules import NO_RULES, NOT_EXPLAINED, RECHECK_BY_RULE, SUPPRESSED, ClassRule, RuleSet
from models.zones import Zone

LIMITS = Limits(0.4, 0.7)
WORSE = [Outcome.OK, Outcome.RECHECK, Outcome.NG]
FACE = Zone("face", ((0, 0), (50, 0), (50, 100), (0, 100)))
EDGE = Zone("edge", ((40, 0), (100, 0), (100, 100), (40, 100)))
LEFT, BOTH, RIGHT, OUTSIDE = Box(5, 5, 10, 10), Box(42, 5, 6, 6), Box(60, 5, 10, 10), Box(200, 200, 9, 9)


def found(
    label: str = "scratch",
    score: float = 0.8,
    *,
    box: Box = LEFT,
    area: float = 20.0,
    length: float | None = 1.0,
    severity: Severity = Severity.MAJOR,
) -> Detection:
    return Detection(label, 2, score, box, area, severity, length, None if length is None else area / 100)


def decision(*detections: Detection, score: float | None = None, complete: bool = True) -> Decision:
    image = score if score is not None else max((one.score for one in detections), default=0.0)
    return Decision(outcome_of(image, LIMITS), image, ("score_above_limit",), detections, LIMITS, complete)


def short(otherwise: Fate = Fate.SUPPRESSED, **more: object) -> ClassRule:
    """Scratches count from 2 mm on."""
    return ClassRule("short", "scratch", min_length_mm=2.0, otherwise=otherwise, **more)  # type: ignore[arg-type]


def test_a_detection_below_a_rule_makes_the_part_recheck() -> None:
    ruled = RuleSet((short(Fate.RECHECKED),)).apply(decision(found()))
    (scratch,) = ruled.detections
    assert (ruled.outcome, ruled.reasons) == (Outcome.RECHECK, (RECHECK_BY_RULE,))
    assert (scratch.fate, scratch.rule, scratch.limit) == (Fate.RECHECKED, "recheck:short:min_length_mm", 2.0)


def test_a_part_is_ok_when_every_detection_is_suppressed() -> None:
    ruled = RuleSet((short(),)).apply(decision(found(), found(score=0.5)))
    assert (ruled.outcome, ruled.reasons) == (Outcome.OK, (SUPPRESSED,))
    assert [one.rule for one in ruled.detections] == ["suppress:short:min_length_mm"] * 2


def test_one_detection_that_counts_lets_the_models_word_stand() -> None:
    ruled = RuleSet((short(),)).apply(decision(found(), found(length=2.0), found("dent")))
    assert (ruled.outcome, ruled.reasons) == (Outcome.NG, ("score_above_limit", SUPPRESSED))
    assert [one.fate for one in ruled.detections] == [Fate.SUPPRESSED, Fate.KEPT, Fate.KEPT]


def test_what_is_looked_at_outweighs_what_is_suppressed() -> None:
    dents = ClassRule("dents", "dent", min_score=0.9)
    ruled = RuleSet((short(), dents)).apply(decision(found(), found("dent")))
    assert (ruled.outcome, ruled.reasons) == (Outcome.RECHECK, (RECHECK_BY_RULE, SUPPRESSED))


@pytest.mark.parametrize(
    "unexplained",
    [
        decision(found(score=0.5), score=0.8),  # the picture scores more than anything in it
        decision(found(), complete=False),  # there was more than was listed, or nothing at all
    ],
)
def test_a_score_that_no_suppressed_region_explains_is_recheck(unexplained: Decision) -> None:
    ruled = RuleSet((short(),)).apply(unexplained)
    assert (ruled.outcome, ruled.reasons) == (Outcome.RECHECK, (NOT_EXPLAINED, SUPPRESSED))


def test_a_score_that_rounding_lifts_over_its_region_is_explained() -> None:
    assert RuleSet((short(),)).apply(decision(found(score=0.64), score=0.6400000001)).outcome is Outcome.OK


@pytest.mark.parametrize(
    ("rule", "counts"),
    [
        (ClassRule("r", "scratch", min_score=0.8), True),
        (ClassRule("r", "scratch", min_score=0.81), False),
        (ClassRule("r", "scratch", min_area_px=20.0), True),
        (ClassRule("r", "scratch", min_area_px=20.1), False),
        (ClassRule("r", "scratch", min_area_mm2=0.2), True),
        (ClassRule("r", "scratch", min_area_mm2=0.21), False),
        (ClassRule("r", "scratch", min_length_mm=1.0), True),
        (ClassRule("r", "scratch", min_length_mm=1.1), False),
        (ClassRule("r", "scratch", min_length_mm=1.0, min_area_px=500.0), True),  # long is enough, thin or not
        (ClassRule("r", "scratch", min_length_mm=1.1, min_area_px=500.0), False),
        (ClassRule("r", "dent", min_score=1.0), True),
        (ClassRule("r", "scratch", severity=Severity.MINOR), True),
    ],
)
def test_a_detection_counts_when_it_reaches_any_figure_of_its_rule(rule: ClassRule, counts: bool) -> None:
    (scratch,) = RuleSet((rule,)).apply(decision(found())).detections
    assert (scratch.fate is Fate.KEPT) is counts


def test_what_is_not_known_counts() -> None:
    assert RuleSet((short(),)).apply(decision(found(length=None))).outcome is Outcome.NG
    small = ClassRule("small", "scratch", min_area_mm2=99.0, otherwise=Fate.SUPPRESSED)
    assert RuleSet((small,)).apply(decision(found(length=None))).outcome is Outcome.NG


def test_more_than_so_many_small_ones_all_count() -> None:
    rules = RuleSet((short(max_count=2),))
    assert rules.apply(decision(found(), found())).outcome is Outcome.OK
    ruled = rules.apply(decision(found(), found(), found()))
    assert ruled.outcome is Outcome.NG
    assert [(one.fate, one.rule, one.limit) for one in ruled.detections] == [(Fate.KEPT, "keep:short:max_count", 2)] * 3


@pytest.mark.parametrize("severity", [None, Severity.MINOR])
def test_what_the_catalogue_calls_critical_is_never_suppressed(severity: Severity | None) -> None:
    ruled = RuleSet((short(severity=severity),)).apply(decision(found(severity=Severity.CRITICAL)))
    assert ruled.outcome is Outcome.NG


def test_what_the_recipe_calls_critical_is_never_suppressed() -> None:
    rules = RuleSet((short(),), (("scratch", Severity.CRITICAL),))
    ruled = rules.apply(decision(found()))
    assert (ruled.outcome, ruled.detections[0].severity) == (Outcome.NG, Severity.CRITICAL)


@pytest.mark.parametrize(
    ("box", "fate", "severity"),
    [
        (LEFT, Fate.KEPT, Severity.CRITICAL),
        (BOTH, Fate.KEPT, Severity.CRITICAL),
        (RIGHT, Fate.SUPPRESSED, Severity.MAJOR),
        (OUTSIDE, Fate.RECHECKED, Severity.MAJOR),
    ],
)
def test_a_zone_has_its_own_rule_and_the_strictest_holds(box: Box, fate: Fate, severity: Severity) -> None:
    rules = (
        ClassRule("face", "scratch", FACE, severity=Severity.CRITICAL),
        ClassRule("edge", "scratch", EDGE, min_score=0.9, otherwise=Fate.SUPPRESSED),
        ClassRule("elsewhere", "scratch", min_score=0.9),
    )
    (scratch,) = RuleSet(rules).apply(decision(found(box=box))).detections
    assert (scratch.fate, scratch.severity) == (fate, severity)


def test_what_reaches_out_of_a_lenient_zone_is_not_excused_by_it() -> None:
    edge = ClassRule("edge", "scratch", EDGE, min_score=0.9, otherwise=Fate.SUPPRESSED)
    assert RuleSet((edge,)).apply(decision(found(box=Box(45, 5, 20, 5)))).outcome is Outcome.OK
    assert RuleSet((edge,)).apply(decision(found(box=Box(39, 5, 20, 5)))).outcome is Outcome.NG


TURNED = Pose(((0.0, -1.0, 100.0), (1.0, 0.0, 0.0)), 0.1, 0.9, 50.0, 90.0)
SHIFTED = Pose(((1.0, 0.0, 60.0), (0.0, 1.0, 0.0)), 0.1, 0.9, 60.0, 0.0)
HALF_A_PIXEL = Pose(((1.0, 0.0, 0.5), (0.0, 1.0, 0.0)), 0.1, 0.9, 0.5, 0.0)


@pytest.mark.parametrize(
    ("box", "pose", "tolerated"),
    [
        (Box(5, 5, 10, 10), None, False),
        (Box(5, 5, 10, 10), SHIFTED, True),  # x 65 to 75, on the edge
        (Box(45, 5, 10, 10), SHIFTED, False),  # x 105 to 115, beyond it
        (Box(5, 20, 10, 10), TURNED, True),  # the picture's rows are the reference's columns: x 69 to 79
        (Box(5, 70, 10, 10), TURNED, False),  # x 19 to 29, on the face
        (Box(90, 5, 10, 10), None, True),
        (Box(90, 5, 10, 10), HALF_A_PIXEL, False),  # what may reach out does
    ],
)
def test_zones_move_with_the_part(box: Box, pose: Pose | None, tolerated: bool) -> None:
    edge = ClassRule("edge", "scratch", EDGE, min_score=0.9, otherwise=Fate.SUPPRESSED)
    ruled = RuleSet((edge,)).apply(decision(found(box=box)), pose)
    assert ruled.outcome is (Outcome.OK if tolerated else Outcome.NG)
    assert ruled.detections[0].box == box, "boxes stay on the camera's picture"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: short(Fate.KEPT), 'otherwise is "recheck" or "suppress"'),
        (lambda: ClassRule("r", "scratch"), "says nothing"),
        (lambda: ClassRule("r", "scratch", severity=Severity.MINOR, otherwise=Fate.SUPPRESSED), "however large"),
        (lambda: ClassRule("r", "scratch", severity=Severity.MINOR, max_count=2), "however large"),
        (lambda: ClassRule("r", "unknown_defect", min_score=1.0, otherwise=Fate.SUPPRESSED), "unknown defect"),
        (lambda: short(severity=Severity.CRITICAL), "critical is never suppressed"),
        (lambda: ClassRule("a:b", "scratch", min_score=1.0), "without a colon"),
        (lambda: RuleSet((short(), replace(short(), name="again"))), "2 rules speak of scratch without a zone"),
        (lambda: RuleSet((short(), replace(short(), label="dent"))), "2 rules have the name short"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(make: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()  # type: ignore[operator]


# Properties

LABELS = ("scratch", "dent", "unknown_defect")
UNITS = st.sampled_from([0.3, 0.45, 0.6, 0.75, 0.9])
DETECTIONS = st.builds(
    found,
    st.sampled_from(LABELS),
    UNITS,
    box=st.sampled_from([LEFT, BOTH, RIGHT, OUTSIDE, Box(30, 0, 30, 30)]),
    area=st.sampled_from([5.0, 20.0, 80.0]),
    length=st.sampled_from([None, 0.5, 3.0]),
    severity=st.sampled_from(Severity),
)


@st.composite
def decisions(draw: st.DrawFn) -> Decision:
    detections = draw(st.lists(DETECTIONS, max_size=5))
    return decision(*detections, score=draw(UNITS), complete=draw(st.booleans()))


@st.composite
def rule_sets(draw: st.DrawFn) -> RuleSet:
    rules = []
    for label in LABELS:
        for zone in (None, FACE, EDGE):
            if not draw(st.booleans()):
                continue
            critical = draw(st.booleans())
            forbidden = critical or label == "unknown_defect"
            rules.append(
                ClassRule(
                    f"{label}-{zone.name if zone else 'all'}",
                    label,
                    zone,
                    min_score=draw(UNITS),
                    min_length_mm=draw(st.sampled_from([None, 1.0])),
                    max_count=draw(st.sampled_from([None, 1, 2])),
                    severity=Severity.CRITICAL if critical else None,
                    otherwise=Fate.RECHECKED if forbidden or draw(st.booleans()) else Fate.SUPPRESSED,
                )
            )
    return RuleSet(tuple(rules))


def rank(outcome: Outcome) -> int:
    return WORSE.index(outcome)


@settings(max_examples=100)
@given(rule_sets(), decisions())
def test_nothing_found_is_lost(rules: RuleSet, given_: Decision) -> None:
    ruled = rules.apply(given_)
    unchanged = [
        replace(one, fate=Fate.KEPT, rule="", limit=None, severity=before.severity)
        for one, before in zip(ruled.detections, given_.detections, strict=True)
    ]
    assert tuple(unchanged) == given_.detections
    counts = [sum(one.fate is fate for one in ruled.detections) for fate in Fate]
    assert sum(counts) == len(given_.detections)
    assert (ruled.score, ruled.limits, ruled.complete) == (given_.score, given_.limits, given_.complete)


@settings(max_examples=100)
@given(rule_sets(), decisions())
def test_only_a_part_whose_every_detection_is_suppressed_becomes_ok(rules: RuleSet, given_: Decision) -> None:
    ruled = rules.apply(given_)
    assert rank(ruled.outcome) <= rank(given_.outcome)
    if ruled.outcome is not Outcome.OK or given_.outcome is Outcome.OK:
        return
    assert given_.complete and given_.detections
    assert given_.score <= max(one.score for one in given_.detections)
    for one, before in zip(ruled.detections, given_.detections, strict=True):
        assert one.fate is Fate.SUPPRESSED and one.rule
        assert one.label != "unknown_defect"
        assert Severity.CRITICAL not in (one.severity, before.severity)


@settings(max_examples=100)
@given(rule_sets(), decisions(), st.randoms())
def test_the_order_of_rules_means_nothing(rules: RuleSet, given_: Decision, random: object) -> None:
    shuffled = list(rules.rules)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert RuleSet(tuple(shuffled)).apply(given_) == rules.apply(given_)


@settings(max_examples=100)
@given(rule_sets(), decisions(), st.integers(0, 4))
def test_a_detection_less_makes_no_part_worse(rules: RuleSet, given_: Decision, index: int) -> None:
    fewer = given_.detections[:index] + given_.detections[index + 1 :]
    # What explains the picture's score must stay: without it the score would have no cause.
    if not fewer or max(one.score for one in fewer) < given_.score:
        return
    less = rules.apply(replace(given_, detections=fewer))
    assert rank(less.outcome) <= rank(rules.apply(given_).outcome)


@settings(max_examples=100)
@given(rule_sets(), decisions())
def test_a_station_believes_what_its_own_rules_made(rules: RuleSet, given_: Decision) -> None:
    ruled = rules.apply(given_)
    assert rank(rules.provable(ruled, LIMITS)) <= rank(ruled.outcome)


@settings(max_examples=100)
@given(rule_sets(), rule_sets(), decisions())
def test_a_station_without_the_rule_does_not_believe_a_suppression(
    mine: RuleSet, theirs: RuleSet, given_: Decision
) -> None:
    ruled = theirs.apply(given_)
    if mine.provable(ruled, LIMITS) is Outcome.OK and outcome_of(given_.score, LIMITS) is not Outcome.OK:
        names = {rule.name for rule in mine.rules if rule.otherwise is Fate.SUPPRESSED}
        assert all(one.rule.split(":")[1] in names for one in ruled.detections)
    assert NO_RULES.provable(ruled, LIMITS) is outcome_of(given_.score, LIMITS)


@pytest.mark.parametrize(
    "claimed",
    [
        {"rule": ""},
        {"rule": "suppress:another:min_length_mm"},
        {"label": "dent"},
        {"length_mm": 5.0},
        {"length_mm": None},
        {"severity": Severity.CRITICAL},
        {"fate": Fate.KEPT},
    ],
)
def test_a_suppression_that_is_not_proven_is_not_believed(claimed: dict[str, object]) -> None:
    rules = RuleSet((short(),))
    ruled = rules.apply(decision(found()))
    assert rules.provable(ruled, LIMITS) is Outcome.OK
    forged = replace(ruled, detections=(replace(ruled.detections[0], **claimed),))  # type: ignore[arg-type]
    assert rules.provable(forged, LIMITS) is Outcome.NG


def test_more_suppressions_than_the_rule_allows_are_not_believed() -> None:
    ruled = RuleSet((short(),)).apply(decision(found(), found()))
    assert RuleSet((short(max_count=1),)).provable(ruled, LIMITS) is Outcome.NG


def test_a_suppression_that_does_not_explain_the_score_proves_recheck_at_best() -> None:
    rules = RuleSet((short(),))
    ruled = rules.apply(decision(found()))
    assert rules.provable(replace(ruled, score=0.95), LIMITS) is Outcome.RECHECK
    assert rules.provable(replace(ruled, complete=False), LIMITS) is Outcome.RECHECK
