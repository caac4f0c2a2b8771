"""The simulated PLC as its own process against a small station on the other side of its pseudo terminal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from firmware_bridge.line import Evaluation, PlcResult, TriggerRequest
from tests.fakes.plc_station import PlcStation, ok_part, running
from tests.fakes.waiting import until


class Simulator:
    """The process and what it has written so far."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.link = folder / "plc"
        self.transcript = folder / "plc.jsonl"
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "firmware_bridge.simulator"),
                *("--link", str(self.link), "--transcript", str(self.transcript), *arguments),
            ]
        )

    def events(self, kind: str) -> list[dict[str, Any]]:
        if not self.transcript.exists():
            return []
        whole = self.transcript.read_text(encoding="utf-8").rpartition("\n")[0]
        lines = [json.loads(line) for line in whole.splitlines()]
        return [line for line in lines if line["event"] == kind]

    def finish(self) -> tuple[int, dict[str, Any]]:
        code = self.process.wait(30)
        return code, self.events("summary")[0]


def simulate(tmp_path: Path, *arguments: str) -> Simulator:
    simulator = Simulator(tmp_path, *arguments)
    until(simulator.link.exists, "the simulator makes its link")
    return simulator


def by_tag(request: TriggerRequest, tag: int) -> PlcResult:
    """OK, NG, RECHECK, ERROR and NO_PART in turn."""
    plain = ok_part(request, tag)
    return replace(
        plain,
        evaluation=(Evaluation.OK, Evaluation.NOT_OK, Evaluation.NOT_DECIDABLE, Evaluation.UNDEFINED)[tag % 5 % 4],
        no_part=tag % 5 == 3,
        code=11 if tag % 5 == 1 else 0,
        score=None if tag % 5 == 3 else 0.25,
    )


def test_each_part_is_triggered_answered_and_gated_once(tmp_path: Path) -> None:
    simulator = simulate(tmp_path, "--interval-ms", "30", "--count", "20")
    with running(PlcStation(simulator.link, judge=by_tag)):
        code, summary = simulator.finish()
    assert code == 0
    assert summary["triggers"] == summary["accepted"] == summary["results"] == 20
    assert summary["duplicates"] == summary["foreign"] == summary["missed"] == summary["lost"] == 0
    results = simulator.events("result")
    assert [one["tag"] for one in results] == [one["inspection_id"] for one in results] == list(range(1, 21))
    passed = [one["tag"] for one in results if one["gate"] == "pass"]
    assert passed == [tag for tag in range(1, 21) if tag % 5 in (0, 4)]
    assert (summary["gate_pass"], summary["gate_reject"]) == (len(passed), 20 - len(passed))
    no_part = next(one for one in results if one["no_part"])
    assert (no_part["pass"], no_part["fail"], no_part["score"]) == (False, False, None)
    assert not simulator.link.is_symlink()


def test_faster_than_the_station_every_trigger_is_accepted_or_missed(tmp_path: Path) -> None:
    simulator = simulate(tmp_path, "--interval-ms", "1", "--count", "60")
    station = PlcStation(simulator.link, work_s=0.05)
    with running(station):
        code, summary = simulator.finish()
    assert code == 0
    assert summary["missed"] > 0
    assert summary["accepted"] + summary["missed"] == summary["triggers"] == 60
    assert summary["results"] == summary["accepted"] == station.admitted
    missed = {one["tag"] for one in simulator.events("trigger") if one["outcome"] == "missed"}
    assert not missed & {one["inspection_id"] for one in simulator.events("result")}


def test_at_the_stations_own_pace_no_trigger_is_missed(tmp_path: Path) -> None:
    simulator = simulate(tmp_path, "--interval-ms", "1", "--count", "30", "--pace", "ready", "--scan-ms", "2")
    with running(PlcStation(simulator.link, work_s=0.02)):
        code, summary = simulator.finish()
    assert code == 0
    assert (summary["accepted"], summary["missed"], summary["results"]) == (30, 0, 30)


