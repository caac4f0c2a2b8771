"""Carries the outbox to the MES over MQTT, and keeps the retained state messages true.

    outbox ─▶ window (≤ 20, in order) ─▶ broker ─▶ PUBACK ─▶ outbox.delivered(id)
                    ▲                       │
                    └── connection lost: everything unacknowledged again, from the oldest

A row is forgotten only when the broker accepted it and every row before it. A refused row stays, is reported, and is
tried again with the back-off; nothing overtakes it. Delivery is at least once: consumers drop doubles by `id`.

`state/status` takes at most one place of the window: the next one is made only when the broker has answered the last,
so a slow broker gets the latest status, not a queue of old ones. Answers to commands take at most four.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

from appliance.commands.desk import Ask
from appliance.config.schema import MqttConfig
from appliance.domain.device import DeviceState
from appliance.domain.outbox import Outbox
from appliance.errors import OkngError
from appliance.sinks import mqtt_faults as faults
from appliance.sinks.mqtt_commands import ClosedDoor, CommandDoor, Door
from appliance.sinks.mqtt_connection import (
    WINDOW,
    Ack,
    Connection,
    Login,
    Outgoing,
    PahoConnection,
)
from appliance.sinks.mqtt_faults import BrokerFault
from appliance.sinks.mqtt_files import check_files
from appliance.sinks.mqtt_messages import Messages
from appliance.sinks.mqtt_status import StatusRhythm
from appliance.sinks.result_schema import ResultMessage
from appliance.sinks.send_window import SendWindow
from appliance.sinks.state_messages import IdentityMessage, StatusMessage

_log = logging.getLogger(__name__)

BACKOFF_MIN_S = 1.0
BACKOFF_MAX_S = 60.0
STEADY_S = 60.0
DRAIN_S = 2.0
SETTLE_S = 1.0
TICK_S = 0.05
ANSWERS = 4


class MqttPublisher:
    """`run` blocks on a thread of its own.

    `topic_root` is `okng/v1/<station path>`. `identity` and `status` are called on the publisher's thread, up to 20
    times a second, to see whether there is something to tell; `on_state` too, at each change of the broker's state.
    None of them may block.
    `ask` puts commands to the station; without it none are subscribed to.

    Raises:
        NotThere, UsageError: the password file or the CA file cannot be used.
    """

    def __init__(
        self,
        config: MqttConfig,
        topic_root: str,
        outbox: Outbox,
        identity: Callable[[], IdentityMessage],
        status: Callable[[], StatusMessage],
        on_state: Callable[[DeviceState], None],
        *,
        ask: Ask | None = None,
        connect: Callable[[MqttConfig, Login], Connection] = PahoConnection,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        utc: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        check_files(config)
        self._config = config
        self._outbox = outbox
        self._identity = identity
        self._said_identity = identity()
        self._messages = Messages(topic_root, self._said_identity.boot_id, utc)
        self._door: Door = ClosedDoor() if ask is None else CommandDoor(topic_root, self._said_identity.boot_id, ask)
        self._answers_sent: dict[int, Outgoing] = {}
        self._deaf = ""
        self._client_id = config.client_id or f"okng-{self._said_identity.serial}"
        self._rhythm = StatusRhythm(status)
        self._on_state = on_state
        self._connect = connect
        self._monotonic_ns = monotonic_ns
        self._reported: DeviceState | None = None
        self._denied: dict[str, None] = {}
        self._fresh = True
        self._delivered_up_to = 0
        self._begin(WINDOW)

    def run(self, stop: threading.Event) -> None:
        """Connect, deliver, and connect again after growing pauses, until `stop`; then leave in order within 6 s."""
        pause_s = BACKOFF_MIN_S
        while not stop.is_set():
            started_ns, delivered = self._monotonic_ns(), self._delivered_up_to
            self._attempt(stop)
            # A broker that lets the station in and then refuses its results must not be asked every second.
            if self._delivered_up_to > delivered or self._age_s(started_ns) > STEADY_S:
                pause_s = BACKOFF_MIN_S
            stop.wait(pause_s)
            pause_s = min(2 * pause_s, BACKOFF_MAX_S)

    def _attempt(self, stop: threading.Event) -> None:
        try:
            will = self._messages.availability(online=False)
            login = Login(self._client_id, will, self._fresh, commands=self._door.subscribe())
            with closing(self._connect(self._config, login)) as connection:
                self._serve(connection, stop)
        except BrokerFault as fault:
            if not stop.is_set():
                self._report(fault.state)
        except OkngError as error:
            self._report(faults.misconfigured(str(error)))
        except Exception:  # noqa: BLE001  the thread's top: results wait on disk, the page says so, the next try follows
            _log.exception("the MQTT publisher failed")
            self._report(faults.internal())

    def _serve(self, connection: Connection, stop: threading.Event) -> None:
        connection.open(stop.is_set)
        self._fresh = False
        self._begin(connection.window)
        self._report(self._health())
        while not stop.is_set():
            self._refresh_identity()
            self._refresh_status()
            self._step(connection)
        self._leave(connection)

    def _begin(self, window: int) -> None:
        """Forget what was in flight: it is read again from the outbox."""
        self._room = window
        self._window = SendWindow()
        self._read_up_to = self._delivered_up_to
        self._results: dict[int, ResultMessage] = {}
        self._last_result: ResultMessage | None = None
        self._said_identity = self._identity()
        self._states: deque[Outgoing] = deque(
            (self._messages.availability(online=True), self._messages.identity(self._said_identity))
        )
        self._states_sent: dict[int, tuple[str, int]] = {}
        self._door.again(tuple(self._answers_sent.values()))
        self._answers_sent = {}
        self._rhythm.restart()

    def _refresh_identity(self) -> None:
        """Say it again when another recipe came into force."""
        identity = self._identity()
        if identity != self._said_identity:
            self._said_identity = identity
            self._states.append(self._messages.identity(identity))

    def _refresh_status(self) -> None:
        """Queue the status when it is due and the next step can send it."""
        under_way = any(topic == self._messages.status_topic for topic, _ in self._states_sent.values())
        if under_way or self.in_flight + len(self._states) >= self._room:
            return
        status = self._rhythm.due(self._monotonic_ns())
        if status is not None:
            self._states.append(self._messages.status(status))

    def _step(self, connection: Connection, *, rows: bool = True) -> bool:
        """Send what there is room for and take what came back; False when there was nothing to do."""
        self._send_states(connection)
        self._send_answers(connection)
        self._send_rows(connection, self._room - self.in_flight if rows else 0)
        busy = self.in_flight > 0 or self._door.busy
        if busy:
            acks = connection.poll(TICK_S)
        else:
            self._outbox.wait(TICK_S)
            acks = connection.poll(0.0)
        for ack in acks:
            self._settle(ack)
        self._listen(connection)
        self._expect_answers()
        return busy or bool(self._states)

    def _listen(self, connection: Connection) -> None:
        """Take in commands, as many as there is room for; the rest waits at the broker."""
        if connection.deaf != self._deaf:
            self._deaf = connection.deaf
            self._report(self._health())
        for said in connection.take(self._door.room):
            self._door.take(said)
            connection.accept(said)

    @property
    def in_flight(self) -> int:
        """Messages that the broker has not acknowledged yet, 0..20."""
        return len(self._window) + len(self._states_sent) + len(self._answers_sent)

    def _send_states(self, connection: Connection) -> None:
        while self._states and self.in_flight < self._room:
            message = self._states.popleft()
            self._states_sent[connection.publish(message)] = message.topic, self._monotonic_ns()

    def _send_answers(self, connection: Connection) -> None:
        while self.in_flight < self._room and len(self._answers_sent) < ANSWERS:
            answer = self._door.next_answer()
            if answer is None:
                return
            self._answers_sent[connection.publish(answer)] = answer

    def _send_rows(self, connection: Connection, room: int) -> None:
        for row in self._outbox.read(self._read_up_to, room) if room > 0 else ():
            now_ns = self._monotonic_ns()
            message, result = self._messages.event(row, now_ns)
            self._window.sent(connection.publish(message), row.id, message.topic, now_ns)
            self._read_up_to = row.id
            if result is not None:
                self._results[row.id] = result
        if self._last_result is not None and not len(self._window):
            self._states.append(self._messages.last_result(self._last_result))
            self._last_result = None

    def _settle(self, ack: Ack) -> None:
        if ack.packet_id in self._states_sent:
            topic, _ = self._states_sent.pop(ack.packet_id)
            self._note(topic, ack)
            return
        if ack.packet_id in self._answers_sent:
            # Not the station's fault when refused: a caller may ask for a place where it must not write.
            answer = self._answers_sent.pop(ack.packet_id)
            if not ack.accepted:
                _log.warning("the broker does not accept an answer on %s: %s", answer.topic, ack.reason)
            return
        topic = self._window.topic(ack.packet_id)
        self._note(topic, ack)
        if not ack.accepted:
            raise BrokerFault(self._health())
        for row_id in self._window.acknowledged(ack.packet_id):
            self._outbox.delivered(row_id)
            self._delivered_up_to = row_id
            self._last_result = self._results.pop(row_id, self._last_result)

    def _note(self, topic: str, ack: Ack) -> None:
        if ack.accepted:
            self._denied.pop(topic, None)
        elif topic not in self._denied:
            self._denied[topic] = None
            _log.warning("the broker does not accept a message on %s: %s", topic, ack.reason)
        self._report(self._health())

    def _expect_answers(self) -> None:
        """A broker that lives on and acknowledges nothing is as good as gone."""
        oldest = [sent_ns for _, sent_ns in self._states_sent.values()]
        if self._window.oldest_sent_ns is not None:
            oldest.append(self._window.oldest_sent_ns)
        if oldest and self._age_s(min(oldest)) > self._config.keepalive_s:
            raise BrokerFault(faults.silent(self._config))

    def _leave(self, connection: Connection) -> None:
        """Deliver what is left, but not for long; then say how things ended, and last that the station is off."""
        self._finish(connection, DRAIN_S)
        self._states += self._messages.status(self._rhythm.final()), self._messages.availability(online=False)
        self._finish(connection, 0.0)
        connection.disconnect()

    def _finish(self, connection: Connection, rows_s: float) -> None:
        """Send rows for `rows_s`, and wait 1 s more for the answers to what is on its way."""
        started_ns = self._monotonic_ns()
        while self._step(connection, rows=self._age_s(started_ns) < rows_s):
            if self._age_s(started_ns) >= rows_s + SETTLE_S:
                return

    def _health(self) -> DeviceState:
        if self._denied:
            return faults.denied(self._config, tuple(self._denied))
        return faults.deaf(self._config, self._deaf) if self._deaf else faults.OK

    def _report(self, state: DeviceState) -> None:
        if state != self._reported:
            self._reported = state
            self._on_state(state)

    def _age_s(self, since_ns: int) -> float:
        return (self._monotonic_ns() - since_ns) / 1e9
