"""The publisher against a connection that does exactly what the test says."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from appliance.config.schema import MqttConfig
from appliance.domain.device import DeviceState
from appliance.errors import NotThere, UsageError
from appliance.sinks import mqtt_faults as faults
from appliance.sinks.mqtt import MqttPublisher
from appliance.sinks.mqtt_connection import Ack, Login, Outgoing
from appliance.sinks.mqtt_faults import BrokerFault
from appliance.sinks.mqtt_files import check_files
from appliance.sinks.mqtt_incoming import Incoming
from appliance.sinks.mqtt_status import StatusRhythm
from appliance.sinks.state_messages import StatusMessage
from tests.fakes.outbox import MemoryOutbox
from tests.fakes.results import IDENTITY, NOON, ROOT, result, status

CONFIG = MqttConfig(enabled=True, keepalive_s=20)
TENTH_S = 100_000_000
STATUS = f"{ROOT}/state/status"


class HastyOutbox(MemoryOutbox):
    """Its clock is the line's, which only polls move."""

    def wait(self, timeout_s: float) -> None:
        return


class HastyStop(threading.Event):
    """Notes the pauses and makes none."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout)
        return self.is_set()


@dataclass
class Line:
    """The world of one test: what the broker does at each poll, and a clock that a poll moves by 0.1 s.

    `answer` gets the unanswered packets and returns the acks; `after` polls the publisher is told to stop.
    """

    answer: Callable[[list[int]], list[Ack]]
    after: int = 50
    window: int = 20
    refusals: int = 0
    now_ns: int = 10**12
    polls: int = 0
    stop: HastyStop = field(default_factory=HastyStop)
    outbox: HastyOutbox = field(default_factory=HastyOutbox)
    states: list[DeviceState] = field(default_factory=list)
    status: Callable[[], StatusMessage] = status
    logins: list[Login] = field(default_factory=list)
    connections: list[ScriptedConnection] = field(default_factory=list)

    def connect(self, config: MqttConfig, login: Login) -> ScriptedConnection:
        self.logins.append(login)
        self.connections.append(ScriptedConnection(self))
        return self.connections[-1]

    def run(self) -> None:
        publisher = MqttPublisher(
            CONFIG,
            ROOT,
            self.outbox,
            lambda: IDENTITY,
            self.status,
            self.states.append,
            connect=self.connect,
            monotonic_ns=lambda: self.now_ns,
            utc=lambda: NOON,
        )
        publisher.run(self.stop)

    def add(self, count: int) -> None:
        for seq in range(1, count + 1):
            self.outbox.add(result(seq).to_bytes(), self.now_ns)

    def results(self, connection: int = -1) -> list[int]:
        sent = [m for m in self.connections[connection].sent if m.topic.endswith("evt/result")]
        return [json.loads(message.payload)["seq"] for message in sent]

    def statuses(self, connection: int = -1) -> list[StatusMessage]:
        sent = [m for m in self.connections[connection].sent if m.topic == STATUS]
        assert all(message.retain for message in sent)
        return [StatusMessage.model_validate_json(message.payload) for message in sent]

    def status_times_s(self) -> list[float]:
        """When each status of the latest connection was sent, counted from the first."""
        connection = self.connections[-1]
        times = [at for at, m in zip(connection.sent_ns, connection.sent, strict=True) if m.topic == STATUS]
        return [(at - times[0]) / 1e9 for at in times]


class ScriptedConnection:
    def __init__(self, line: Line) -> None:
        self.line = line
        self.window = line.window
        self.sent: list[Outgoing] = []
        self.sent_ns: list[int] = []
        self.unanswered: list[int] = []
        self.most_unanswered = 0
        self.left_in_order = False
        self.deaf = ""
        self.incoming: list[Incoming] = []
        self.accepted: list[Incoming] = []
        self.closed = False

    def open(self, give_up: Callable[[], bool]) -> None:
        if len(self.line.connections) <= self.line.refusals:
            raise BrokerFault(faults.unreachable(CONFIG, "Connection refused"))

    def publish(self, message: Outgoing) -> int:
        self.sent.append(message)
        self.sent_ns.append(self.line.now_ns)
        self.unanswered.append(len(self.sent))
        self.most_unanswered = max(self.most_unanswered, len(self.unanswered))
        return len(self.sent)

    def poll(self, timeout_s: float) -> tuple[Ack, ...]:
        line = self.line
        line.now_ns += TENTH_S
        line.polls += 1
        if line.polls >= line.after:
            line.stop.set()
        acks = line.answer(list(self.unanswered))
        for ack in acks:
            self.unanswered.remove(ack.packet_id)
        return tuple(acks)

    def take(self, most: int) -> tuple[Incoming, ...]:
        taken, self.incoming = self.incoming[:most], self.incoming[most:]
        return tuple(taken)

    def accept(self, said: Incoming) -> None:
        self.accepted.append(said)

    def disconnect(self) -> None:
        self.left_in_order = True

    def close(self) -> None:
        self.closed = True


def accept_all(unanswered: list[int]) -> list[Ack]:
    return [Ack(packet, True, "Success") for packet in unanswered]


def accept_none(unanswered: list[int]) -> list[Ack]:
    return []


@pytest.mark.parametrize("window", [1, 7, 20])
def test_never_more_than_the_window_is_in_flight(window: int) -> None:
    line = Line(accept_all, after=200, window=window)
    line.add(100)
    line.run()
    assert line.results() == list(range(1, 101))
    assert line.connections[0].most_unanswered == window
    assert line.outbox.delivered_ids == list(range(1, 101))


def test_nothing_is_delivered_without_an_answer() -> None:
    line = Line(accept_none)
    line.add(30)
    line.run()
    assert line.outbox.delivered_ids == []
    assert len(line.outbox) == 30


def test_an_answer_that_overtakes_waits_for_the_rows_before_it() -> None:
    def latest_only(unanswered: list[int]) -> list[Ack]:
        return accept_all(unanswered[-1:])

    line = Line(latest_only, after=5)
    line.add(10)
    line.run()
    assert line.outbox.delivered_ids == list(range(1, len(line.outbox.delivered_ids) + 1))


def test_a_refused_row_stays_and_nothing_overtakes_it() -> None:
    """Row 3 is refused, the rows behind it in the window were accepted: all from row 3 on must be sent again."""
    line = Line(accept_none)

    def refuse_third_result(unanswered: list[int]) -> list[Ack]:
        line.stop.set()
        third = (
            line.results()[:3] == [1, 2, 3]
            and [n for n, m in enumerate(line.connections[0].sent, start=1) if m.topic.endswith("evt/result")][2]
        )
        return [Ack(packet, packet != third, "x") for packet in unanswered]

    line.answer = refuse_third_result
    line.add(6)
    line.run()
    assert line.outbox.delivered_ids == [1, 2]
    assert line.states[-1] == faults.denied(CONFIG, (f"{ROOT}/evt/result",))
    assert not line.connections[0].left_in_order


def test_after_a_lost_connection_the_unanswered_come_again_in_order() -> None:
    line = Line(accept_none, after=30)

    def two_answers_then_lost(unanswered: list[int]) -> list[Ack]:
        if len(line.connections) > 1:
            return accept_all(unanswered)
        if line.polls > 3:
            raise BrokerFault(faults.silent(CONFIG))
        return accept_all(unanswered[:2])

    line.answer = two_answers_then_lost
    line.add(8)
    line.run()
    assert line.results(0) == list(range(1, 9))
    already = 9 - len(line.results(1))
    assert 1 < already < 9
    assert line.results(1) == list(range(already, 9))
    assert line.outbox.delivered_ids == list(range(1, 9))
    assert [state.state for state in line.states] == ["ok", "fault", "ok"]


def test_a_broker_that_answers_nothing_for_a_keepalive_is_left() -> None:
    line = Line(accept_none, after=10_000)

    def stop_at_the_second(unanswered: list[int]) -> list[Ack]:
        if len(line.connections) > 1:
            line.stop.set()
        return []

    line.answer = stop_at_the_second
    line.run()
    assert line.states[1] == faults.silent(CONFIG)
    assert 200 <= line.polls <= 300
    assert line.connections[0].closed and not line.connections[0].left_in_order


def test_the_pauses_between_tries_grow_from_1_to_60_seconds() -> None:
    line = Line(accept_all, after=5, refusals=9)
    line.add(1)
    line.run()
    assert line.stop.pauses[:9] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert [state.state for state in line.states] == ["fault", "ok"]
    assert line.outbox.delivered_ids == [1]


def test_a_broker_that_lets_in_and_refuses_results_is_asked_less_and_less_often() -> None:
    line = Line(accept_none)

    def refuse_results(unanswered: list[int]) -> list[Ack]:
        if len(line.connections) == 4:
            line.stop.set()
        sent = line.connections[-1].sent
        return [Ack(packet, not sent[packet - 1].topic.endswith("evt/result"), "x") for packet in unanswered]

    line.answer = refuse_results
    line.add(1)
    line.run()
    assert line.stop.pauses == [1, 2, 4, 8]
    assert line.outbox.delivered_ids == []
    assert line.states[1:] == [faults.denied(CONFIG, (f"{ROOT}/evt/result",))]


def test_a_steady_connection_starts_the_pauses_anew() -> None:
    line = Line(accept_all, after=10_000, refusals=4)

    def steady_then_lost(unanswered: list[int]) -> list[Ack]:
        if line.polls in (601, 602):
            if line.polls == 602:
                line.stop.set()
            raise BrokerFault(faults.silent(CONFIG))
        return accept_all(unanswered)

    line.answer = steady_then_lost
    line.run()
    assert line.stop.pauses == [1, 2, 4, 8, 1, 2]


def test_the_first_connection_is_fresh_and_later_ones_go_on_with_the_session() -> None:
    line = Line(accept_none, after=10_000)

    def lose_the_first(unanswered: list[int]) -> list[Ack]:
        if len(line.connections) == 1:
            raise BrokerFault(faults.silent(CONFIG))
        line.stop.set()
        return accept_all(unanswered)

    line.answer = lose_the_first
    line.run()
    assert [login.fresh for login in line.logins] == [True, False]
    will = line.logins[0].will
    assert (line.logins[0].client_id, will.topic, will.retain) == ("okng-OKNG-0001", f"{ROOT}/state/availability", True)
    assert json.loads(will.payload)["online"] is False


def test_an_orderly_end_says_so_last() -> None:
    line = Line(accept_all, after=3)
    line.add(45)
    line.run()
    connection = line.connections[0]
    assert (len(line.outbox), connection.left_in_order, connection.closed) == (0, True, True)
    last = connection.sent[-1]
    assert (last.topic, json.loads(last.payload)["online"]) == (f"{ROOT}/state/availability", False)


def test_the_last_result_follows_when_nothing_waits() -> None:
    line = Line(accept_all)
    line.add(50)
    line.run()
    lasts = [m for m in line.connections[0].sent if m.topic.endswith("state/last_result")]
    assert json.loads(lasts[-1].payload)["seq"] == 50
    assert len(lasts) < 50


def test_the_status_comes_every_2_seconds() -> None:
    line = Line(accept_all, after=95)
    line.run()
    assert line.status_times_s()[:-1] == [0, 2, 4, 6, 8]


@pytest.mark.parametrize("change", [{"state": "Halted"}, {"armed": False}, {"job": 2}])
def test_a_status_that_changed_comes_at_once(change: dict[str, object]) -> None:
    line = Line(accept_all, after=39)
    line.status = lambda: status().model_copy(update=change if 5 <= line.polls < 12 else {})
    line.run()
    assert line.status_times_s()[:-1] == [0, 0.5, 1.2, 3.2]
    assert line.statuses()[1] == status().model_copy(update=change)
    assert line.statuses()[2] == status()


def test_counters_alone_wait_for_the_next_status() -> None:
    line = Line(accept_all, after=35)
    line.status = lambda: status(spool_depth=line.polls)
    line.run()
    assert line.status_times_s()[:-1] == [0, 2]
    assert line.statuses()[1].spool_depth == 20


def test_a_status_without_an_answer_holds_up_no_result() -> None:
    """It takes one place of the window, whatever changes meanwhile; the answer makes room for the latest."""
    line = Line(accept_none, after=190, window=2)
    line.status = lambda: status().model_copy(update={"job": line.polls})

    def slow_for_status(unanswered: list[int]) -> list[Ack]:
        sent = line.connections[0].sent
        return accept_all([n for n in unanswered if sent[n - 1].topic != STATUS or line.polls == 150])

    line.answer = slow_for_status
    line.add(100)
    line.run()
    first, second = line.statuses()[:2]
    assert (first.job, second.job, len(line.statuses()[:-1])) == (1, 150, 2)
    assert line.outbox.delivered_ids == list(range(1, 101))
    assert line.results() == list(range(1, 101))


@pytest.mark.parametrize("window", [1, 20])
def test_a_status_comes_in_time_while_results_fill_the_window(window: int) -> None:
    line = Line(accept_all, after=100, window=window)
    line.add(99 * window)
    line.run()
    times = line.status_times_s()[:-1]
    assert len(times) == 5
    assert all(later - earlier <= 2.1 for earlier, later in itertools.pairwise(times))
    assert line.results() == list(range(1, len(line.results()) + 1))


def test_a_connection_made_anew_begins_with_a_status() -> None:
    line = Line(accept_none, after=8)

    def lose_the_first(unanswered: list[int]) -> list[Ack]:
        if len(line.connections) == 1 and line.polls > 3:
            raise BrokerFault(faults.silent(CONFIG))
        return accept_all(unanswered)

    line.answer = lose_the_first
    line.run()
    assert [len(line.statuses(0)), len(line.statuses(1))] == [1, 2]


def test_the_final_status_stands_between_the_last_result_and_the_farewell() -> None:
    line = Line(accept_all, after=3)
    line.add(45)
    line.status = lambda: status(spool_depth=len(line.outbox))
    line.run()
    sent = line.connections[0].sent
    assert [m.topic.removeprefix(f"{ROOT}/state/") for m in sent[-3:]] == ["last_result", "status", "availability"]
    assert json.loads(sent[-3].payload)["seq"] == 45
    assert line.statuses()[-1].spool_depth == 0
    assert len(line.statuses()) == 2


def test_a_farewell_with_too_much_left_still_ends_with_the_truth() -> None:
    """What is not sent within the time stays owed, and the final status says how much that is."""
    line = Line(accept_all, after=3, window=2)
    line.add(500)
    line.status = lambda: status(spool_depth=len(line.outbox))
    line.run()
    connection = line.connections[0]
    assert [m.topic.removeprefix(f"{ROOT}/state/") for m in connection.sent[-2:]] == ["status", "availability"]
    assert line.statuses()[-1].spool_depth == len(line.outbox) > 0
    assert connection.sent_ns[-1] - 10**12 <= 3.3e9
    assert json.loads([m for m in connection.sent if m.topic.endswith("last_result")][-1].payload)["seq"] == (
        500 - len(line.outbox)
    )


def test_a_status_that_is_refused_again_and_again_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    line = Line(accept_none, after=100)

    def refuse_status(unanswered: list[int]) -> list[Ack]:
        sent = line.connections[0].sent
        return [Ack(packet, sent[packet - 1].topic != STATUS, "Not authorized") for packet in unanswered]

    line.answer = refuse_status
    line.run()
    assert len(line.statuses()) >= 5
    assert [record.getMessage() for record in caplog.records] == [
        f"the broker does not accept a message on {STATUS}: Not authorized"
    ]
    assert line.states == [faults.OK, faults.denied(CONFIG, (STATUS,))]


def test_the_station_is_asked_for_its_status_at_most_every_50_ms() -> None:
    asked: list[int] = []

    def ask() -> StatusMessage:
        asked.append(now_ms)
        return status().model_copy(update={"job": now_ms})

    rhythm = StatusRhythm(ask)
    for now_ms in range(1000, 1200):
        rhythm.due(now_ms * 1_000_000)
    assert asked == [1000, 1050, 1100, 1150]


def test_a_row_that_cannot_be_read_is_sent_as_it_is() -> None:
    line = Line(accept_all)
    line.outbox.add(b'{"schema":"okng.result/7"}')
    line.add(1)
    line.run()
    sent = [m.payload for m in line.connections[0].sent if m.topic.endswith("evt/result")]
    assert sent[0] == b'{"schema":"okng.result/7"}'
    assert line.outbox.delivered_ids == [1, 2]


def test_a_programming_error_is_a_fault_and_no_end() -> None:
    line = Line(accept_none)

    def break_first(unanswered: list[int]) -> list[Ack]:
        if len(line.connections) == 1:
            raise ZeroDivisionError
        line.stop.set()
        return accept_all(unanswered)

    line.answer = break_first
    line.add(1)
    line.run()
    assert faults.internal() in line.states
    assert line.outbox.delivered_ids == [1]


def test_every_fault_is_said_in_both_languages() -> None:
    said = [
        faults.unreachable(CONFIG, "Connection refused"),
        faults.untrusted(CONFIG, "certificate verify failed"),
        faults.silent(CONFIG),
        faults.unwelcome(CONFIG),
        faults.refused(CONFIG, faults.BAD_CREDENTIALS, "Bad user name or password"),
        faults.refused(CONFIG, faults.UNSUPPORTED_VERSION, "Unsupported protocol version"),
        faults.refused(CONFIG, 136, "Server unavailable"),
        faults.lost(CONFIG, faults.SESSION_TAKEN_OVER, "Session taken over"),
        faults.lost(CONFIG, 139, "Server shutting down"),
        faults.denied(CONFIG, ("a/b",)),
        faults.internal(),
    ]
    assert all(state.state == "fault" and ";" in state.text_en and "；" in state.text_zh for state in said)
    assert len({state.text_en for state in said}) == len(said)


def test_a_password_that_others_may_read_is_refused(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("secret\n")
    password.chmod(0o640)
    with pytest.raises(UsageError, match=f"chmod 600 {password}"):
        check_files(MqttConfig(username="u", password_file=password))
    password.chmod(0o600)
    check_files(MqttConfig(username="u", password_file=password))
    with pytest.raises(UsageError, match="set \\[mqtt\\] username"):
        check_files(MqttConfig(password_file=password))


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="correct \\[mqtt\\] password_file"):
        check_files(MqttConfig(username="u", password_file=tmp_path / "none"))
    with pytest.raises(NotThere, match="correct \\[mqtt\\] ca_file"):
        check_files(MqttConfig(ca_file=tmp_path / "none"))
    (tmp_path / "empty.pem").write_text("no certificate")
    with pytest.raises(UsageError, match="correct \\[mqtt\\] ca_file"):
        check_files(MqttConfig(ca_file=tmp_path / "empty.pem"))
