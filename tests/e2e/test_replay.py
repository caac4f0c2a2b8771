"""A recorded run, diffed field by field: judged again from its evidence, and run again from its pictures."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from appliance.cameras.flange import draw
from tests.fakes.line import DEMO_PACKAGE, OKNG, Running, okng, write_config
from tests.fakes.packages import write_small_package

PARTS = 10


def make_config(folder: Path, **sections: dict[str, object]) -> Path:
    folder.mkdir(exist_ok=True)
    base: dict[str, dict[str, object]] = {
        "station": {"state_dir": folder / "state", "armed": True},
        "camera": {"type": "folder", "path": folder.parent / "pictures"},
        "trigger": {"source": "interval", "interval_ms": 80},
        "model": {"package": folder.parent / "model.okng"},
        # Of what depends on time alone, a replay says so; here nothing may.
        "recipe": {"deadline_ms": 10_000, "exposure_within_ms": 10_000},
        "evidence": {"audit_share": 1.0},
    }
    return write_config(folder / "station.toml", **(base | sections))


def run(config: Path) -> None:
    done = okng("run", "--config", config, "--until-done")
    assert done.returncode == 0, done.stderr


def results(config: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(config.parent / "state" / "station.db")) as db:
        return [json.loads(row) for (row,) in db.execute("SELECT result FROM parts ORDER BY number")]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a station that has judged every picture once: good, bad, and too dark to say."""
    root = tmp_path_factory.mktemp("line")
    (root / "pictures").mkdir()
    for number in range(PARTS):
        image = draw(11, number, defect_rate=0.5).image
        cv2.imwrite(str(root / "pictures" / f"{number:02}.png"), image // 6 if number == 4 else image)
    (root / "pictures" / "90.png").write_bytes(b"no picture")
    shutil.copy(DEMO_PACKAGE, root / "model.okng")
    config = make_config(root / "first")
    run(config)
    return config


@pytest.fixture
def station(recorded: Path, tmp_path: Path) -> Path:
    """A copy of that station, for whoever is at its evidence."""
    shutil.copytree(recorded.parent / "state", tmp_path / "state", ignore=shutil.ignore_patterns("run"))
    return make_config(tmp_path, camera={"type": "folder", "path": recorded.parents[1]})


def evidence(config: Path, word: str = "*") -> list[Path]:
    return sorted((config.parent / "state" / "evidence").glob(f"*/*{word}-*.json"))


def test_every_part_comes_out_as_it_was_recorded_to_the_last_bit(recorded: Path) -> None:
    outcomes = [result["outcome"] for result in results(recorded)]
    assert {"OK", "NG", "ERROR"} <= set(outcomes)
    done = okng("replay", "--all", "--config", recorded)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("the same to the last bit") == PARTS - 1
    assert done.stdout.count("the same, no model asked") == 1, "the dark one"
    assert f"{PARTS} parts: {PARTS} the same, 0 different, 0 without their package" in done.stdout


def test_the_same_pictures_give_the_same_messages_field_by_field(recorded: Path) -> None:
    again = make_config(recorded.parents[1] / "again")
    run(again)
    passing = {"id", "boot_id", "seq", "created", "times", "clock", "config_hash"}
    before, after = results(recorded), results(again)
    assert len(before) == len(after) == PARTS + 1
    for one, other in zip(before, after, strict=True):
        assert one.keys() == other.keys()
        differing = {name for name in one if one[name] != other[name]}
        assert differing <= passing, {name: (one[name], other[name]) for name in differing - passing}


def test_it_works_beside_a_running_station_whose_model_file_was_replaced(station: Path) -> None:
    write_small_package(station.parent / "model.okng")
    config = make_config(
        station.parent, camera={"type": "synthetic"}, trigger={"source": "software"}, model={"package": DEMO_PACKAGE}
    )
    with Running([*OKNG, "run", "--config", config], station.parent / "station.log") as running:
        running.until_says("runs;", 60)
        ng = evidence(station, "NG")[0].stem.partition("NG-")[2]
        done = okng("replay", ng, "--config", config)
        assert (done.returncode, "the same to the last bit" in done.stdout) == (0, True), done.stdout + done.stderr
        assert running.end() == 0, running.text


def flip_a_bit(record: Path) -> None:
    picture = record.with_suffix(".0.png")
    pixels = cv2.imread(str(picture), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    pixels[100, 100, 0] ^= 1
    cv2.imwrite(str(picture), pixels)


def swap_pictures(one: Path, other: Path) -> None:
    first, second = one.with_suffix(".0.png"), other.with_suffix(".0.png")
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)


def change_a_score(record: Path) -> None:
    told = json.loads(record.read_bytes())
    told["verdict"]["score"] = float(np.nextafter(told["verdict"]["score"], 1.0))
    record.write_text(json.dumps(told))


def test_evidence_that_somebody_was_at_is_found_and_the_rest_is_judged(station: Path) -> None:
    records = evidence(station, "OK") + evidence(station, "NG")
    flip_a_bit(records[0])
    swap_pictures(records[1], records[2])
    change_a_score(records[3])
    done = okng("replay", "--all", "--config", station)
    assert done.returncode == 1, done.stdout + done.stderr
    changed = {line.split(" ")[0] for line in done.stdout.splitlines() if "CHANGED" in line}
    assert changed == {record.stem.split("-", 2)[2] for record in records[:4]}
    assert f"{PARTS - 4} the same, 4 different" in done.stdout


def test_another_package_under_the_hash_and_none_at_all_and_one_of_choice(station: Path) -> None:
    ng = evidence(station, "NG")[0].stem.partition("NG-")[2]
    (kept,) = (station.parent / "state" / "packages").glob("*.okng")
    write_small_package(kept)
    done = okng("replay", ng, "--config", station)
    assert (done.returncode, "is another package" in done.stdout) == (1, True), done.stdout + done.stderr
    kept.unlink()
    done = okng("replay", ng, "--config", station)
    assert (done.returncode, "MISSING" in done.stdout) == (3, True), done.stdout + done.stderr
    done = okng("replay", ng, "--config", station, "--with", DEMO_PACKAGE)
    assert (done.returncode, "judged with" in done.stdout) == (0, True), done.stdout + done.stderr
    small = write_small_package(station.parent / "small.okng")
    done = okng("replay", ng, "--config", station, "--with", small)
    assert (done.returncode, "choose a package of that size" in done.stdout) == (1, True), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [([], 2, "--list"), (["0"], 2, "give more of the id"), (["ffff"], 3, "there is no evidence of ffff")],
)
def test_bad_input_is_refused_in_a_sentence(recorded: Path, arguments: list[str], code: int, said: str) -> None:
    done = okng("replay", *arguments, "--config", recorded)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_the_list_says_what_there_is_and_what_was_drawn(recorded: Path) -> None:
    done = okng("replay", "--list", "--config", recorded)
    assert done.returncode == 0, done.stderr
    assert f"{PARTS} parts with evidence" in done.stdout
    assert f"{PARTS + 1} results belong to parts that were drawn for the audit; of {PARTS} there is" in done.stdout
