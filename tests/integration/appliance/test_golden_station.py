"""Golden parts on a real line: the PLC on a pty, the station as a process, the commands as an operator types them."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance.demo.data_set import PartsToDraw, write_parts
from firmware_bridge.line import Evaluation, OfflineReason
from firmware_bridge.plc_program import Block
from firmware_bridge.registers import Flag
from tests.fakes.hand_plc import HandPlc
from tests.fakes.line import DEMO_PACKAGE, OKNG, Running, certify, okng, write_config

GOLDEN = """
[recipe.golden]
valid_h = 8
required_at = {required}
[[recipe.golden.parts]]
name = "good flange"
expected = "OK"
[[recipe.golden.parts]]
name = "bad flange"
expected = "NG"
"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A picture of a good part and one of a part with a hole."""
    folder = tmp_path_factory.mktemp("parts")
    paths = list(write_parts(folder, PartsToDraw(good=1, defects_a_kind=1, seed=3)))
    good = next(path for path in paths if path.parent.name == "good")
    bad = next(path for path in paths if path.parent.name != "good" and "ground_truth" not in path.parts)
    return good, bad


def make_station(folder: Path, drawn: tuple[Path, Path], order: str, required: str = "[]") -> Path:
    """A station whose camera shows good (`o`) and bad (`x`) parts in this order."""
    pictures = folder / "pictures"
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir()
    for number, letter in enumerate(order):
        shutil.copy(drawn["ox".index(letter)], pictures / f"{number:02d}.png")
    config = write_config(
        folder / "station.toml",
        station={"state_dir": folder / "state", "armed": True},
        camera={"type": "folder", "path": pictures},
        recipe={"deadline_ms": 5000},
        model={"package": DEMO_PACKAGE},
        plc={"enabled": True, "port": folder / "plc"},
    )
    config.write_text(config.read_text() + GOLDEN.replace("{required}", required))
    return config


def is_due(block: Block) -> bool:
    return not block.flag(Flag.ONLINE) and block.offline_reason == OfflineReason.SET_UP


def in_production(block: Block) -> bool:
    return block.flag(Flag.TRIGGER_READY) and not block.flag(Flag.GOLDEN_MODE)


def start(config: Path, plc: HandPlc) -> None:
    begun = okng("golden", "start", "--config", config)
    assert begun.returncode == 0, begun.stderr
    plc.until(lambda block: block.flag(Flag.TRIGGER_READY) and block.flag(Flag.GOLDEN_MODE), "ready in golden mode")


def test_production_waits_for_golden_parts_and_none_of_them_passes(tmp_path: Path, drawn: tuple[Path, Path]) -> None:
    config = certify(make_station(tmp_path, drawn, "oxoxo", '["start"]'))
    with (
        HandPlc(tmp_path / "plc") as plc,
        Running([*OKNG, "run", "--config", config], tmp_path / "station.log") as station,
    ):
        plc.connect()
        plc.until(is_due, "offline because golden parts are due")
        asked = okng("golden", "status", "--config", config)
        assert (asked.returncode, asked.stdout.splitlines()[0][:21]) == (1, "golden parts: due (no")
        start(config, plc)

        first = plc.judge(1)
        assert (first.evaluation, first.flag(Flag.PASS), first.flag(Flag.FAIL)) == (Evaluation.OK, False, True)
        assert plc.judge(2).evaluation == Evaluation.NOT_OK
        plc.until(in_production, "production may run")
        third = plc.judge(3)
        assert (third.evaluation, third.flag(Flag.PASS)) == (Evaluation.OK, True)
        assert okng("golden", "status", "--config", config).returncode == 0

        start(config, plc)
        failed = plc.judge(4)
        assert failed.evaluation == Evaluation.NOT_OK
        plc.until(is_due, "offline because a golden part came out otherwise")
        told = okng("golden", "status", "--config", config)
        assert "'good flange' is OK but came out as NG" in told.stdout
        assert station.end() == 0, station.text

    with closing(sqlite3.connect(tmp_path / "state" / "station.db")) as journal:
        results = [json.loads(row) for (row,) in journal.execute("SELECT result FROM parts ORDER BY seq")]
    assert [result["golden"] for result in results] == [True, True, False, True]
    assert [result["gate"]["action"] for result in results] == ["none", "reject", "pass", "reject"]
    kept = okng("golden", "records", "--config", config)
    assert [line.split("  ")[1].split(" ")[0] for line in kept.stdout.splitlines()] == ["failed", "passed"]


def test_a_session_that_a_kill_cut_off_is_due_again(tmp_path: Path, drawn: tuple[Path, Path]) -> None:
    config = make_station(tmp_path, drawn, "oxo")
    with HandPlc(tmp_path / "plc") as plc:
        with Running([*OKNG, "run", "--config", config], tmp_path / "first.log") as station:
            plc.connect()
            plc.until(is_due, "golden parts are due")
            start(config, plc)
            plc.judge(1)
            station.process.send_signal(signal.SIGKILL)
            station.wait(10)
        with Running([*OKNG, "run", "--config", config], tmp_path / "second.log") as station:
            plc.connect()
            plc.until(is_due, "golden parts are due again")
            said = okng("golden", "status", "--config", config)
            assert "interrupted" in said.stdout
            start(config, plc)
            plc.judge(2)
            plc.judge(3)
            plc.until(in_production, "production may run")
            assert station.end() == 0, station.text
        with Running([*OKNG, "run", "--config", config], tmp_path / "third.log") as station:
            plc.connect()
            plc.until(in_production, "what passed counts after a restart")
            assert station.end() == 0, station.text


def test_nothing_is_asked_of_a_station_that_is_not_there(tmp_path: Path, drawn: tuple[Path, Path]) -> None:
    config = make_station(tmp_path, drawn, "o")
    for command in (("golden", "status"), ("golden", "start"), ("drift", "status")):
        refused = okng(*command, "--config", config)
        assert (refused.returncode, "okng run" in refused.stderr) == (3, True)
    assert okng("golden", "records", "--config", config).stdout == ""


def test_a_golden_part_that_is_none_is_refused_with_its_place(tmp_path: Path, drawn: tuple[Path, Path]) -> None:
    config = make_station(tmp_path, drawn, "o")
    text = config.read_text()
    for wrong, says in (
        (text.replace('expected = "NG"', 'expected = "OK"'), "no golden part is expected to be NG"),
        (text.replace('expected = "NG"', 'expected = "NG"\nclass = "rust"'), 'knows no class "rust"'),
        (text.replace('expected = "OK"', 'expected = "OK"\nclass = "scratch"'), "a good part has no defect"),
    ):
        config.write_text(wrong)
        refused = okng("check-config", config)
        assert refused.returncode == 2, refused.stdout
        assert says in refused.stderr
        assert "golden" in refused.stderr
    config.write_text(text)
    assert okng("check-config", config).returncode == 0
