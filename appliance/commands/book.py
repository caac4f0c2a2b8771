"""Which commands were carried out, and what was answered: a repeated request id never acts twice.

    new ─▶ OPEN (carried out, its answer not yet known) ─▶ CLOSED (answer kept)
             └─ the same command again: hears the same answer when it comes

Accepted commands are kept apart from refused ones, so that no flood of refusals makes the book forget a part.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable

from pydantic import ValidationError

from appliance.commands.messages import Command, CommandReply, TriggerCommand, command_line
from appliance.commands.refusals import Refusal
from appliance.domain.audit import AuditRow

_log = logging.getLogger(__name__)
_MAX_LISTENERS = 8
ACCEPTED_KEPT = 4096
_REFUSED_KEPT = 256

Listener = Callable[[CommandReply], None]


class _Entry:
    def __init__(self, command: Command, listener: Listener) -> None:
        self.command = command
        self.reply: CommandReply | None = None
        self.listeners = [listener]


class ReplyBook:
    """Used by one thread. `past`: what an earlier run of the station accepted."""

    def __init__(self, past: Iterable[AuditRow] = ()) -> None:
        self._open: dict[tuple[str, str], _Entry] = {}
        self._accepted: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        self._refused: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        for row in past:
            self._remember(row)

    def open(self, command: Command, listener: Listener) -> bool:
        """Begin a command; False when its request id is known already, and then the listener hears what came of it."""
        key = _key(command)
        entry = self._open.get(key) or self._accepted.get(key) or self._refused.get(key)
        if entry is None:
            self._open[key] = _Entry(command, listener)
            return True
        if entry.command != command:
            listener(CommandReply.refusal(Refusal.REQUEST_ID_REUSED, command))
        elif entry.reply is not None:
            listener(entry.reply.model_copy(update={"repeated": True}))
        elif len(entry.listeners) < _MAX_LISTENERS:
            entry.listeners.append(listener)
        else:
            listener(CommandReply.refusal(Refusal.BUSY, command))
        return False

    def close(self, command: Command, reply: CommandReply) -> None:
        """Keep the answer and tell everyone who asked; a command that is not open was answered before."""
        entry = self._open.pop(_key(command), None)
        if entry is None:
            return
        entry.reply = reply
        accepted = reply.status == "accepted"
        kept, most = (self._accepted, ACCEPTED_KEPT) if accepted else (self._refused, _REFUSED_KEPT)
        kept[_key(command)] = entry
        if len(kept) > most:
            kept.popitem(last=False)
        first, *others = entry.listeners
        entry.listeners = []
        first(reply)
        for listener in others:
            listener(reply.model_copy(update={"repeated": True}))

    def _remember(self, row: AuditRow) -> None:
        try:
            command = command_line.validate_json(row.command)
            reply = CommandReply.model_validate_json(row.reply)
        except ValidationError as error:
            _log.warning("an earlier command is not remembered, another version wrote it: %s", error)
            return
        if (
            isinstance(command, TriggerCommand) and command.wait
        ):  # the verdict came later, if it came: it is among the results
            reply = reply.without_verdict()
        if self.open(command, lambda reply: None):
            self.close(command, reply)


def _key(command: Command) -> tuple[str, str]:
    return command.actor.source, command.request_id
