"""Verdict → disk → answer, in this order: the PLC hears nothing that a power cut could take back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from appliance.domain.clock import Clock
from appliance.domain.device import DeviceState
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Frame
from appliance.domain.record import Record
from appliance.domain.stages import Meter, Stage
from appliance.domain.verdict import Verdict
from appliance.pipeline.way import Seen

_log = logging.getLogger(__name__)
_RETRY_S = 0.5


class RecordKeeper(Protocol):
    """Where records are kept; `appliance.store.journal.Journal` is one."""

    def write(self, records: Sequence[Record]) -> None: ...

    def after_answers(self) -> None:
        """Every part of the last `write` was answered: what need not be done before may be done now."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A verdict that stands in the ledger, with the picture it was made on and what was seen in it, if any."""

    verdict: Verdict
    frame: Frame | None
    seen: Seen | None = None


class RecordStage:
    """`encode(verdict, seq)` makes the record; `answer` tells the PLC and the pages; both run on this thread.

    `failures`: what `keeper.write` raises when nothing was written and the same records may be written again.
    """

    def __init__(
        self,
        keeper: RecordKeeper,
        *,
        ledger: Ledger,
        clock: Clock,
        meter: Meter,
        encode: Callable[[Verdict, int], Record],
        answer: Callable[[Conclusion], None],
        failures: tuple[type[Exception], ...],
    ) -> None:
        self._keeper = keeper
        self._ledger = ledger
        self._clock = clock
        self._meter = meter
        self._encode = encode
        self._answer = answer
        self._failures = failures
        self._seq = 0
        self._give_up = threading.Event()
        self.pause = self._give_up.wait
        """Waits so many seconds before the next try; True: give up."""
        self.state = DeviceState("ok")

    def handle(self, conclusions: Sequence[Conclusion]) -> None:
        """Write all in one transaction, then answer each; those that took too long are superseded and written too."""
        pending = tuple(conclusions)
        while pending and self._write(pending):
            pending = tuple(late for late in map(self._settle, pending) if late is not None)
        self._keeper.after_answers()

    def idle(self) -> None:
        """Write what the MES acknowledged since, and what the station is to remember."""
        self._try_write(())
        self._keeper.after_answers()

    def give_up(self) -> None:
        """Stop retrying: the station is to end although the journal cannot be written."""
        self._give_up.set()

    def _settle(self, conclusion: Conclusion) -> Conclusion | None:
        """Answer the part, or return what supersedes it."""
        standing = self._ledger.settle(conclusion.verdict)
        if standing is conclusion.verdict:
            stored_ns = self._clock.monotonic_ns()
            self._answer(conclusion)
            self._measure(standing, stored_ns)
            return None
        return Conclusion(standing, conclusion.frame, conclusion.seen)

    def _measure(self, verdict: Verdict, stored_ns: int) -> None:
        answered_ns = self._clock.monotonic_ns()
        self._meter.observe(Stage.RECORD, stored_ns - verdict.decided_ns)
        self._meter.observe(Stage.ANSWER, answered_ns - stored_ns)
        self._meter.observe(Stage.TOTAL, answered_ns - verdict.part.trigger.received_ns)

    def _write(self, conclusions: Sequence[Conclusion]) -> bool:
        """Retry until it is on disk; False when told to give up, and then nobody was answered."""
        records = [self._encode(c.verdict, self._seq + n) for n, c in enumerate(conclusions, start=1)]
        while not self._try_write(records):
            if self.pause(_RETRY_S):
                _log.critical("%d verdicts could not be stored and were not answered", len(records))
                return False
        self._seq += len(records)
        return True

    def _try_write(self, records: Sequence[Record]) -> bool:
        try:
            self._keeper.write(records)
        except self._failures as error:
            if self.state.state == "ok":
                _log.error("%s", error)
            self.state = DeviceState("fault", str(error), "日志无法写入；请检查磁盘空间和权限")
            return False
        self.state = DeviceState("ok")
        return True
