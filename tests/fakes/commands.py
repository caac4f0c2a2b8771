"""Commands as callers send them, and a desk whose worker the test steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance.commands.desk import Asked, CommandDesk, Knock, Verb
from appliance.commands.envelope import Actor
from appliance.commands.messages import Command, CommandReply, TriggerCommand
from appliance.commands.trigger import SoftwareTrigger
from appliance.config.schema import Config
from appliance.domain.audit import AuditRow
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Part
from models.decision import Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.parts import make_ledger, make_verdict


def trigger_command(request_id: str = "1", **changes: Any) -> TriggerCommand:
    actor = Actor(source=changes.pop("source", "api"), name=changes.pop("name", "ada"))
    return TriggerCommand(verb="trigger", request_id=request_id, actor=actor, **changes)


def config_with(**sections: dict[str, Any]) -> Config:
    base: dict[str, dict[str, Any]] = {
        "station": {"state_dir": Path("/tmp/none")},
        "camera": {"type": "synthetic"},
        "trigger": {"source": "software"},
        "model": {"package": Path("none.okng")},
    }
    return Config.model_validate(base | sections)


class Desk:
    """`entered`: parts on their way to the camera; `audited`: what is to be kept; `step`: the worker's rounds."""

    def __init__(
        self,
        config: Config | None = None,
        *,
        room: int = 32,
        past: tuple[AuditRow, ...] = (),
        verbs: Mapping[str, Verb] | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.ledger: Ledger = make_ledger(self.clock)
        self.entered: list[Part] = []
        self.audited: list[AuditRow] = []
        self.queue: deque[Asked | Knock] = deque()
        self._room = room
        trigger = SoftwareTrigger(
            config or config_with(), ledger=self.ledger, clock=self.clock, enter=self.entered.append
        )
        self.desk = CommandDesk(
            trigger, verbs or {}, clock=self.clock, enqueue=self._enqueue, audit=self.audited.append, past=past
        )

    def _enqueue(self, job: Asked | Knock) -> bool:
        if len(self.queue) >= self._room:
            return False
        self.queue.append(job)
        return True

    def ask(self, command: Command, *, stale: bool = False) -> list[CommandReply]:
        """The answers as they come."""
        heard: list[CommandReply] = []
        self.desk.ask(command, heard.append, stale=stale)
        return heard

    def step(self) -> None:
        while self.queue:
            self.desk.handle([self.queue.popleft()])
        self.desk.idle()

    def judged(self) -> None:
        """The last part's way is over: it leaves room in the ledger."""
        part = self.entered[-1]
        if self.ledger.is_open(part):
            self.photographed()
            verdict = self.ledger.close(make_verdict(part, Outcome.OK, self.clock))
            assert verdict is not None
            self.ledger.settle(verdict)

    def photographed(self) -> None:
        """The last part's picture was taken: the next one may come."""
        self.ledger.exposed(self.entered[-1])
