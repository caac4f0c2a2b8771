"""A real browser at the real page server, listening to a station that says what the test wants."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from appliance.cameras.flange import draw
from appliance.demo.watcher import Watcher
from appliance.live import LiveDefect, LiveStatus, LiveVerdict
from tests.fakes.line import DEMO_PACKAGE, OKNG, Running, write_config
from tests.fakes.station_socket import StationSocket, status, verdict
from tests.fakes.waiting import until
from tests.fakes.web_server import PIN, running_page, secret_file

NAMES = {
    "scratch": ("Scratch", "划痕"),
    "dent": ("Dent", "凹坑"),
    "stain": ("Stain", "污渍"),
    "chip": ("Chipped edge", "崩边"),
}


@contextlib.contextmanager
def running_station(folder: Path, said: Callable[[LiveStatus], bool], more: str = "") -> Iterator[Running]:
    """The real station, triggered by hand, whose state lies in `folder`; yields once its status says what `said` wants.

    `more` is added to its configuration.
    """
    config = write_config(
        folder / "station.toml",
        station={"state_dir": folder},
        camera={"type": "synthetic", "seed": 5},
        trigger={"source": "software"},
        model={"package": DEMO_PACKAGE},
    )
    config.write_text(config.read_text() + more)
    watcher = Watcher(folder / "run" / "station.sock")
    watcher.start()
    with Running([*OKNG, "run", "--config", config], folder / "station.log") as running:
        until(lambda: watcher.status is not None and said(watcher.status), "the station runs", 60)
        watcher.stop()
        yield running


@contextlib.contextmanager
def page_with_pin(folder: Path) -> Iterator[str]:
    """The real page server of a station whose state lies in `folder`, where who knows the PIN may act."""
    with running_page(folder, pin_file=secret_file(folder / "pin", PIN)) as address:
        yield address


class Line:
    """The fake station with a pulse: says its status twice a second for as long as it lives."""

    def __init__(self, state_dir: Path) -> None:
        self.socket = StationSocket(state_dir)
        self.status = status()
        self._parts = 1286
        self._stop = threading.Event()
        self._pulse: threading.Thread | None = None

    def start(self) -> None:
        self.socket.greeting = [self.status]
        self.socket.start()
        self._stop.clear()
        self._pulse = threading.Thread(target=self._beat, name="fake-pulse")
        self._pulse.start()
        self.socket.wait_for_reader()

    def stop(self) -> None:
        self.hush()
        self.socket.stop()

    def hush(self) -> None:
        """Alive but silent, as a hung process: the connection stays open."""
        self._stop.set()
        if self._pulse is not None:
            self._pulse.join(timeout=5)
            self._pulse = None

    def say_status(self, **changes: Any) -> LiveStatus:
        self.status = status(**changes)
        self.socket.say(self.status)
        return self.status

    def part(self, outcome: str, kind: str | None = None, **changes: Any) -> LiveVerdict:
        """One part of the simulated line, its true defect boxed."""
        self._parts += 1
        drawn = draw(7, self._parts, kind=kind)
        if drawn.mask is not None and kind is not None:
            english, chinese = NAMES[kind]
            box = cv2.boundingRect(np.asarray(drawn.mask, np.uint8))
            defect = {"label": kind, "code": 1, "name_en": english, "name_zh": chinese, "score": 0.83, "box": box}
            changes.setdefault("defects", (LiveDefect.model_validate(defect),))
        part = verdict(outcome, changes.pop("number", self._parts), **changes)
        _, jpeg = cv2.imencode(".jpg", drawn.image, [cv2.IMWRITE_JPEG_QUALITY, 90])
        if part.picture:
            self.socket.show(part, jpeg.tobytes())
        else:
            self.socket.say(part)
        return part

    def _beat(self) -> None:
        while not self._stop.wait(0.5):
            self.socket.say(self.status)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with running_page(tmp_path) as address:
        yield address


@pytest.fixture
def line(tmp_path: Path, address: str) -> Iterator[Line]:
    line = Line(tmp_path)
    yield line
    line.stop()


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Open]:
    """Opens the page; afterwards, no error was logged and no request had left the machine."""
    contexts, errors, requests = [], [], []

    def open_page(width: int = 1280, height: int = 800, locale: str = "en-GB", **options: Any) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale=locale, timezone_id="Asia/Shanghai", **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [url for url in requests if not url.startswith(address)] == []
    # A server that went away, or that refuses, is what some tests are about.
    meant = ("ERR_", "401", "404", "409", "429", "503")
    assert [error for error in errors if not any(word in error for word in meant)] == []
