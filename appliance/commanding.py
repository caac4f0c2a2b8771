"""The commands' thread: its queue, its desk, and what the rest of the station sees of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from appliance.clock import SystemClock
from appliance.commands.book import ACCEPTED_KEPT
from appliance.commands.desk import Ask, Asked, CommandDesk, Knock, Verb
from appliance.commands.trigger import SoftwareTrigger
from appliance.config.schema import Config
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Part
from appliance.domain.verdict import Verdict
from appliance.pipeline.worker import Worker
from appliance.store.journal import Journal

_QUEUE = 32
_BUDGET_S = 2.0
_TICK_S = 0.05


class Commanding:
    """`ask`, `ask_line` and `answered` may be called by any thread and never block."""

    def __init__(
        self,
        config: Config,
        *,
        ledger: Ledger,
        clock: SystemClock,
        journal: Journal,
        enter: Callable[[Part], None],
        verbs: Mapping[str, Verb],
    ) -> None:
        self._desk = CommandDesk(
            SoftwareTrigger(config, ledger=ledger, clock=clock, enter=enter),
            verbs,
            clock=clock,
            enqueue=lambda job: self._worker.submit(job),
            audit=journal.note,
            past=journal.accepted_commands(ACCEPTED_KEPT),
        )
        self._worker: Worker[Asked | Knock] = Worker(
            "commands",
            self._desk.handle,
            clock=clock,
            capacity=_QUEUE,
            budget_s=_BUDGET_S,
            on_crash=self._desk.crashed,
            idle=self._desk.idle,
            tick_s=_TICK_S,
        )

    @property
    def failed(self) -> str | None:
        """The thread's name when it ended, hangs, or crashed once: what it had in hand is in an unknown state."""
        worker = self._worker
        return worker.name if not worker.alive or worker.stalled or worker.crashes else None

    @property
    def ask(self) -> Ask:
        return self._desk.ask

    def ask_line(self, line: bytes, answer: Callable[[bytes], None]) -> None:
        self._desk.ask_line(line, answer)

    def answered(self, verdict: Verdict) -> None:
        self._desk.answered(verdict)

    def start(self) -> None:
        self._worker.start()

    def stop(self, timeout_s: float) -> None:
        """Carry out what is queued (the ledger's door is shut), then tell those who still wait."""
        if self._worker.stop(timeout_s):
            self._desk.close()
