"""Fifty changes of recipe in a row, with real models: nothing of the old ones stays behind."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import opening
from appliance.commands.messages import CommandReply
from appliance.commands.recipe import RecipeRequest
from appliance.opening import open_recipe
from appliance.state_dir import StateDir
from appliance.station import Station
from models.detector import Detector
from tests.fakes.commands import config_with
from tests.fakes.line import DEMO_PACKAGE
from tests.fakes.recipes import save, store_at
from tests.fakes.waiting import until

CHANGES = 50
_SETTLED = 10
_LEAKED = (CHANGES - 2 * _SETTLED) // 10


def rss_kb() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") // 1024


@pytest.fixture
def station(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Station]:
    # The child process that proves a package leaves nothing here, and takes most of the time.
    monkeypatch.setattr(opening, "load_model", lambda package, *_: Detector.load(package))
    state = StateDir(tmp_path / "state")
    state.acquire()
    store = store_at(state.recipes)
    save(store)
    save(store, id="washer", number=13)
    config = config_with(station={"state_dir": state.root}, model={"package": DEMO_PACKAGE})
    made = Station(config, "sha256:" + "0" * 64, open_recipe(config), state)
    stop = threading.Event()
    thread = threading.Thread(target=made.run, args=(stop,), name="station")
    thread.start()
    until(lambda: made._ledger.can_admit, "ready", 60)
    yield made
    stop.set()
    thread.join(20)
    state.release()
    gc.unfreeze()
    gc.enable()
    assert not thread.is_alive()


def change(station: Station, number: int, request_id: str) -> CommandReply:
    heard: list[CommandReply] = []
    station._commanding.ask(RecipeRequest(request_id=request_id, number=number).command("api", "ada"), heard.append)
    until(lambda: heard, f"recipe {number} in force", 60)
    return heard[0]


def test_fifty_changes_leave_no_threads_descriptors_or_models(station: Station) -> None:
    threads, descriptors, memory_kb = [], [], []
    for turn in range(CHANGES):
        reply = change(station, 12 + turn % 2, f"turn-{turn}")
        assert reply.status == "accepted", reply.text_en
        until(lambda: station._changeover.leaving == 0, "the model before is let go", 30)
        threads.append(len(list(Path("/proc/self/task").iterdir())))
        descriptors.append(len(list(Path("/proc/self/fd").iterdir())))
        memory_kb.append(rss_kb())
    print(f"RSS after {_SETTLED}: {memory_kb[_SETTLED]} kB, after {CHANGES}: {memory_kb[-1]} kB")  # noqa: T201
    # The least of many moments: a file that is just being written is no leak. Pools of libraries fill up once, at any
    # time; what each tenth change leaves behind is seen.
    assert min(threads[-_SETTLED:]) < max(threads[:_SETTLED]) + _LEAKED
    assert min(descriptors[-_SETTLED:]) < max(descriptors[:_SETTLED]) + _LEAKED
    assert len([kit for kit in gc.get_objects() if isinstance(kit, Detector)]) <= 3
