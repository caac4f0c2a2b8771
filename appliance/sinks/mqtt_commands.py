"""Commands over MQTT: from `cmd/<verb>` to the desk, and the answer to `rsp/<verb>`.

    broker ─▶ inbox ─▶ take ─▶ ask (the desk's queue) ⋯ command thread ⋯▶ answers ─▶ publisher ─▶ broker
                        └ retained: ignored   └ no command: refused

At most 32 commands are under way; what comes beyond waits at the broker, whose messages are acknowledged only when
they are taken. Answers go below the station's own `rsp/` and nowhere else, whatever a caller asks for.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Protocol, TypeVar

from appliance.commands.desk import Ask
from appliance.commands.envelope import Request
from appliance.commands.messages import MAX_LINE, REQUESTS, SCHEMA_ID, CommandReply
from appliance.commands.refusals import Refusal
from appliance.sinks.mqtt_connection import Outgoing
from appliance.sinks.mqtt_incoming import Incoming, Subscription

Wanted = TypeVar("Wanted", bound=Request)
_log = logging.getLogger(__name__)
_UNDER_WAY = 32
_ANSWER_EXPIRY_S = 60
_MAX_CORRELATION = 256
_TELL_EVERY = 100
_VERB = re.compile(r"[a-z][a-z0-9_]{0,31}")
_BELOW = re.compile(r"[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64}){0,3}")


class Door(Protocol):
    """What the publisher knows of commands; its thread alone calls these."""

    @property
    def room(self) -> int:
        """How many commands may be taken now."""

    @property
    def busy(self) -> bool:
        """Whether an answer is owed or ready."""

    def subscribe(self) -> Subscription | None:
        """What the next connection is to listen to."""

    def take(self, said: Incoming) -> None: ...

    def next_answer(self) -> Outgoing | None: ...

    def again(self, answers: Sequence[Outgoing]) -> None:
        """These may not have arrived: they come first again."""


class ClosedDoor:
    """Stands for no commands over MQTT."""

    room = 0
    busy = False

    def subscribe(self) -> Subscription | None:
        return None

    def take(self, said: Incoming) -> None:
        """Nothing is subscribed to."""

    def next_answer(self) -> Outgoing | None:
        return None

    def again(self, answers: Sequence[Outgoing]) -> None:
        """Nothing was ever answered."""


class CommandDoor:
    """`root` is `okng/v1/<station path>`. `retained` counts what was ignored because the broker had kept it."""

    def __init__(self, root: str, boot_id: str, ask: Ask) -> None:
        self._root = root
        self._boot_id = boot_id
        self._ask = ask
        self._connections = 0
        self._lock = threading.Lock()
        self._owed = 0
        self._answers: deque[Outgoing] = deque()
        self.retained = 0

    @property
    def room(self) -> int:
        with self._lock:
            return _UNDER_WAY - self._owed - len(self._answers)

    @property
    def busy(self) -> bool:
        with self._lock:
            return self._owed + len(self._answers) > 0

    def subscribe(self) -> Subscription:
        self._connections += 1
        return Subscription(f"{self._root}/cmd/+", self._connections)

    def take(self, said: Incoming) -> None:
        """Hand a command to the desk, or answer why it is none. A retained one is nobody's wish of now: ignored."""
        if said.retained:
            self.retained += 1
            if self.retained % _TELL_EVERY == 1:
                _log.warning(
                    "a retained message on %s is no command and was ignored (%d so far)", said.topic, self.retained
                )
            return
        with self._lock:
            self._owed += 1
        verb = said.topic.rpartition("/")[2]
        known = _VERB.fullmatch(verb) is not None
        own = f"{self._root}/rsp/{verb if known else 'unknown'}"
        fits = said.correlation is None or len(said.correlation) <= _MAX_CORRELATION
        correlation = said.correlation if fits else None
        if not fits or not self._may_answer(said.response_topic):
            self._answer(own, correlation, CommandReply.refusal(Refusal.BAD_RESPONSE_TOPIC))
            return
        answer = partial(self._answer, said.response_topic or own, correlation)
        if verb not in REQUESTS:
            answer(CommandReply.refusal(Refusal.UNKNOWN_VERB, verb=verb if known else None))
            return
        wanted = _request_in(REQUESTS[verb], said.payload)
        if wanted is None:
            answer(CommandReply.refusal(Refusal.MALFORMED, verb=verb))
            return
        self._ask(wanted.command("mqtt", "mqtt"), answer, stale=said.stale)

    def next_answer(self) -> Outgoing | None:
        with self._lock:
            return self._answers.popleft() if self._answers else None

    def again(self, answers: Sequence[Outgoing]) -> None:
        with self._lock:
            self._answers.extendleft(reversed(answers))

    def _may_answer(self, wanted: str | None) -> bool:
        """A caller must not have the station write where it may write and the caller may not."""
        if wanted is None:
            return True
        below = f"{self._root}/rsp/"
        return wanted.startswith(below) and _BELOW.fullmatch(wanted.removeprefix(below)) is not None

    def _answer(self, topic: str, correlation: bytes | None, reply: CommandReply) -> None:
        """Any thread."""
        said = Outgoing(topic, reply.to_bytes(), False, SCHEMA_ID, self._boot_id, _ANSWER_EXPIRY_S, correlation)
        with self._lock:
            self._owed -= 1
            self._answers.append(said)


def _request_in(schema: type[Wanted], payload: bytes) -> Wanted | None:
    """The request with its id: without one a message that the broker repeats would be carried out twice."""
    if len(payload) > MAX_LINE:
        return None
    try:
        wanted = schema.model_validate_json(payload)
    except ValueError:
        return None
    return wanted if wanted.request_id is not None else None
