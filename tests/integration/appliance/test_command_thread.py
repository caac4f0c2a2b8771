"""A station whose command thread broke is not ready: half of a command may have been carried out."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.commands.messages import CommandReply
from appliance.commands.refusals import Refusal
from appliance.domain.parts import Part
from appliance.opening import open_recipe
from appliance.state_dir import StateDir
from appliance.station import Station
from tests.fakes.commands import config_with, trigger_command
from tests.fakes.line import DEMO_PACKAGE
from tests.fakes.waiting import until


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    state = StateDir(tmp_path / "state")
    state.acquire()
    config = config_with(station={"state_dir": state.root}, model={"package": DEMO_PACKAGE})
    made = Station(config, "sha256:" + "0" * 64, open_recipe(config), state)
    stop = threading.Event()
    thread = threading.Thread(target=made.run, args=(stop,), name="station")
    thread.start()
    yield made
    stop.set()
    thread.join(20)
    state.release()
    gc.unfreeze()
    gc.enable()
    assert not thread.is_alive()


def test_a_crash_is_answered_and_closes_the_door_for_good(
    station: Station, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    until(lambda: station._ledger.can_admit, "ready", 30)
    heard: list[CommandReply] = []

    def broken(part: Part) -> None:
        raise RuntimeError("the way to the camera is broken")

    with monkeypatch.context() as breaking:
        breaking.setattr(station._flow, "enter", broken)
        station._commanding.ask(trigger_command("1"), heard.append)
        until(lambda: heard, "an answer")
    assert heard[0].code is Refusal.INTERNAL
    until(lambda: not station._readiness.ready, "the door is shut")
    assert "commands" in station._health.devices()["journal"].text_en
    until(lambda: station._ledger.snapshot().error == 1, "the part that began is an ERROR", 10)
    station._commanding.ask(trigger_command("2"), heard.append)
    until(lambda: len(heard) == 2, "the next answer")
    assert heard[1].code is Refusal.NOT_READY
    assert station._ledger.snapshot().balanced
