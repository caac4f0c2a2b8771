"""Where every command arrives, whatever door it came through, and is carried out by one thread, one after another.

    socket, MQTT ─ask─▶ queue (bounded) ─▶ handle ─▶ book ─▶ verb ─▶ audit ─▶ answer
                          └ full: refused        └ known request id: the recorded answer

A command is answered exactly once. One that waits for its part's verdict is answered when the part is, or 2 s after
the part's deadline without one. A verb that takes its time begins on this thread and concludes on one of its own.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from pydantic import ValidationError

from appliance.commands.book import Listener, ReplyBook
from appliance.commands.envelope import INSIDE
from appliance.commands.messages import MAX_LINE, Command, CommandReply, TriggerCommand, command_line
from appliance.commands.refusals import Refusal
from appliance.commands.trigger import SoftwareTrigger, accepted_part, given_verdict
from appliance.domain.audit import AuditRow
from appliance.domain.clock import Clock
from appliance.domain.parts import Part
from appliance.domain.verdict import Verdict

_log = logging.getLogger(__name__)
VERDICT_MARGIN_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A command on its way. `stale`: it waited somewhere, and the part it meant may be gone."""

    command: Command
    answer: Listener
    stale: bool = False


class Knock:
    """Says only that there is something to look at."""


class Ask(Protocol):
    """How a door hands a command in: from any thread, without blocking; `answer` is called once, by any thread."""

    def __call__(self, command: Command, answer: Listener, *, stale: bool = False) -> None: ...


# A verb begins on the desk's thread without blocking, and concludes once, then or later, from any thread.
Conclude = Callable[[CommandReply], None]
Verb = Callable[[Any, Conclude], None]


class CommandDesk:
    """`ask` and `answered` are for any thread; `handle`, `idle` and `crashed` are one worker's work.

    `verbs` carry out what is no trigger, each the commands of its own verb; one that is missing is refused.
    `enqueue` puts a job into that worker's bounded queue; False when it is full. `audit` returns at once.
    """

    def __init__(
        self,
        trigger: SoftwareTrigger,
        verbs: Mapping[str, Verb],
        *,
        clock: Clock,
        enqueue: Callable[[Asked | Knock], bool],
        audit: Callable[[AuditRow], None],
        past: Iterable[AuditRow],
    ) -> None:
        self._trigger = trigger
        self._verbs = verbs
        self._clock = clock
        self._enqueue = enqueue
        self._audit = audit
        self._book = ReplyBook(past)
        self._lock = threading.Lock()
        self._waiting: dict[str, tuple[TriggerCommand, Part]] = {}
        self._answered: deque[Verdict] = deque()
        self._concluded: deque[tuple[Command, CommandReply]] = deque()

    def ask(self, command: Command, answer: Listener, *, stale: bool = False) -> None:
        """Queue a command, or refuse it at once when too many wait."""
        if not self._enqueue(Asked(command, answer, stale)):
            answer(CommandReply.refusal(Refusal.BUSY, command))

    def ask_line(self, line: bytes, answer: Callable[[bytes], None]) -> None:
        """Queue the command in a line of the socket; a line that is none is answered at once."""

        def say(reply: CommandReply) -> None:
            answer(reply.to_bytes() + b"\n")

        try:
            if len(line) > MAX_LINE:
                raise ValueError
            command = command_line.validate_json(line)
            if command.actor.source in INSIDE:
                raise ValueError
        except ValueError as error:
            say(CommandReply.refusal(_refusal_of(error)))
            return
        self.ask(command, say)

    def answered(self, verdict: Verdict) -> None:
        """A part was answered; returns at once."""
        with self._lock:
            if verdict.part.id not in self._waiting:
                return
            self._answered.append(verdict)
        # Where the queue is full, the worker comes round to look anyway.
        self._enqueue(Knock())

    def handle(self, jobs: Sequence[Asked | Knock]) -> None:
        self.idle()
        for job in jobs:
            if isinstance(job, Asked) and self._book.open(job.command, job.answer):
                self._carry_out(job)

    def idle(self) -> None:
        """Answer those whose work is done, and those whose verdict came or did not come in time."""
        while self._concluded:
            self._settle(*self._concluded.popleft())
        while self._answered:
            verdict = self._answered.popleft()
            with self._lock:
                waiting = self._waiting.pop(verdict.part.id, None)
            if waiting is not None:
                command, part = waiting
                reply = _acceptance(command, part).model_copy(update={"verdict": given_verdict(verdict)})
                self._book.close(command, reply)
        now_ns = self._clock.monotonic_ns()
        self._give_up([part for _, part in self._waiting.values() if now_ns > part.deadline_ns + VERDICT_MARGIN_NS])

    def crashed(self, jobs: Sequence[Asked | Knock]) -> None:
        for job in jobs:
            if isinstance(job, Asked):
                self._book.close(job.command, CommandReply.refusal(Refusal.INTERNAL, job.command))

    def close(self) -> None:
        """The station ends and the worker has: whoever still waits is told that no verdict came."""
        self.idle()
        self._give_up([part for _, part in self._waiting.values()])

    def _carry_out(self, asked: Asked) -> None:
        command = asked.command
        if asked.stale:
            self._settle(command, CommandReply.refusal(Refusal.STALE, command))
        elif isinstance(command, TriggerCommand):
            self._begin_part(command)
        elif command.verb in self._verbs:
            self._verbs[command.verb](command, partial(self._conclude, command))
        else:
            self._settle(command, CommandReply.refusal(Refusal.UNKNOWN_VERB, command))

    def _begin_part(self, command: TriggerCommand) -> None:
        part = self._trigger.admit(command)
        if isinstance(part, Refusal):
            self._settle(command, CommandReply.refusal(part, command))
            return
        reply = _acceptance(command, part)
        # The audit row goes to disk with the part's verdict or before it: a repetition after a restart finds it there.
        self._note(command, reply)
        if command.wait:
            with self._lock:
                self._waiting[part.id] = command, part
        self._trigger.enter(part)
        if not command.wait:
            self._book.close(command, reply)

    def _conclude(self, command: Command, reply: CommandReply) -> None:
        """Any thread."""
        self._concluded.append((command, reply))
        self._enqueue(Knock())

    def _settle(self, command: Command, reply: CommandReply) -> None:
        self._note(command, reply)
        self._book.close(command, reply)

    def _give_up(self, parts: Sequence[Part]) -> None:
        for part in parts:
            with self._lock:
                command, _ = self._waiting.pop(part.id)
            self._book.close(command, _acceptance(command, part).without_verdict())

    def _note(self, command: Command, reply: CommandReply) -> None:
        row = AuditRow(
            at_utc=self._clock.utc().isoformat(),
            source=command.actor.source,
            actor=command.actor.name,
            verb=command.verb,
            request_id=command.request_id,
            status=reply.status,
            code=reply.code or "",
            command=command.model_dump_json(),
            reply=reply.model_dump_json(),
        )
        _log.info("%s by %s %r: %s %s", row.verb, row.source, row.actor, row.status, row.code)
        self._audit(row)


def _acceptance(command: TriggerCommand, part: Part) -> CommandReply:
    return CommandReply(request_id=command.request_id, verb=command.verb, status="accepted", part=accepted_part(part))


def _refusal_of(error: ValueError) -> Refusal:
    """Another verb is told apart from garbage."""
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False)[0]
        if first["type"] == "union_tag_invalid":
            return Refusal.UNKNOWN_VERB
    return Refusal.MALFORMED