def test_one_part_after_the_other_and_every_exchange_timed(tmp_path: Path) -> None:
    simulator = simulate(tmp_path, "--interval-ms", "1", "--count", "10", "--pace", "result", "--timed")
    with running(PlcStation(simulator.link, work_s=0.02)):
        assert simulator.finish()[0] == 0
    kinds = [(one["event"], one["tag"]) for one in both(simulator)]
    assert kinds == [(kind, tag) for tag in range(1, 11) for kind in ("trigger", "result")]
    stamps = [one["monotonic_s"] for one in both(simulator)]
    assert stamps == sorted(stamps)
    exchanges = simulator.events("exchanges")[0]["us"]
    assert len(exchanges) >= 10
    assert min(exchanges) > 0


def both(simulator: Simulator) -> list[dict[str, Any]]:
    """Triggers and results in the order in which they were written down."""
    events = simulator.events("trigger") + simulator.events("result")
    return sorted(events, key=lambda one: float(one["monotonic_s"]))


def test_a_result_that_never_comes_makes_it_exit_with_1(tmp_path: Path) -> None:
    simulator = simulate(tmp_path, "--interval-ms", "20", "--count", "3", "--deadline-ms", "100")

    def forgets_the_second(request: TriggerRequest, tag: int) -> PlcResult:
        return replace(ok_part(request, tag), inspection_id=60_000 if tag == 2 else tag)

    with running(PlcStation(simulator.link, judge=forgets_the_second)):
        code, summary = simulator.finish()
    assert code == 1
    assert (summary["lost"], summary["results"]) == (1, 2)


def test_late_results_are_rejected_at_the_gate(tmp_path: Path) -> None:
    simulator = simulate(tmp_path, "--interval-ms", "20", "--count", "2", "--deadline-ms", "50")
    with running(PlcStation(simulator.link, work_s=0.1)):
        code, summary = simulator.finish()
    assert code == 0
    assert summary["gate_pass"] == 0
    assert all(one["evaluation"] == 0 and one["fail"] for one in simulator.events("result"))


def test_it_waits_for_the_station_and_survives_its_restart(tmp_path: Path) -> None:
    simulator = simulate(tmp_path, "--interval-ms", "20")
    until(lambda: simulator.events("waiting"), "it says that it waits")
    first = PlcStation(simulator.link, boot_id=1)
    with running(first):
        until(lambda: len(simulator.events("result")) >= 3, "the first station answers")
    until(lambda: len(simulator.events("waiting")) >= 2, "it notices that the station is gone")
    with running(PlcStation(simulator.link, boot_id=2)):
        until(lambda: len(simulator.events("connected")) >= 2, "it finds the second station")
        before = len(simulator.events("result"))
        until(lambda: len(simulator.events("result")) >= before + 3, "the second station answers")
        simulator.process.send_signal(signal.SIGTERM)
        _, summary = simulator.finish()
    assert [one["boot_id"] for one in simulator.events("connected")] == [1, 2]
    assert [one["restarted"] for one in simulator.events("connected")] == [False, True]
    assert summary["triggers"] == summary["gate_pass"] + summary["gate_reject"]
    assert summary["duplicates"] == summary["foreign"] == 0


def test_a_stopped_simulator_takes_what_is_owed(tmp_path: Path) -> None:
    simulator = simulate(tmp_path, "--interval-ms", "20")
    with running(PlcStation(simulator.link, work_s=0.3)):
        until(lambda: simulator.events("trigger"), "a part is under way")
        simulator.process.send_signal(signal.SIGINT)
        began_s = time.monotonic()
        code, summary = simulator.finish()
    assert code == 0
    assert summary["results"] == summary["accepted"] >= 1
    assert time.monotonic() - began_s < 10


def test_bad_arguments_are_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "firmware_bridge.simulator", "--link", str(tmp_path / "no" / "plc")]
    bad = subprocess.run(
        [*command, "--transcript", str(tmp_path / "t"), "--interval-ms", "100"],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert bad.returncode == 3
    assert "name a free path" in bad.stderr
