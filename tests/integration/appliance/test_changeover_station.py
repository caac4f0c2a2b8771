"""The recipe changes while parts come: the real station on a real pty with a real broker; also killed on the way."""

from __future__ import annotations

import json
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from appliance.demo.watcher import Watcher
from appliance.recipes.store import RecipeStore
from firmware_bridge.modbus.master import ModbusMaster
from firmware_bridge.pty_line import PtyLine
from firmware_bridge.simulated_plc import LineSettings
from tests.fakes.job_plc import JobPlc
from tests.fakes.line import DEMO_PACKAGE, OKNG, Running, okng, write_config
from tests.fakes.mosquitto import Listener, Mosquitto
from tests.fakes.recipes import save, store_at
from tests.fakes.waiting import until

PATH = "okng/tests/hall/line/station"


def stored(folder: Path) -> RecipeStore:
    """Recipes 12 and 13 in the store of a station in this folder."""
    store = store_at(folder / "state" / "recipes")
    save(store)
    save(store, id="washer", number=13, model="ok_below = 0.4\nng_from = 0.6")
    return store


def results(folder: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(folder / "state" / "station.db")) as db:
        rows = db.execute("SELECT result FROM parts ORDER BY number, seq").fetchall()
    return [json.loads(row) for (row,) in rows]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


def test_jobs_change_between_two_parts_and_none_is_lost_or_missed(tmp_path: Path, broker: Mosquitto) -> None:
    stored(tmp_path)
    config = write_config(
        tmp_path / "station.toml",
        station={"path": PATH, "state_dir": tmp_path / "state", "armed": True},
        camera={"type": "synthetic", "seed": 5},
        model={"package": DEMO_PACKAGE},
        plc={"enabled": True, "port": tmp_path / "plc"},
        mqtt={"enabled": True, "port": broker.port},
    )
    line = PtyLine(tmp_path / "plc")
    enough, at_end = Event(), list[int]()
    settings = LineSettings(0.02, None, 5000, accept_simulated=True, pace="result")
    with (
        (tmp_path / "plc.jsonl").open("w", encoding="utf-8") as transcript,
        Listener(broker.port, topic=f"okng/v1/{PATH}/#") as listener,
        Running([*OKNG, "run", "--config", config], tmp_path / "station.log") as station,
    ):
        plc = JobPlc(ModbusMaster(line, 1), settings, transcript)
        ended = plc.plan([(5, 12), (10, 13), (15, 99), (18, 13), (20, 12)])

        def go_on() -> bool:
            plc.step(may_trigger=not enough.is_set())
            if len(ended) == 5 and not at_end:
                at_end.append(plc.tally.triggers)
            if at_end and plc.tally.triggers >= at_end[0] + 3:
                enough.set()
            return enough.is_set() and not plc.owes

        until(go_on, "five jobs, and every part answered", 150)
        line.close()
        assert station.end() == 0, station.text
    assert ended == [(12, True, 12), (13, True, 13), (99, False, 13), (13, True, 13), (12, True, 12)]
    assert (plc.tally.missed, plc.tally.no_answer, plc.tally.lost, plc.tally.foreign) == (0, 0, 0, 0)
    found = results(tmp_path)
    assert len(found) == plc.tally.accepted == plc.tally.triggers
    numbers = [result["recipe"]["number"] for result in found]
    in_order = [number for at, number in enumerate(numbers) if at == 0 or numbers[at - 1] != number]
    assert in_order == [1, 12, 13, 12], "each part names the recipe that it was admitted under"
    limits = {(result["recipe"]["number"], result["limits"]["ok_below"]) for result in found if result.get("limits")}
    assert {13: 0.4}.items() <= dict(limits).items()
    assert len(limits) == 3, "each part was judged by its own recipe's limits"
    identities = [json.loads(said.payload)["recipe"]["number"] for said in listener.on("state/identity")]
    assert identities == [1, 12, 13, 12]
    assert {json.loads(said.payload)["job"] for said in listener.on("state/status")} >= {12, 13}


def test_a_kill_on_the_way_leaves_one_recipe_in_force(tmp_path: Path) -> None:
    store, config, in_force = stored(tmp_path), software_station(tmp_path), "default"
    for point, wanted, afterwards in (
        ("loading", "washer", "default"),
        ("writing", "washer", "default"),
        ("recorded", "washer", "washer"),
        ("in_force", "bracket", "bracket"),
    ):
        killer = [sys.executable, "-m", "tests.fakes.change_killer", point, "run", "--config", config]
        with Running(killer, tmp_path / f"{point}.log") as station:
            await_recipe(tmp_path, in_force)
            assert okng("recipe", "activate", wanted, "--config", config).returncode == 3
            assert station.wait(20) == -signal.SIGKILL
        active = store.active()
        assert ("default" if active is None else active.recipe.id) == afterwards
        in_force = afterwards
    with Running([*OKNG, "run", "--config", config], tmp_path / "after.log") as station:
        await_recipe(tmp_path, in_force)
        asked = okng("trigger", "--wait", "--json", "--config", config)
        assert json.loads(asked.stdout)["verdict"] is not None
        assert station.end() == 0, station.text
    assert results(tmp_path)[-1]["recipe"]["id"] == in_force


def test_a_station_whose_recipe_cannot_be_used_is_not_ready_until_it_is_changed(tmp_path: Path) -> None:
    store = stored(tmp_path)
    store.activate(store.read("bracket").pointer, "ada", "")
    path = tmp_path / "state" / "recipes" / "bracket" / "1.toml"
    path.write_bytes(path.read_bytes().replace(b"number = 12", b"number = 14"))
    config = software_station(tmp_path)
    assert okng("check-config", config).returncode == 4
    watcher = Watcher(tmp_path / "state" / "run" / "station.sock")
    watcher.start()
    with Running([*OKNG, "run", "--config", config], tmp_path / "station.log") as station:
        until(lambda: watcher.status is not None, "the station speaks", 60)
        assert watcher.status is not None
        assert not watcher.status.ready
        [model] = [device for device in watcher.status.devices if device.id == "model"]
        assert (model.state, "changed on disk" in model.text_en, "改动" in model.text_zh) == ("fault", True, True)
        assert okng("trigger", "--config", config).returncode == 4
        assert results(tmp_path) == []
        changed = okng("recipe", "activate", "washer", "--config", config)
        assert changed.returncode == 0, changed.stdout + changed.stderr
        until(lambda: watcher.status is not None and watcher.status.ready, "ready again", 30)
        watcher.stop()
        assert okng("trigger", "--wait", "--config", config).returncode in (0, 1)
        assert station.end() == 0, station.text
    assert [result["recipe"]["id"] for result in results(tmp_path)] == ["washer"]


def software_station(folder: Path) -> Path:
    return write_config(
        folder / "station.toml",
        station={"path": PATH, "state_dir": folder / "state", "armed": True},
        camera={"type": "synthetic", "seed": 5},
        trigger={"source": "software"},
        model={"package": DEMO_PACKAGE},
    )


def await_recipe(folder: Path, id_: str) -> None:
    watcher = Watcher(folder / "state" / "run" / "station.sock")
    watcher.start()
    until(lambda: watcher.status is not None and watcher.status.ready, "the station is ready", 60)
    watcher.stop()
    assert watcher.status is not None
    assert watcher.status.recipe_id == id_
