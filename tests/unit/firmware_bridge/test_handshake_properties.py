"""No order of inputs makes Pass appear for another part, without a verdict, late, unarmed or golden.

Every part that the line admits gets a number of its own, and its result carries it as defect code. So what the PLC sees
names the part it stems from, even where tags repeat.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from firmware_bridge.line import Evaluation, PlcResult, TriggerRequest
from firmware_bridge.plc import Handshake
from firmware_bridge.registers import Coil, Flag, Holding, Snapshot
from tests.fakes.plc_line import MS, counters, status

TAGS = st.integers(0, 3)
MOSTLY = st.sampled_from([True, True, True, True, False])
SELDOM = st.sampled_from([False, False, False, False, True])


@dataclass
class Part:
    number: int
    tag: int
    deadline_ns: int
    barred: bool
    given: PlcResult | None = None
    overtaken: bool = False
    finished: bool = False


@dataclass
class RandomLine:
    """Admits or refuses as drawn; when careless it gives ids that are still owed."""

    accepts: bool = True
    careless: bool = False
    assigns: int = 1
    admitted: list[int] = field(default_factory=list)
    in_flight: set[int] = field(default_factory=set)

    def admit(self, request: TriggerRequest) -> int | None:
        tag = request.tag or self.assigns
        if not self.accepts or (tag in self.in_flight and not self.careless):
            return None
        self.admitted.append(tag)
        self.in_flight.add(tag)
        return tag

    def load_job(self, job: int) -> bool:
        return self.accepts


class AnyOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.line = RandomLine()
        self.plc = Handshake(self.line)
        self.now_ns = 0
        self.barred = False
        self.mode = status()
        self.parts: dict[int, Part] = {}
        self.latest: dict[int, int] = {}  # tag → the number of the part, or the attempt, that bore it last
        self.numbers = 0
        self.triggers = self.closed = 0
        self.standing = 0
        self.plc.publish(self.mode)

    def write(self, values: dict[int, int]) -> None:
        """What the PLC does; looks for a trigger edge as the line sees it."""
        self.plc.hear(self.now_ns)
        self.forget_after_silence()
        before, asked = self.plc.holding[Holding.CONTROL], len(self.line.admitted)
        edge = values.get(Holding.CONTROL, before) & ~before & 1 << Coil.TRIGGER
        self.plc.write(values, self.now_ns)
        tag = self.plc.holding[Holding.TRIGGER_TAG]
        admitted = self.line.admitted[asked:]
        for one in admitted or ([tag] if edge else []):
            self.numbers += 1
            for part in self.parts.values():
                part.overtaken = part.overtaken or part.tag == one
            if admitted:
                deadline_ns = self.now_ns + self.plc.holding[Holding.RESULT_DEADLINE_MS] * MS
                self.parts[self.numbers] = Part(self.numbers, one, deadline_ns, self.barred)
                self.triggers += 1
        self.pass_belongs_to_the_part()  # rules that write more than once must not hide what stood in between

    def forget_after_silence(self) -> None:
        """After MasterTimeout nothing triggered before may pass."""
        if self.plc.offline_reason == 6 and not self.plc.holding[Holding.CONTROL]:
            for part in self.parts.values():
                part.overtaken = True

    def snapshot(self) -> Snapshot:
        return self.plc.snapshot(self.now_ns, 0, 0)

    @rule(bits=st.sets(st.sampled_from(sorted(Coil))))
    def write_control(self, bits: set[Coil]) -> None:
        self.write({Holding.CONTROL: sum(1 << bit for bit in bits)})

    @rule(tag=TAGS, ack=TAGS, deadline_ms=st.sampled_from([10, 50, 10_000]))
    def write_data(self, tag: int, ack: int, deadline_ms: int) -> None:
        self.write({Holding.TRIGGER_TAG: tag, Holding.RESULTS_ACK_ID: ack, Holding.RESULT_DEADLINE_MS: deadline_ms})

    @rule(tag=TAGS, buffered=MOSTLY, deadline_ms=st.sampled_from([20, 100, 10_000]))
    def trigger(self, tag: int, buffered: bool, deadline_ms: int) -> None:
        """A whole trigger, as a PLC in its right mind does it."""
        base = 1 << Coil.TRIGGER_ENABLE | buffered << Coil.BUFFER_RESULTS
        self.write({Holding.CONTROL: base, Holding.TRIGGER_TAG: tag, Holding.RESULT_DEADLINE_MS: deadline_ms})
        self.write({Holding.CONTROL: base | 1 << Coil.TRIGGER})
        self.write({Holding.CONTROL: base})

    @rule()
    def acknowledge(self) -> None:
        control = self.plc.holding[Holding.CONTROL]
        self.write({Holding.CONTROL: control | 1 << Coil.RESULTS_ACK})
        self.write({Holding.CONTROL: control & ~(1 << Coil.RESULTS_ACK)})

    @rule(time_ms=st.sampled_from([1, 5, 30, 30, 150, 150, 2000]))
    def pass_time(self, time_ms: int) -> None:
        self.now_ns += time_ms * MS
        self.plc.tick(self.now_ns)
        self.forget_after_silence()

    @rule(online=MOSTLY, ready=MOSTLY)
    def come_and_go(self, online: bool, ready: bool) -> None:
        self.publish(online=online, ready=ready)

    @rule(armed=MOSTLY, golden=SELDOM)
    def arm(self, armed: bool, golden: bool) -> None:
        self.publish(online=True, ready=True, armed=armed, golden=golden)

    @rule()
    def be_well(self) -> None:
        self.publish(online=True, ready=True, armed=True, golden=False)

    def publish(self, **changes: Any) -> None:
        self.mode = replace(self.mode, counters=counters(self.triggers, self.closed), **changes)
        self.barred = self.mode.golden or not self.mode.armed
        for part in self.parts.values():
            part.barred = part.barred or self.barred
        self.plc.publish(self.mode)

    @rule(accepts=MOSTLY, careless=st.booleans(), assigns=st.integers(1, 3))
    def change_line(self, accepts: bool, careless: bool, assigns: int) -> None:
        self.line.accepts, self.line.careless, self.line.assigns = accepts, careless, assigns

    @precondition(lambda self: any(part.given is None for part in self.parts.values()))
    @rule(
        data=st.data(),
        evaluation=st.sampled_from([Evaluation.OK, Evaluation.OK, Evaluation.OK, *Evaluation]),
        golden=SELDOM,
        spare_ms=st.sampled_from([-1, 0, 20, 10_000]),
    )
    def answer(self, data: st.DataObject, evaluation: Evaluation, golden: bool, spare_ms: int) -> None:
        """Any part that was admitted and not answered, in any order."""
        part = data.draw(st.sampled_from([part for part in self.parts.values() if part.given is None]))
        self.give(part, evaluation, golden, spare_ms)

    def give(self, part: Part, evaluation: Evaluation, golden: bool, spare_ms: int) -> None:
        part.given = PlcResult(
            inspection_id=part.tag,
            evaluation=evaluation,
            code=part.number,
            score=0.5,
            no_part=False,
            golden=golden,
            decided_ns=self.now_ns,
            deadline_ns=self.now_ns + spare_ms * MS,
        )
        self.closed += 1
        if not any(other.given is None and other.tag == part.tag for other in self.parts.values()):
            self.line.in_flight.discard(part.tag)
        self.plc.answer(part.given, self.now_ns)

    @rule(tag=st.integers(1, 3), deadline_ms=st.sampled_from([20, 100]), wait_ms=st.sampled_from([1, 21, 101]))
    def run_a_good_part(self, tag: int, deadline_ms: int, wait_ms: int) -> None:
        """Nothing but time speaks against it."""
        self.acknowledge()
        self.trigger(tag, True, deadline_ms)
        part = self.parts.get(self.numbers)
        self.pass_time(wait_ms)
        if part is not None:
            self.give(part, Evaluation.OK, False, 10_000)

    @rule(tag=st.integers(1, 4))
    def answer_for_nobody(self, tag: int) -> None:
        """A result for a tag that the line does not owe."""
        if not any(part.given is None and part.tag == tag for part in self.parts.values()):
            self.plc.answer(PlcResult(tag, Evaluation.OK, 65535, 0.5, False, False, self.now_ns, 1 << 62), self.now_ns)

    @invariant()
    def pass_belongs_to_the_part(self) -> None:
        seen = self.snapshot()
        passes = bool(seen.flags >> Flag.PASS & 1)
        if not passes:
            self.standing = 0
            return
        part = self.parts[seen.evaluation_code]
        assert part.given is not None
        assert seen.inspection_id == part.tag
        assert seen.evaluation == part.given.evaluation == Evaluation.OK
        assert not part.overtaken, "another part bore this tag since"
        assert not part.barred
        assert not part.given.golden
        assert not part.finished, "shown twice"
        if self.standing != part.number:
            assert self.now_ns <= min(part.deadline_ns, part.given.deadline_ns)
        if self.standing not in (0, part.number):
            self.parts[self.standing].finished = True
        self.standing = part.number

    @invariant()
    def the_flags_agree(self) -> None:
        seen = self.snapshot()
        valid, passes, fails, job_pass, not_armed, golden = (
            bool(seen.flags >> flag & 1)
            for flag in (Flag.RESULTS_VALID, Flag.PASS, Flag.FAIL, Flag.JOB_PASS, Flag.NOT_ARMED, Flag.GOLDEN_MODE)
        )
        assert fails == (valid and not passes)
        assert job_pass == passes
        assert not passes or (valid and not not_armed and not golden)
        assert valid == (seen.inspection_id != 0)

    @invariant()
    def only_admitted_triggers_get_results(self) -> None:
        seen = self.snapshot()
        assert seen.evaluation_code != 65535
        assert not seen.inspection_id or seen.inspection_id in self.line.admitted

    @invariant()
    def the_counters_add_up(self) -> None:
        it = self.snapshot().counters
        assert it.triggers == it.ok + it.ng + it.recheck + it.no_part + it.error + it.in_flight


AnyOrder.TestCase.settings = settings(max_examples=120, stateful_step_count=50, deadline=None)
TestAnyOrder = AnyOrder.TestCase
