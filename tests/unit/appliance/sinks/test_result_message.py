"""The result message against the published schema: the two must refuse and accept the same."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from appliance.domain.ids import IdSource
from appliance.domain.parts import Part, Trigger, TriggerSource
from appliance.domain.reasons import Reason
from appliance.domain.verdict import DecidedBy, Verdict
from appliance.sinks.result_message import ResultContext, ResultMessage, result_message
from appliance.sinks.result_schema import ModelBlock, RecipeBlock, StationBlock
from models.decision import Box, Detection, Fate, Limits, Outcome, Severity
from tests.fakes.parts import RECIPE

ROOT = Path(__file__).parents[4]
SCHEMA = json.loads((ROOT / "docs" / "result.schema.json").read_text())
FITS = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
HASH = "sha256:" + "0" * 64
IDS = IdSource()


def context(*, armed: bool = True, model: ModelBlock | None = None) -> ResultContext:
    return ResultContext(
        boot_id="0a1b2c3d",
        station=StationBlock(path="acme/hall/press/line1/cam1", serial="OKNG-0001", sw="0.1.0"),
        recipe=RecipeBlock(id="flange", number=1, version="3", hash=HASH),
        model=model,
        config_hash=HASH,
        simulated=True,
        armed=armed,
        utc=lambda ns: datetime(2026, 1, 2, tzinfo=UTC) + timedelta(microseconds=ns // 1000),
        clock="unsynced",
    )


def verdict(
    outcome: Outcome = Outcome.OK,
    decided_by: DecidedBy = DecidedBy.MODEL,
    *,
    reasons: tuple[Reason, ...] = (Reason.SCORE_BELOW_LIMIT,),
    detections: tuple[Detection, ...] = (),
    golden: bool = False,
    captured_ns: int | None = 2_000_000,
) -> Verdict:
    trigger = Trigger(TriggerSource.PLC, tag=7, received_ns=1_000_000, part_id="A-17", golden=golden)
    part = Part(IDS.next(), 1, 7, trigger, admitted_ns=1_500_000, deadline_ns=1_001_000_000, recipe=RECIPE)
    return Verdict(
        id=IDS.next(),
        part=part,
        outcome=outcome,
        decided_by=decided_by,
        reasons=reasons,
        decided_ns=12_000_000,
        score=0.25,
        detections=detections,
        limits=Limits(0.4, 0.6),
        captured_ns=captured_ns,
    )


def wire(message: ResultMessage) -> dict[str, object]:
    sent: dict[str, object] = json.loads(message.to_bytes())
    return sent


scores = st.floats(0, 1)
detections = st.builds(
    Detection,
    label=st.text(max_size=20),
    code=st.integers(1, 65535),
    score=scores,
    box=st.builds(Box, st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000)),
    mask_area_px=st.floats(0, 1e7),
    severity=st.sampled_from(Severity),
    length_mm=st.none() | st.floats(0, 1e4),
    fate=st.sampled_from(Fate),
    rule=st.sampled_from(["", "recheck:short:min_length_mm"]),
    limit=st.none() | st.floats(0, 1e4),
)
tolerated = detections.map(lambda found: replace(found, fate=Fate.SUPPRESSED, rule="suppress:short:min_length_mm"))
triggers = st.builds(
    Trigger,
    source=st.sampled_from(TriggerSource),
    tag=st.integers(0, 65535),
    received_ns=st.integers(0, 10**12),
    part_id=st.none() | st.text(max_size=64),
    golden=st.booleans(),
)
parts = st.builds(
    Part,
    id=st.builds(IDS.next),
    number=st.integers(1, 10**9),
    inspection_id=st.integers(1, 65535),
    trigger=triggers,
    admitted_ns=st.integers(0, 10**12),
    deadline_ns=st.integers(0, 10**12),
)
# What the ledger can give: a model says anything, everything else is ERROR.
judgements = st.tuples(st.sampled_from(Outcome), st.just(DecidedBy.MODEL)) | st.tuples(
    st.just(Outcome.ERROR), st.sampled_from([DecidedBy.TIMEOUT, DecidedBy.FAULT])
)


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    outcome, decided_by = draw(judgements)
    return Verdict(
        id=IDS.next(),
        part=draw(parts),
        outcome=outcome,
        decided_by=decided_by,
        reasons=tuple(draw(st.lists(st.sampled_from(Reason), max_size=20))),
        decided_ns=draw(st.integers(0, 10**12)),
        score=draw(scores),
        detections=tuple(draw(st.lists(tolerated if outcome is Outcome.OK else detections, max_size=70))),
        limits=draw(st.none() | st.just(Limits(0.4, 0.6))),
        captured_ns=draw(st.none() | st.integers(0, 10**12)),
        supersedes=draw(st.none() | st.builds(IDS.next)),
    )


@given(verdicts(), st.booleans(), st.integers(1, 2**63))
def test_every_verdict_becomes_a_message_that_fits_the_schema(given_: Verdict, armed: bool, seq: int) -> None:
    message = result_message(given_, context(armed=armed), seq)
    FITS.validate(wire(message))
    assert ResultMessage.model_validate_json(message.to_bytes()) == message
    assert message.gate.action != "pass" or (given_.outcome is Outcome.OK and armed and not given_.part.trigger.golden)


@given(
    outcome=st.sampled_from(["OK", "NG", "RECHECK", "NO_PART", "ERROR", "FINE"]),
    evaluation=st.sampled_from(["OK", "NotOK", "NotDecidable", "Undefined", "Good"]),
    state=st.sampled_from(["Completed", "Aborted", "Failed"]),
    action=st.sampled_from(["pass", "reject", "none", "maybe"]),
    change=st.sampled_from(
        [
            {},
            {"seq": 0},
            {"seq": "1"},
            {"inspection_id": 0},
            {"inspection_id": 65536},
            {"boot_id": "XYZ"},
            {"config_hash": "md5:0"},
            {"score": 1.5},
            {"part_id": "x" * 65},
            {"extra": 1},
            {"created": "yesterday"},
            {"reasons": ["r"] * 17},
            {"id": "7"},
            {"recipe": {"id": "a"}},
            {"simulated": None},
        ]
    ),
)
def test_model_and_schema_accept_and_refuse_the_same(
    outcome: str, evaluation: str, state: str, action: str, change: dict[str, object]
) -> None:
    message = wire(result_message(verdict(), context(), 1))
    message |= {"outcome": outcome, "evaluation": evaluation, "state": state}
    message |= {"gate": {"action": action, "outcome": "commanded"}} | change
    try:
        ResultMessage.model_validate_json(json.dumps(message))
        accepted = True
    except ValidationError:
        accepted = False
    assert accepted == FITS.is_valid(message)


@pytest.mark.parametrize(
    "wrong",
    [
        {"outcome": "ERROR", "evaluation": "Undefined"},
        {"outcome": "NG", "evaluation": "NotOK"},
        {"outcome": "RECHECK", "evaluation": "NotDecidable"},
        {"outcome": "NO_PART", "evaluation": "Undefined"},
        {"outcome": "OK", "evaluation": "NotOK"},
        {"state": "Aborted"},
        {"state": "Failed"},
    ],
)
def test_a_message_that_opens_the_gate_wrongly_is_refused_by_both(wrong: dict[str, str]) -> None:
    passing = wire(result_message(verdict(), context(), 1))
    assert passing["gate"] == {"action": "pass", "outcome": "commanded"}
    assert not FITS.is_valid(passing | wrong)
    with pytest.raises(ValidationError):
        ResultMessage.model_validate_json(json.dumps(passing | wrong))


def test_the_published_schema_is_the_designed_one() -> None:
    """Where the design folder lies beside the repository the texts are equal; the name holds everywhere."""
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == "urn:okng:result:1"
    designed = ROOT.parent / "shared" / "design" / "result.schema.json"
    assert not designed.exists() or json.loads(designed.read_text()) == SCHEMA


def test_the_model_knows_every_member_of_the_schema() -> None:
    fields = ResultMessage.model_fields.items()
    assert {field.serialization_alias or name for name, field in fields} == set(SCHEMA["properties"])


@pytest.mark.parametrize(
    ("outcome", "armed", "golden", "action"),
    [
        (Outcome.OK, True, False, "pass"),
        (Outcome.OK, False, False, "none"),
        (Outcome.OK, True, True, "none"),
        (Outcome.NG, True, False, "reject"),
        (Outcome.NG, False, False, "none"),
        (Outcome.RECHECK, True, False, "reject"),
        (Outcome.ERROR, True, False, "reject"),
        (Outcome.ERROR, False, False, "none"),
        (Outcome.NO_PART, True, False, "none"),
    ],
)
def test_gate_action(outcome: Outcome, armed: bool, golden: bool, action: str) -> None:
    message = result_message(verdict(outcome, golden=golden), context(armed=armed), 1)
    assert (message.gate.action, message.gate.outcome, message.golden) == (action, "commanded", golden)


def test_a_timeout_is_aborted_without_a_score_and_left_the_gate_at_its_default() -> None:
    missed = verdict(Outcome.ERROR, DecidedBy.TIMEOUT, reasons=(Reason.DEADLINE_MISSED,), captured_ns=None)
    message = result_message(missed, context(), 1)
    assert (message.state, message.gate.action, message.gate.outcome) == ("Aborted", "reject", "defaulted")
    assert (message.score, message.times.acquisition_ms, message.times.processing_ms) == (None, None, None)
    late = result_message(verdict(Outcome.ERROR, DecidedBy.TIMEOUT, reasons=(Reason.ANSWER_LATE,)), context(), 1)
    assert late.gate.outcome == "late"


def test_times_are_spans_of_the_monotonic_clock() -> None:
    times = result_message(verdict(), context(), 1).times
    assert (times.acquisition_ms, times.processing_ms, times.trigger_to_result_ms) == (1.0, 10.0, 11.0)
    assert times.start.microsecond == 2_000


def test_a_picture_older_than_its_trigger_has_no_acquisition_time() -> None:
    assert result_message(verdict(captured_ns=500_000), context(), 1).times.acquisition_ms is None


def test_the_worst_defect_leads_and_at_most_64_are_listed() -> None:
    def defect(code: int, score: float, severity: Severity) -> Detection:
        return Detection("scratch", code, score, Box(1, 2, 3, 4), 9.0, severity)

    minor = tuple(defect(1, 0.99, Severity.MINOR) for _ in range(70))
    message = result_message(verdict(Outcome.NG, detections=(*minor, defect(2, 0.7, Severity.CRITICAL))), context(), 1)
    assert message.evaluation_code == message.defects[0].code == 2
    assert len(message.defects) == 64
    assert json.loads(message.to_bytes())["defects"][0]["class"] == "scratch"


def test_a_verdict_that_contradicts_itself_is_no_message() -> None:
    with pytest.raises(ValidationError, match="is ERROR, not NG"):
        result_message(verdict(Outcome.NG, DecidedBy.FAULT), context(), 1)


def test_the_model_in_use_is_named() -> None:
    model = ModelBlock(id="flange-demo", hash=HASH, runtime="onnxruntime")
    assert wire(result_message(verdict(), context(model=model), 1))["model"] == model.model_dump()


def test_each_result_names_the_certificate_that_holds_then() -> None:
    certificate: list[str | None] = [HASH]
    shared = replace(context(), certificate=lambda: certificate[-1])
    assert wire(result_message(verdict(), shared, 1))["certificate"] == HASH
    certificate.append(None)
    assert "certificate" not in wire(result_message(verdict(), shared, 2))
