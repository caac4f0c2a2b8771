"""The live stream: readers come, go, and stall; the line never waits for them."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.live import LiveCounters, LiveStatus, LiveVerdict
from appliance.pipeline.service import Service
from appliance.sinks.live import LiveServer
from tests.fakes.station_socket import metrics
from tests.fakes.waiting import until


def make_status(accepted: int = 0) -> LiveStatus:
    counters = LiveCounters(accepted=accepted, ok=accepted, ng=0, recheck=0, no_part=0, error=0, in_flight=0, missed=0)
    return LiveStatus(
        boot_id="00000001",
        utc="2026-01-01T00:00:00+00:00",
        name="Station",
        path="a/b/c/d/e",
        serial="S",
        software="0",
        recipe_name="R",
        recipe_version="1",
        model_id="m",
        model_runtime="r",
        lot=None,
        armed=True,
        ready=True,
        simulated=True,
        counters=counters,
        drops=0,
        outbox_depth=0,
        latency_p50_ms=None,
        latency_p99_ms=None,
        devices=(),
        ng_rate=(),
    )


def make_live_verdict(number: int, outcome: Any = "NG") -> LiveVerdict:
    return LiveVerdict(
        id=f"v{number}",
        number=number,
        inspection_id=number,
        outcome=outcome,
        decided_by="model",
        reason="score_above_limit",
        reason_en="x",
        reason_zh="x",
        score=0.9,
        ok_below=0.4,
        ng_from=0.6,
        defects=(),
        picture=False,
        width_px=0,
        height_px=0,
        latency_ms=1.0,
        decided_utc="2026-01-01T00:00:00+00:00",
    )


def echo(line: bytes, answer: Callable[[bytes], None]) -> None:
    """Answers at once, with what was said."""
    answer(b'{"heard":"' + line + b'"}\n')


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    made = LiveServer(tmp_path / "s.sock", echo)
    service = Service("live", made.run)
    service.start()
    yield made
    made.wake()
    assert service.stop(5.0)
    assert not (tmp_path / "s.sock").exists()


def connect(tmp_path: Path) -> socket.socket:
    reader = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    reader.settimeout(5)
    reader.connect(str(tmp_path / "s.sock"))
    return reader


def messages(reader: socket.socket, count: int) -> list[dict[str, Any]]:
    file = reader.makefile("rb")
    return [json.loads(file.readline()) for _ in range(count)]


def test_a_reader_is_greeted_with_status_and_past(server: LiveServer, tmp_path: Path) -> None:
    server.publish_status(make_status(9))
    for number in range(1, 9):
        server.publish_verdict(make_live_verdict(number))
    server.publish_verdict(make_live_verdict(9, "OK"))
    until(lambda: not server._queued, "all sent on")
    with connect(tmp_path) as reader:
        status, *past = messages(reader, 8)
    assert status["counters"]["accepted"] == 9
    assert [message["number"] for message in past] == [3, 4, 5, 6, 7, 8, 9]
    assert all(message["replayed"] for message in past)


def test_every_reader_gets_every_event_in_order(server: LiveServer, tmp_path: Path) -> None:
    server.publish_status(make_status())
    with connect(tmp_path) as one, connect(tmp_path) as two:
        assert messages(one, 1) == messages(two, 1)
        for number in range(1, 51):
            server.publish_verdict(make_live_verdict(number))
        for reader in (one, two):
            assert [message["number"] for message in messages(reader, 50)] == list(range(1, 51))


def test_a_reader_that_stalls_is_cut_off_and_others_go_on(server: LiveServer, tmp_path: Path) -> None:
    server.publish_status(make_status())
    with connect(tmp_path) as stalled, connect(tmp_path) as reader:
        messages(reader, 1)
        file = reader.makefile("rb")
        number = 0
        while server.cut_off == 0:
            number += 1
            server.publish_verdict(make_live_verdict(number))
            assert json.loads(file.readline())["number"] == number
            assert number < 20_000, "the stalled reader was never cut off"
        assert stalled.fileno() > 0


def test_a_reader_that_leaves_is_forgotten(server: LiveServer, tmp_path: Path) -> None:
    server.publish_status(make_status())
    with connect(tmp_path) as reader:
        messages(reader, 1)
    until(lambda: not server._readers, "the reader is forgotten")
    server.publish_verdict(make_live_verdict(1))


def test_too_many_readers_are_turned_away(server: LiveServer, tmp_path: Path) -> None:
    readers = [connect(tmp_path) for _ in range(17)]
    until(lambda: server.cut_off == 1, "one reader is turned away")
    for reader in readers:
        reader.close()


def test_figures_are_said_to_who_is_there_and_never_repeated_to_who_comes_later(
    server: LiveServer, tmp_path: Path
) -> None:
    server.publish_status(make_status())
    with connect(tmp_path) as first:
        messages(first, 1)
        server.publish_metrics(metrics())
        assert messages(first, 1) == [metrics().model_dump(mode="json")]
        with connect(tmp_path) as later:
            messages(later, 1)
            server.publish_status(make_status(5))
            assert messages(later, 1)[0]["type"] == "status"


class TestWhatReadersSay:
    def test_each_gets_the_answers_to_its_own_lines(self, server: LiveServer, tmp_path: Path) -> None:
        with connect(tmp_path) as one, connect(tmp_path) as two:
            one.sendall(b"first\nsecond\n")
            two.sendall(b"th")
            two.sendall(b"ird\n")
            assert [message["heard"] for message in messages(one, 2)] == ["first", "second"]
            assert messages(two, 1) == [{"heard": "third"}]

    def test_half_a_line_is_no_line(self, server: LiveServer, tmp_path: Path) -> None:
        with connect(tmp_path) as reader:
            reader.sendall(b"half")
        until(lambda: not server._readers, "the reader is forgotten")
        assert server.cut_off == 0

    def test_an_endless_line_ends_the_connection_and_others_go_on(self, server: LiveServer, tmp_path: Path) -> None:
        with connect(tmp_path) as endless, connect(tmp_path) as other:
            with pytest.raises(OSError):
                for _ in range(10_000):
                    endless.sendall(b"x" * 4096)
            assert server.cut_off == 1
            other.sendall(b"hello\n")
            assert messages(other, 1) == [{"heard": "hello"}]

    def test_a_flood_ends_the_connection_and_others_go_on(self, server: LiveServer, tmp_path: Path) -> None:
        with connect(tmp_path) as flood, connect(tmp_path) as other:
            with pytest.raises(OSError):
                for _ in range(10_000):
                    flood.sendall(b"x\n" * 60)
            until(lambda: server.cut_off == 1, "the flood is cut off")
            other.sendall(b"hello\n")
            assert messages(other, 1) == [{"heard": "hello"}]

    def test_an_answer_to_who_has_gone_is_nobodys(self, tmp_path: Path) -> None:
        later: list[Callable[[bytes], None]] = []
        server = LiveServer(tmp_path / "s.sock", lambda line, answer: later.append(answer))
        service = Service("live", server.run)
        service.start()
        with connect(tmp_path) as gone:
            gone.sendall(b"x\n")
            until(lambda: later, "the line is handed on")
        until(lambda: not server._readers, "the reader is forgotten")
        with connect(tmp_path) as other:
            until(lambda: server._readers, "the next one is in")
            later[0](b"for the first\n")
            server.publish_status(make_status(3))
            assert messages(other, 1)[0]["counters"]["accepted"] == 3
        server.wake()
        assert service.stop(5.0)


def test_nothing_is_queued_for_nobody_and_all_for_whoever_comes(server: LiveServer, tmp_path: Path) -> None:
    for number in range(1, 4):
        server.publish_verdict(make_live_verdict(number))
    server.publish_metrics(metrics())
    assert (server.watched, len(server._queued)) == (False, 0)
    with connect(tmp_path) as reader:
        assert [message["number"] for message in messages(reader, 3)] == [1, 2, 3]
        assert server.watched
        server.publish_verdict(make_live_verdict(4))
        assert [message["number"] for message in messages(reader, 1)] == [4]
    until(lambda: not server.watched, "the reader is forgotten")


def test_the_last_status_reaches_the_reader_when_the_server_ends(tmp_path: Path) -> None:
    made = LiveServer(tmp_path / "s.sock", echo)
    service = Service("live", made.run)
    made.publish_status(make_status(1))
    service.start()
    with connect(tmp_path) as reader:
        file = reader.makefile("rb")
        file.readline()
        made._enqueue(b'{"last": true}\n')
        assert service.stop(5.0)
        assert json.loads(file.readline()) == {"last": True}
