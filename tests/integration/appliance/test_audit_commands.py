"""`okng audit` beside a station that runs and after it: what it finds, and what it says."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from appliance.store.trail import trail_key
from tests.fakes.line import OKNG, Running, okng, write_config
from tests.fakes.waiting import until


@pytest.fixture
def config(tmp_path: Path) -> Path:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    cv2.imwrite(str(pictures / "1.png"), np.full((64, 64, 3), 90, np.uint8))
    return make_config(tmp_path)


def make_config(folder: Path, **station: object) -> Path:
    return write_config(
        folder / "station.toml",
        station={"state_dir": folder / "state"} | station,
        camera={"type": "folder", "path": folder / "pictures"},
        trigger={"source": "interval"},
        recipe={"mode": "collect"},
        collect={"data_set": folder / "set"},
    )


def told(config: Path, verb: str) -> list[dict[str, Any]]:
    """What the station said of itself in rows of a kind, as `okng audit export` writes them."""
    out = config.parent / f"{verb}.jsonl"
    done = okng("audit", "export", "--config", config, out)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    return [json.loads(row["row"]["command"]) for row in rows if row["row"]["verb"] == verb]


def test_starts_and_ends_are_told_and_whatever_is_done_to_them_is_found(config: Path) -> None:
    log = config.parent / "station.log"
    with Running([*OKNG, "run", "--config", config], log) as station:
        station.until_says("runs;")
        until(lambda: okng("audit", "show", "--config", config).stdout, "the start is on disk")
        beside = okng("audit", "verify", "--config", config)
        assert (beside.returncode, beside.stderr) == (0, "")
        assert station.end() == 0, station.text
    make_config(config.parent, name="Other")
    assert okng("run", "--config", config, "--until-done").returncode == 0
    verified = okng("audit", "verify", "--config", config)
    assert (verified.returncode, verified.stdout.splitlines()[-1]) == (
        0,
        "nothing was changed, inserted, deleted, moved or cut off",
    )
    first, second = told(config, "start")
    assert (first["config_before"], first["config_changed"], first["ended_in_order"]) == (None, False, True)
    assert (second["config_before"], second["config_changed"]) == (first["config"], True)
    assert (second["ended_in_order"], second["recipe"], second["package"]) == (True, "default 1", None)
    assert "accepted" in told(config, "stop")[1]["counters"]

    with closing(sqlite3.connect(config.parent / "state" / "station.db")) as db, db:
        db.execute("UPDATE audit SET command = replace(command, '0.1.0', '0.1.1') WHERE id = 2")
    forged = okng("audit", "verify", "--config", config)
    assert forged.returncode == 1
    assert "WRONG  row 2: changed, moved, or not written by this station" in forged.stdout
    assert "call the auditor" in forged.stderr


def test_a_station_that_was_killed_says_so_at_its_next_start(config: Path) -> None:
    with Running([*OKNG, "run", "--config", config], config.parent / "station.log") as station:
        station.until_says("runs;")
        until(lambda: " start " in okng("audit", "show", "--config", config).stdout, "the start is on disk")
        station.process.kill()
        station.wait(10)
    assert okng("run", "--config", config, "--until-done").returncode == 0
    assert [start["ended_in_order"] for start in told(config, "start")] == [True, False]
    assert okng("audit", "verify", "--config", config).returncode == 0


@pytest.mark.parametrize("command", [["verify"], ["show"], ["export", "out.jsonl"]])
def test_a_station_that_never_ran_has_no_trail(config: Path, command: list[str]) -> None:
    done = okng("audit", command[0], "--config", config, *command[1:])
    assert (done.returncode, "first start makes it" in done.stderr) == (3, True)


def test_bad_input_is_refused_in_a_sentence(config: Path) -> None:
    assert okng("run", "--config", config, "--until-done").returncode == 0
    (config.parent / "there.jsonl").touch()
    for arguments, code, remedy in (
        (["export", config.parent / "there.jsonl"], 2, "choose another name"),
        (["export", config.parent / "none" / "a.jsonl"], 3, "choose a folder"),
        (["verify", "--witness", "17"], 2, "NUMBER:SEAL"),
    ):
        done = okng("audit", arguments[0], "--config", config, *arguments[1:])
        assert (done.returncode, remedy in done.stderr) == (code, True), done.stderr
    trail_key(config.parent / "state" / "station.db").path.unlink()
    done = okng("audit", "verify", "--config", config)
    assert (done.returncode, "run this as the station's user" in done.stderr) == (3, True)
