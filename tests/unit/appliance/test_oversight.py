from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.clock import SystemClock
from appliance.commands.envelope import Actor
from appliance.commands.golden import DriftCommand, GoldenCommand
from appliance.commands.messages import CommandReply
from appliance.commands.refusals import Refusal
from appliance.domain.audit import AuditRow
from appliance.domain.golden import Due
from appliance.domain.ledger import Terms
from appliance.domain.parts import Trigger, TriggerSource
from appliance.domain.verdict import Verdict
from appliance.golden_commands import drift_line, golden_lines
from appliance.live_oversight import live_drift, live_golden
from appliance.oversight import Oversight, make_oversight
from appliance.recipes.schema import Recipe
from appliance.state_dir import StateDir
from models.decision import Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.parts import make_ledger, make_prepared, make_verdict

GOLDEN = {"parts": [{"name": "good", "expected": "OK"}, {"name": "bad", "serial": "B-7", "expected": "NG"}]}
DRIFT = {"baseline": {"light": {"mean": 60.0, "spread": 4.0, "count": 1000}}}


class Bench:
    """An oversight with its ledger; what pictures show (127 gray) lies far above the baseline of `DRIFT`."""

    def __init__(self, folder: Path, **sections: object) -> None:
        self.clock = FakeClock()
        self.ledger = make_ledger(self.clock, capacity=8)
        self.noted: list[AuditRow] = []
        ids = iter(f"{n:08d}-0000-7000-8000-000000000000" for n in range(1, 100))
        system = SystemClock()
        self.oversight: Oversight = make_oversight(
            StateDir(folder), ledger=self.ledger, clock=system, new_id=lambda: next(ids), note=self.noted.append
        )
        body = {"schema": "okng-recipe/1", "models": [{"package": "m.okng"}], **sections}
        self.recipe = Recipe.model_validate(body)
        self.ledger.change(Terms(self.recipe.key, 1000))
        self.oversight.change(self.recipe, (), Due.START)
        self.system = system

    def ask(self, verb: str, action: str) -> CommandReply:
        heard: list[CommandReply] = []
        actor = Actor(source="cli", name="ada")
        command: GoldenCommand | DriftCommand
        if verb == "golden":
            command = GoldenCommand.model_validate(
                {"verb": "golden", "request_id": "1", "actor": actor, "action": action}
            )
        else:
            command = DriftCommand(verb="drift", request_id="1", actor=actor, action="reset", reason="new lamp")
        self.oversight.verbs()[verb](command, heard.append)
        return heard[0]

    def judge(self, outcome: Outcome = Outcome.OK) -> Verdict:
        now_ns = self.system.monotonic_ns()
        self.clock.now_ns = now_ns
        self.ledger.set_ready(True, self.ledger.epoch)
        part = self.ledger.admit(Trigger(TriggerSource.PLC, tag=0, received_ns=now_ns))
        assert part is not None
        self.ledger.exposed(part)
        verdict = self.oversight.saw(make_verdict(part, outcome, self.clock), make_prepared())
        standing = self.ledger.close(verdict)
        assert standing is not None
        self.oversight.golden.answered(self.ledger.settle(standing))
        return verdict


Make = Callable[..., Bench]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return lambda **sections: Bench(tmp_path, **sections)


def test_commands_are_answered_with_how_golden_parts_stand(make: Make) -> None:
    bench = make(golden=GOLDEN)
    begun = bench.ask("golden", "start")
    assert begun.golden is not None
    assert (begun.status, begun.golden.phase, begun.golden.remaining) == ("accepted", "running", ("good", "bad"))
    assert bench.ask("golden", "start").code is Refusal.GOLDEN_RUNS
    assert bench.ask("golden", "abort").status == "accepted"
    assert bench.ask("golden", "abort").code is Refusal.NO_GOLDEN_RUNS
    assert make().ask("golden", "start").code is Refusal.NO_GOLDEN_PARTS


def test_a_reset_needs_a_drift_and_golden_parts(make: Make) -> None:
    assert make(golden=GOLDEN).ask("drift", "reset").code is Refusal.NO_DRIFT
    bench = make(drift=DRIFT)
    while bench.judge().outcome is Outcome.OK:
        continue
    assert bench.ask("drift", "reset").code is Refusal.RESET_NEEDS_GOLDEN
    assert "light" in drift_line(live_drift(bench.oversight.drift))


def test_drift_ends_by_a_reset_and_golden_parts_that_pass_after_it(make: Make) -> None:
    bench = make(golden=GOLDEN, drift=DRIFT)
    while bench.judge().outcome is Outcome.OK:
        continue
    for asked in (False, True):
        if asked:
            assert bench.ask("drift", "reset").status == "accepted"
            assert bench.judge().outcome is Outcome.RECHECK
        bench.ask("golden", "start")
        assert bench.judge(Outcome.OK).outcome is Outcome.OK, "golden parts do not suffer from drift"
        bench.judge(Outcome.NG)
        assert bench.judge().outcome is (Outcome.OK if asked else Outcome.RECHECK)
    told = [(row.verb, row.source) for row in bench.noted]
    assert told == [("drift", "station"), ("golden", "station"), ("golden", "station"), ("drift", "station")]


def test_the_page_is_told_what_to_show(make: Make) -> None:
    bench = make(golden=GOLDEN)
    bench.ask("golden", "start")
    bench.judge(Outcome.OK)
    said = live_golden(bench.oversight.golden.view)
    assert said is not None
    assert (said.phase, said.next, [part.as_expected for part in said.parts]) == ("running", "bad", [True, None])
    assert golden_lines(said)[1:] == ["  + good: OK", "    bad [B-7]: NG  to be shown 1x  <- next"]
    assert live_golden(make().oversight.golden.view) is None


def test_without_a_section_nothing_is_watched(make: Make) -> None:
    bench = make()
    assert {bench.judge().outcome for _ in range(100)} == {Outcome.OK}
    assert live_drift(bench.oversight.drift) is None
    assert bench.oversight.state.state == "ok"
