"""One desk for every command: answered once, never carried out twice, nothing taken for granted."""

from __future__ import annotations

import pytest

from appliance.commands.messages import CommandReply
from appliance.commands.refusals import TEXTS, Refusal
from appliance.domain.parts import TriggerSource
from appliance.domain.reasons import Reason
from appliance.domain.verdict import DecidedBy, fault
from models.decision import Outcome
from tests.fakes.commands import Desk, config_with, trigger_command
from tests.fakes.parts import make_verdict

PLC = config_with(trigger={"source": "plc"}, plc={"enabled": True})
INTERVAL = config_with(trigger={"source": "interval"})
BESIDE = config_with(trigger={"source": "interval", "software": True})


def the_one(heard: list[CommandReply]) -> CommandReply:
    assert len(heard) == 1, f"answered {len(heard)} times"
    return heard[0]


@pytest.mark.parametrize("config", [None, BESIDE])
def test_a_trigger_admits_a_part_with_its_mark(config: object) -> None:
    desk = Desk(config)  # type: ignore[arg-type]
    heard = desk.ask(trigger_command(part_id="SN-17"))
    assert heard == [], "nothing is carried out on the caller's thread"
    desk.step()
    [part] = desk.entered
    reply = the_one(heard)
    assert (reply.status, reply.request_id, reply.verb, reply.code) == ("accepted", "1", "trigger", None)
    assert reply.part is not None
    assert (reply.part.id, reply.part.number, reply.part.inspection_id) == (part.id, 1, part.inspection_id)
    assert (part.trigger.source, part.trigger.part_id) == (TriggerSource.SOFTWARE, "SN-17")


@pytest.mark.parametrize(("config", "code"), [(PLC, Refusal.PLC_TRIGGERS), (INTERVAL, Refusal.NOT_ALLOWED)])
def test_where_it_is_not_allowed_no_part_begins(config: object, code: Refusal) -> None:
    desk = Desk(config)  # type: ignore[arg-type]
    heard = desk.ask(trigger_command())
    desk.step()
    reply = the_one(heard)
    assert (reply.status, reply.code) == ("refused", code)
    assert (reply.text_en, reply.text_zh) == TEXTS[code]
    assert desk.entered == []
    assert desk.ledger.snapshot().accepted == desk.ledger.snapshot().missed == 0


def test_a_trigger_while_not_ready_is_missed_and_refused() -> None:
    desk = Desk()
    desk.ledger.shut()
    heard = desk.ask(trigger_command())
    desk.step()
    assert the_one(heard).code is Refusal.NOT_READY
    assert (desk.ledger.snapshot().missed, desk.ledger.snapshot().accepted) == (1, 0)
    assert desk.entered == []


def test_a_repeated_request_id_hears_the_first_answer_and_makes_no_second_part() -> None:
    desk = Desk()
    first = desk.ask(trigger_command())
    desk.step()
    desk.photographed()
    again = desk.ask(trigger_command())
    desk.step()
    assert the_one(again) == the_one(first).model_copy(update={"repeated": True})
    assert len(desk.entered) == desk.ledger.snapshot().accepted == 1


def test_a_repeated_refusal_stays_refused_although_the_station_is_ready_now() -> None:
    desk = Desk()
    desk.ledger.shut()
    desk.ask(trigger_command())
    desk.step()
    desk.ledger.set_ready(True, desk.ledger.epoch)
    again = desk.ask(trigger_command())
    desk.step()
    assert (the_one(again).code, the_one(again).repeated) == (Refusal.NOT_READY, True)
    assert desk.entered == []


def test_a_request_id_of_another_command_is_refused() -> None:
    desk = Desk()
    desk.ask(trigger_command(part_id="A"))
    desk.step()
    desk.photographed()
    heard = desk.ask(trigger_command(part_id="B"))
    desk.step()
    assert the_one(heard).code is Refusal.REQUEST_ID_REUSED
    assert len(desk.entered) == 1


def test_the_same_id_from_another_door_is_another_command() -> None:
    desk = Desk()
    desk.ask(trigger_command(source="cli"))
    desk.step()
    desk.photographed()
    heard = desk.ask(trigger_command(source="mqtt"))
    desk.step()
    assert the_one(heard).status == "accepted"
    assert len(desk.entered) == 2


def test_a_flood_of_refusals_does_not_make_it_forget_a_part() -> None:
    desk = Desk()
    desk.ask(trigger_command("kept"))
    desk.step()  # the part waits for its exposure: all others are refused
    for number in range(6000):
        desk.ask(trigger_command(f"flood-{number}"))
        desk.step()
    desk.photographed()
    again = desk.ask(trigger_command("kept"))
    desk.step()
    assert the_one(again).repeated
    assert len(desk.entered) == 1


def test_who_waits_hears_the_verdict() -> None:
    desk = Desk()
    heard = desk.ask(trigger_command(wait=True))
    desk.step()
    also = desk.ask(trigger_command(wait=True))
    desk.step()
    assert heard == also == []
    [part] = desk.entered
    desk.desk.answered(make_verdict(part, Outcome.NG, desk.clock))
    assert heard == [], "the thread that answers the PLC does nothing more"
    desk.step()
    reply = the_one(heard)
    assert reply.verdict is not None
    assert (reply.verdict.outcome, reply.verdict.decided_by) == ("NG", "model")
    assert reply.verdict.reason_en
    assert reply.verdict.reason_zh
    assert the_one(also) == reply.model_copy(update={"repeated": True})


