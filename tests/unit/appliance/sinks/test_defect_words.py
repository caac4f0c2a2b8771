"""A defect's class, code, names and severity on their way to PLC, MQTT and page, as the recipe has them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from appliance.domain.judge import Found, Rules, judge
from appliance.domain.verdict import Verdict
from appliance.pipeline.telemetry import live_verdict
from appliance.recipes.rules import ClassConfig, RulesConfig
from appliance.sinks.identity import identity_message, result_context
from appliance.sinks.result_message import ResultContext, ResultMessage, result_message
from models.decision import Box, Decision, DefectClass, Detection, Fate, Limits, Outcome, Severity
from models.detector import ModelInfo
from models.rules import ClassRule, RuleSet
from tests.fakes.clock import FakeClock
from tests.fakes.parts import LIMITS, make_frame, make_ledger, make_trigger
from tests.unit.appliance.sinks.test_identity import HASH, make_config

CATALOGUE = (
    DefectClass("unknown_defect", 1, "Unknown defect", "未知缺陷", Severity.MAJOR),
    DefectClass("scratch", 41, "Scratch", "划痕", Severity.MINOR),
    DefectClass("dent", 7, "Dent", "凹痕", Severity.MAJOR),
)
RECIPE = RulesConfig(classes=(ClassConfig(label="scratch", name_zh="密封面划痕", severity="critical"),))
SCRATCH = Detection("scratch", 41, 0.8, Box(1, 2, 3, 4), 12.0, Severity.MINOR, 0.5, 2.5)
DENT = Detection("dent", 7, 0.9, Box(5, 6, 7, 8), 30.0, Severity.MAJOR, 3.5, 9.0)
DENTS = ClassRule("dents", "dent", min_length_mm=4.0, otherwise=Fate.SUPPRESSED)


def verdict_on(*detections: Detection, rules: RuleSet) -> Verdict:
    clock = FakeClock()
    part = make_ledger(clock).admit(make_trigger(clock))
    assert part is not None
    decision = Decision(Outcome.NG, 0.9, ("score_above_limit",), detections, LIMITS, complete=True)
    own = Rules(LIMITS, 250_000_000, rules)
    return judge("v", part, make_frame(clock), Found(rules.apply(decision)), own, clock.now_ns)


def context(folder: Path) -> ResultContext:
    info = ModelInfo("m", "1", HASH, "onnxruntime 1", (64, 64), RECIPE.named(CATALOGUE), Limits(0.4, 0.6), True)
    config = make_config(folder, armed=True)
    recipe = config.inline_recipe().key
    return result_context(config, HASH, recipe, info, boot_id="00000001", utc=lambda ns: datetime.now(UTC))


def message_of(verdict: Verdict, folder: Path) -> ResultMessage:
    return result_message(replace(verdict, id="01a201a0-899c-7000-a1f8-fdcb67c01b00"), context(folder), 1)


def test_the_plc_gets_the_code_of_the_gravest_defect_by_the_recipes_severity() -> None:
    assert verdict_on(SCRATCH, DENT, rules=RuleSet()).code == 7
    assert verdict_on(SCRATCH, DENT, rules=RECIPE.rule_set(RECIPE.named(CATALOGUE))).code == 41


def test_the_plc_never_gets_the_code_of_what_the_recipe_tolerates() -> None:
    assert verdict_on(SCRATCH, DENT, rules=RuleSet((DENTS,))).code == 41
    assert verdict_on(DENT, rules=RuleSet((DENTS,))).code == 0


def test_the_result_carries_class_code_and_severity_and_who_suppressed_it(tmp_path: Path) -> None:
    rules = replace(RECIPE.rule_set(RECIPE.named(CATALOGUE)), rules=(DENTS,))
    sent = json.loads(message_of(verdict_on(SCRATCH, DENT, rules=rules), tmp_path).to_bytes())
    scratch, dent = sent["defects"]
    assert (sent["outcome"], sent["evaluation_code"]) == ("NG", 41)
    assert (scratch["class"], scratch["code"], scratch["severity"]) == ("scratch", 41, "critical")
    assert "rule" not in scratch and "limit" not in scratch
    assert (dent["class"], dent["rule"], dent["limit"]) == ("dent", "suppress:dents:min_length_mm", 4.0)
    assert (dent["length_mm"], dent["area_px"]) == (3.5, 30.0)
    assert sent["reasons"] == ["score_above_limit", "suppressed"]


def test_an_ok_by_rule_says_so_with_its_score_and_what_was_tolerated(tmp_path: Path) -> None:
    message = message_of(verdict_on(DENT, rules=RuleSet((DENTS,))), tmp_path)
    assert (message.outcome, message.decided_by, message.reasons) == ("OK", "rule", ("suppressed",))
    assert (message.score, message.evaluation_code, message.state) == (0.9, 0, "Completed")
    assert [defect.class_ for defect in message.defects] == ["dent"]


def test_an_ok_beside_a_defect_that_nobody_suppresses_is_no_message(tmp_path: Path) -> None:
    sent = json.loads(message_of(verdict_on(DENT, rules=RuleSet((DENTS,))), tmp_path).to_bytes())
    sent["defects"][0]["rule"] = "recheck:dents:min_length_mm"
    with pytest.raises(ValidationError, match="no rule suppresses"):
        ResultMessage.model_validate_json(json.dumps(sent))


def test_mqtt_says_once_what_codes_and_classes_mean_in_both_languages(tmp_path: Path) -> None:
    sent = json.loads(identity_message(context(tmp_path)).to_bytes())
    assert sent["classes"][1] == {
        "class": "scratch",
        "code": 41,
        "name_en": "Scratch",
        "name_zh": "密封面划痕",
        "severity": "critical",
    }
    assert [row["code"] for row in sent["classes"]] == [1, 41, 7]


def test_the_page_gets_both_names_code_severity_and_fate() -> None:
    rules = replace(RECIPE.rule_set(RECIPE.named(CATALOGUE)), rules=(DENTS,))
    shown = live_verdict(
        verdict_on(SCRATCH, DENT, rules=rules),
        {row.label: row for row in RECIPE.named(CATALOGUE)},
        size_px=(64, 64),
        picture=True,
        latency_ms=1.0,
        decided_utc="",
    )
    scratch, dent = shown.defects
    assert (scratch.code, scratch.name_en, scratch.name_zh) == (41, "Scratch", "密封面划痕")
    assert (scratch.severity, scratch.fate, scratch.rule) == ("critical", "keep", "")
    assert (dent.fate, dent.rule) == ("suppress", "suppress:dents:min_length_mm")


MISSING = Detection("dent", 7, 0.9, Box(5, 6, 7, 8), 56.0, Severity.MAJOR, seen="孔")


def test_a_named_region_says_what_it_shows_instead(tmp_path: Path) -> None:
    verdict = verdict_on(MISSING, rules=RuleSet())
    (sent,) = json.loads(message_of(verdict, tmp_path).to_bytes())["defects"]
    assert (sent["class"], sent["code"], sent["rule"]) == ("dent", 7, "shows:孔")
    rows = {row.label: row for row in CATALOGUE}
    shown = live_verdict(verdict, rows, size_px=(64, 64), picture=True, latency_ms=1.0, decided_utc="")
    assert [(one.name_en, one.name_zh, one.box) for one in shown.defects] == [("Dent: 孔", "凹痕: 孔", (5, 6, 7, 8))]


def test_a_rule_of_the_recipe_is_named_before_what_a_region_shows(tmp_path: Path) -> None:
    rules = RuleSet((replace(DENTS, min_length_mm=None, min_area_px=99.0, otherwise=Fate.RECHECKED),))
    (sent,) = json.loads(message_of(verdict_on(MISSING, rules=rules), tmp_path).to_bytes())["defects"]
    assert sent["rule"] == "recheck:dents:min_area_px"
