"""Cameras that die, stall, lose, tear, resize or freeze, on a whole station with a simulated PLC: no OK from them."""

from __future__ import annotations

import itertools
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import cv2
import pytest

from appliance.cameras.flange import draw
from appliance.demo.watcher import Watcher
from firmware_bridge.line import OfflineReason
from tests.fakes.film import HttpCamera, RtspCamera, write_film
from tests.fakes.line import DEMO_PACKAGE, OKNG, Running, certify, simulator, transcript, write_config
from tests.fakes.odd_camera import OddCamera, Send, multipart, part, steadily
from tests.fakes.waiting import until

SLACK = 2  # tests share their processors


@dataclass
class Line:
    """A station with its PLC, both running."""

    folder: Path
    watcher: Watcher
    station: Running

    @property
    def results(self) -> list[dict[str, Any]]:
        return self._said("result")

    @property
    def ready(self) -> bool:
        return self.watcher.status is not None and self.watcher.status.ready

    @property
    def camera_text(self) -> str:
        status = self.watcher.status
        devices = status.devices if status is not None else ()
        return next((device.text_en for device in devices if device.id == "camera" and device.state == "fault"), "")

    @property
    def offline_for_the_camera(self) -> int:
        return sum(line["reason"] == OfflineReason.CAMERA for line in self._said("offline"))

    def reasons(self, outcome: str) -> set[str]:
        """Why the parts with this outcome were judged so, as journalled."""
        with closing(sqlite3.connect(self.folder / "state" / "station.db")) as journal:
            rows = journal.execute("SELECT DISTINCT reason FROM parts WHERE outcome = ?", (outcome,)).fetchall()
        return {reason for (reason,) in rows}

    def _said(self, event: str) -> list[dict[str, Any]]:
        out = self.folder / "plc.jsonl"
        return transcript(out, event) if out.exists() else []


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Line]]:
    """Start a station on a source, and a PLC that triggers it ten times in a second at most."""
    running: list[Running] = []
    watcher = Watcher(tmp_path / "state" / "run" / "station.sock")
    watcher.start()

    def begin(source: str, **camera: Any) -> Line:
        config = write_config(
            tmp_path / "station.toml",
            station={"path": "okng/tests/hall/line/station", "state_dir": tmp_path / "state", "armed": True},
            camera={"type": "video", "source": source, **camera},
            model={"package": DEMO_PACKAGE},
            recipe={"exposure_within_ms": 600, "deadline_ms": 1500},
            plc={"enabled": True, "port": tmp_path / "plc"},
        )
        running.append(Running([*OKNG, "run", "--config", certify(config)], tmp_path / "station.log"))
        asking = simulator(tmp_path / "plc", tmp_path / "plc.jsonl", interval_ms=100)
        running.append(Running(asking, tmp_path / "simulator.log"))
        return Line(tmp_path, watcher, running[0])

    yield begin
    if running:
        assert running[0].end() == 0, running[0].text
        running[1].end()
    watcher.stop()
    assert watcher.snapshots > 0
    assert watcher.unbalanced == 0


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty good flanges, one after the other."""
    return write_film(tmp_path_factory.mktemp("film") / "flanges.mkv", [draw(3, number).image for number in range(20)])


@pytest.fixture(scope="module")
def flanges() -> list[bytes]:
    return [
        bytes(cv2.imencode(".jpg", draw(3, number).image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1]) for number in range(8)
    ]


def passes(line: Line) -> int:
    return sum(bool(result["pass"]) for result in line.results)


def test_a_killed_camera_stops_the_line_at_once_and_streams_again_when_it_is_back(
    start: Callable[..., Line], film: Path
) -> None:
    with HttpCamera(film=film, fps=10) as camera:
        line = start(camera.url)
        until(lambda: passes(line) >= 3, "three parts passed", 60)
        camera.stop()
        # A second at most on a machine that has nothing else to do, and three until it streams again.
        until(lambda: line.offline_for_the_camera, "the PLC is told", 1 * SLACK)
        until(lambda: line.camera_text and not line.ready, "the page is told", 2)
        passed, answered = passes(line), len(line.results)
        until(lambda: "cannot be reached" in line.camera_text, "it is looked for", 5)
        assert (passes(line), len(line.results)) == (passed, answered), "nothing is judged without a camera"
        camera.start()
        until(lambda: line.ready, "streaming again", 3 * SLACK)
        until(lambda: passes(line) > passed, "parts pass again", 30)


def test_a_stalled_rtsp_camera_is_found_and_opened_again(
    start: Callable[..., Line],
) -> None:
    with RtspCamera() as camera:
        line = start(camera.url)
        until(lambda: line.ready and len(line.results) >= 3, "three parts are answered", 60)
        camera.signal(signal.SIGSTOP)
        until(lambda: line.offline_for_the_camera, "the PLC is told", 2.5 * SLACK)
        answered = len(line.results)
        camera.signal(signal.SIGCONT)
        until(lambda: line.ready, "it is opened again", 10)
        until(lambda: len(line.results) > answered, "parts are answered again", 30)
    assert line.station.process.poll() is None


def test_a_picture_that_lost_a_packet_is_an_error_and_the_line_goes_on(start: Callable[..., Line]) -> None:
    with RtspCamera("--loss", "0.02") as camera:
        line = start(camera.url, transport="udp")
        until(lambda: "was lost on its way" in line.station.text, "a picture is lost", 60)
        assert passes(line) == 0
        assert "bad_picture" in line.reasons("ERROR")
        answered = len(line.results)
        until(lambda: len(line.results) > answered + 3, "the line goes on", 30)
    assert line.station.process.poll() is None


def test_torn_and_resized_pictures_are_errors_and_nothing_crashes(
    start: Callable[..., Line], flanges: list[bytes]
) -> None:
    odd_one = threading.Event()
    small = bytes(cv2.imencode(".jpg", draw(3, 1).image[:320, :450])[1])

    def picture(number: int) -> bytes:
        whole = flanges[number % len(flanges)]
        if not odd_one.is_set() or number % 3 == 0:
            return part(whole)
        torn = whole[: len(whole) // 2] + whole[-2:]  # with its end: most decoders take it, half gray
        return part(torn) if number % 3 == 1 else part(small)

    def serve(handler: BaseHTTPRequestHandler, send: Send) -> None:
        multipart(handler)
        steadily(send, picture, 0.1)

    with OddCamera(serve) as camera:
        line = start(camera.url)
        until(lambda: passes(line) >= 3, "three parts passed", 60)
        odd_one.set()
        until(lambda: "bad_picture" in line.reasons("ERROR"), "a bad picture is an error", 30)
        odd_one.clear()
        passed = passes(line)
        until(lambda: passes(line) > passed + 2, "good pictures are judged again", 30)
    assert line.station.process.poll() is None


def test_a_camera_that_freezes_on_a_good_part_raises_an_alarm_and_passes_nothing_twice(
    start: Callable[..., Line], flanges: list[bytes]
) -> None:
    frozen = threading.Event()
    last = itertools.count()

    def picture(_: int) -> bytes:
        number = 0 if frozen.is_set() else next(last)
        return part(flanges[number % len(flanges)])

    def serve(handler: BaseHTTPRequestHandler, send: Send) -> None:
        multipart(handler)
        steadily(send, picture, 0.05)

    with OddCamera(serve) as camera:
        line = start(camera.url, stale_after=20)
        until(lambda: passes(line) >= 3, "three parts passed", 60)
        frozen.set()
        before = passes(line)
        until(lambda: "the same picture" in line.camera_text and not line.ready, "the alarm", 10)
        until(lambda: line.offline_for_the_camera, "the PLC is told", 10)
        assert passes(line) <= before + 2, "what was under way, and the picture on which it froze once"
        assert "picture_frozen" in line.reasons("ERROR")
        frozen.clear()
        until(lambda: passes(line) > before + 4, "it moves again", 30)