def test_an_error_is_told_as_such() -> None:
    desk = Desk()
    heard = desk.ask(trigger_command(wait=True))
    desk.step()
    late = fault("v", desk.entered[0], Reason.DEADLINE_MISSED, desk.clock.monotonic_ns(), DecidedBy.TIMEOUT)
    desk.desk.answered(late)
    desk.step()
    verdict = the_one(heard).verdict
    assert verdict is not None
    assert (verdict.outcome, verdict.reason, verdict.score) == ("ERROR", "deadline_missed", None)


def test_the_verdict_of_another_part_is_not_told() -> None:
    desk = Desk()
    heard = desk.ask(trigger_command("mine", wait=True))
    desk.step()
    desk.photographed()
    desk.ask(trigger_command("other"))
    desk.step()
    desk.desk.answered(make_verdict(desk.entered[1], Outcome.OK, desk.clock))
    desk.step()
    assert heard == []


def test_no_verdict_in_time_is_said_and_is_not_ok() -> None:
    desk = Desk()
    heard = desk.ask(trigger_command(wait=True))
    desk.step()
    [part] = desk.entered
    desk.clock.advance_ms((part.deadline_ns - desk.clock.monotonic_ns()) / 1e6 + 2000)
    desk.step()
    assert heard == [], "the margin lets the disk be slow"
    desk.clock.advance_ms(1)
    desk.step()
    assert (the_one(heard).status, the_one(heard).code) == ("accepted", Refusal.NO_VERDICT)
    assert the_one(heard).verdict is None
    desk.desk.answered(make_verdict(part, Outcome.OK, desk.clock))
    desk.step()
    assert len(heard) == 1, "a verdict after that is for the journal"


def test_a_full_queue_refuses_at_once_and_nothing_begins() -> None:
    desk = Desk(room=2)
    heard = [desk.ask(trigger_command(str(number))) for number in range(10)]
    assert [the_one(one).code for one in heard[2:]] == [Refusal.BUSY] * 8
    desk.step()
    assert the_one(heard[0]).status == "accepted"
    assert len(desk.entered) == 1


def test_a_full_queue_does_not_lose_a_verdict() -> None:
    desk = Desk(room=1)
    heard = desk.ask(trigger_command(wait=True))
    desk.step()
    desk.ask(trigger_command("2"))
    desk.desk.answered(make_verdict(desk.entered[0], Outcome.OK, desk.clock))
    desk.step()
    assert the_one(heard).verdict is not None


def test_a_stale_command_is_refused_unless_it_was_carried_out_before() -> None:
    desk = Desk()
    stale = desk.ask(trigger_command("old"), stale=True)
    fresh = desk.ask(trigger_command("done"))
    desk.step()
    redelivered = desk.ask(trigger_command("done"), stale=True)
    desk.step()
    assert the_one(stale).code is Refusal.STALE
    assert the_one(redelivered) == the_one(fresh).model_copy(update={"repeated": True})
    assert len(desk.entered) == 1


def test_every_command_carried_out_or_refused_is_audited_once() -> None:
    desk = Desk()
    for command in (trigger_command("a"), trigger_command("a"), trigger_command("b", source="cli", name="bob")):
        desk.ask(command)
    desk.step()
    assert [(row.request_id, row.source, row.actor, row.status, row.code) for row in desk.audited] == [
        ("a", "api", "ada", "accepted", ""),
        ("b", "cli", "bob", "refused", "not_ready"),
    ]
    assert {row.at_utc for row in desk.audited} == {desk.clock.utc().isoformat()}


def test_what_an_earlier_run_accepted_is_not_done_again() -> None:
    before = Desk()
    heard = before.ask(trigger_command("kept"))
    before.step()
    before.photographed()
    before.ask(trigger_command("waited", wait=True))
    before.step()
    desk = Desk(past=tuple(before.audited))
    again, waited = desk.ask(trigger_command("kept")), desk.ask(trigger_command("waited", wait=True))
    desk.step()
    assert the_one(again) == the_one(heard).model_copy(update={"repeated": True})
    assert (the_one(waited).status, the_one(waited).code) == ("accepted", Refusal.NO_VERDICT)
    assert desk.entered == []


def test_an_audit_row_of_another_version_is_left_out() -> None:
    before = Desk()
    before.ask(trigger_command())
    before.step()
    [row] = before.audited
    for broken in ("{}", "no json"):
        desk = Desk(past=(type(row)(**{name: getattr(row, name) for name in row.__slots__} | {"reply": broken}),))
        heard = desk.ask(trigger_command())
        desk.step()
        assert the_one(heard).status == "accepted"


def test_a_crash_answers_what_was_in_hand_and_never_with_an_acceptance() -> None:
    desk = Desk()
    heard = desk.ask(trigger_command())
    [job] = desk.queue

    def broken(part: object) -> None:
        raise RuntimeError("the way is broken")

    desk.desk._trigger.enter = broken  # type: ignore[method-assign,assignment]
    with pytest.raises(RuntimeError):
        desk.desk.handle([job])
    desk.desk.crashed([job])
    assert the_one(heard).code is Refusal.INTERNAL
    assert the_one(heard).status == "refused"


def test_at_the_end_whoever_waits_is_told() -> None:
    desk = Desk()
    heard = desk.ask(trigger_command(wait=True))
    desk.step()
    desk.desk.close()
    assert the_one(heard).code is Refusal.NO_VERDICT
