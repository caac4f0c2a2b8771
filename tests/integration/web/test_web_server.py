"""The page server as a process sees it: waitress, real sockets, a station that comes and goes."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from appliance.errors import NotThere
from appliance.live import LiveVerdict
from appliance.web.app import STREAMS
from appliance.web.feed import StationFeed
from appliance.web.server import PageServer
from tests.fakes.station_socket import StationSocket, status, verdict
from tests.fakes.waiting import until
from tests.fakes.web_server import free_port, running_page, web_config

SERVE = "import sys; from pathlib import Path; from tests.fakes.web_server import web_config; "
SERVE += "from appliance.web.server import serve; serve(web_config(Path(sys.argv[1]), int(sys.argv[2])))"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[StationSocket]:
    station = StationSocket(tmp_path)
    yield station
    station.stop()


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    with running_page(tmp_path) as address:
        yield address


class Viewer:
    """An event stream read by hand."""

    def __init__(self, page: str) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(page).netloc, timeout=10)
        self.connection.request("GET", "/events")
        self.answer = self.connection.getresponse()

    def next(self) -> tuple[str, dict[str, object]]:
        name = ""
        while line := self.answer.readline().decode().rstrip("\n"):
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                data: dict[str, object] = json.loads(line.removeprefix("data: "))
        return name, data

    def until(self, wanted: str, timeout_s: float = 10.0) -> dict[str, object]:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            name, data = self.next()
            if name == wanted:
                return data
        raise AssertionError(f"no event {wanted}")

    def last_number(self, wanted: int) -> int:
        """Reads on until the part with this number is shown, whether by itself or in a whole snapshot."""
        last = None
        while last != wanted:
            name, data = self.next()
            part = data.get("verdict") if name == "snapshot" else data
            last = part.get("number", last) if isinstance(part, dict) else last
        return wanted

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


def stalled_reader(page: str) -> socket.socket:
    """Asks for the stream and never reads it."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect(("127.0.0.1", urlsplit(page).port))
    reader.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return reader


def health(page: str) -> dict[str, object]:
    with urllib.request.urlopen(f"{page}/healthz", timeout=5) as answer:
        data: dict[str, object] = json.loads(answer.read())
        return data


def test_messages_of_a_station_that_starts_late_and_starts_anew_reach_a_viewer(
    page: str, station: StationSocket
) -> None:
    viewer = Viewer(page)
    assert viewer.until("snapshot")["status"] is None
    station.greeting = [status()]
    station.start()
    assert viewer.until("status")["boot_id"] == "0a1b2c3d"
    station.wait_for_reader()
    station.say_bytes(b'half a li\n{"type":"verdict"}\n')
    station.say(verdict("OK", 7))
    assert viewer.until("verdict")["number"] == 7
    assert health(page)["refused_lines"] == 2
    station.stop()
    silence = viewer.until("link")["silent_s"]
    assert isinstance(silence, float)
    station.greeting = [status(boot_id="ffffffff")]
    station.start()
    fresh = viewer.until("snapshot")
    assert fresh["verdict"] is None
    viewer.close()


def test_a_line_cut_off_by_the_station_s_end_is_not_joined_to_the_next_station_s_words(
    page: str, station: StationSocket
) -> None:
    station.start()
    station.wait_for_reader()
    station.say_bytes(verdict("OK", 1).model_dump_json().encode()[:60])
    station.stop()
    station.greeting = [status()]
    station.start()
    until(lambda: health(page)["station"] == "up", "the page hears the station again")
    assert health(page)["refused_lines"] == 0


def test_the_feed_begins_anew_after_what_nobody_foresaw(
    tmp_path: Path, station: StationSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = StationFeed(tmp_path)
    admit = feed.pictures.admit

    def fail_on_part_one(part: LiveVerdict) -> None:
        if part.number == 1:
            raise RuntimeError("nobody foresaw this")
        admit(part)

    monkeypatch.setattr(feed.pictures, "admit", fail_on_part_one)
    station.start()
    feed.start()
    station.wait_for_reader()
    station.say(verdict("OK", 1))
    until(lambda: feed.failures == 1, "the failure is counted")
    until(lambda: station.say(verdict("OK", 2)) or feed.snapshot().verdict is not None, "the feed is back")
    feed.close()


def test_twenty_viewers_and_three_stalled_readers_leave_the_page_healthy(page: str, station: StationSocket) -> None:
    station.start()
    station.wait_for_reader()
    stalled = [stalled_reader(page) for _ in range(3)]
    viewers = [Viewer(page) for _ in range(20)]
    seen: list[int] = []
    threads = [
        threading.Thread(target=lambda viewer: seen.append(viewer.last_number(5000)), args=(viewer,))
        for viewer in viewers
    ]
    for thread in threads:
        thread.start()
    delays = []
    for number in range(1, 5001):
        station.say(verdict("OK", number))
        if number % 100 == 0:
            began = time.monotonic()
            assert health(page)["status"] == "ok"
            delays.append(time.monotonic() - began)
    for thread in threads:
        thread.join(timeout=60)
    assert seen == [5000] * 20
    state = health(page)
    assert state["streams"] == 23
    skipped = state["skipped_events"]
    assert isinstance(skipped, int)
    assert skipped > 0
    assert sorted(delays)[len(delays) // 2] < 0.5
    for viewer in viewers:
        viewer.close()
    for reader in stalled:
        reader.close()
    station.say(status())
    until(lambda: station.say(status()) or health(page)["streams"] == 0, "streams of viewers that left are freed")


def test_beyond_the_cap_a_viewer_is_told_so_and_pages_still_open(page: str) -> None:
    viewers = [Viewer(page) for _ in range(STREAMS)]
    assert {viewer.answer.status for viewer in viewers} == {200}
    late = Viewer(page)
    assert late.answer.status == 503
    assert health(page)["status"] == "ok"
    for viewer in (*viewers, late):
        viewer.close()


def test_a_server_name_is_not_told(page: str) -> None:
    with urllib.request.urlopen(page, timeout=5) as answer:
        assert "Server" not in answer.headers or "waitress" not in answer.headers["Server"]


def test_a_taken_port_is_one_sentence_with_the_remedy(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(NotThere, match=rf"^port {port} on 127.0.0.1 is taken .*; stop that program or set another"):
            PageServer(web_config(tmp_path, port))


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_refused_with_the_remedy(tmp_path: Path, host: str) -> None:
    with pytest.raises(NotThere, match=r"; set web\.host to "):
        PageServer(web_config(tmp_path, free_port(), host))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, -signal.SIGINT)])
def test_a_signal_ends_the_process_cleanly_with_viewers_connected(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path), str(port)],
        cwd=Path(__file__).parents[3],
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONFAULTHANDLER": "1"},
        text=True,
    )
    try:
        until(lambda: _answers(port), "the page answers", 20)
        viewer = Viewer(f"http://127.0.0.1:{port}")
        assert viewer.next()[0] == "snapshot"
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
        assert process.returncode == code
        assert [line for line in errors.splitlines() if "Error" in line] == []
        viewer.close()
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
