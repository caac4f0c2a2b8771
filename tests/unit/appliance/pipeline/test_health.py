"""Readiness: one reason at a time, the gravest first, and never ready while something stands in the way."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.domain.device import DeviceState
from appliance.domain.readiness import Hindrance
from appliance.pipeline import health
from appliance.pipeline.health import Health, Probes
from tests.fakes.clock import FakeClock

OK = DeviceState("ok")
FAULT = DeviceState("fault", "broken; mend it", "坏了,请修复")
WELL = Probes(
    camera=lambda: OK,
    plc=lambda: OK,
    mqtt=lambda: OK,
    model=lambda: OK,
    journal=lambda: OK,
    camera_ready=lambda: True,
    outbox_fill=lambda: 0.0,
    failed_part=lambda: None,
    clock_synced=lambda: True,
)


def make_health(folder: Path, **probes: Any) -> Health:
    made = Health(replace(WELL, **probes), folder)
    made.started = True
    return made


def test_ready_when_nothing_stands_in_the_way(tmp_path: Path) -> None:
    readiness = make_health(tmp_path).readiness()
    assert readiness.ready
    assert not readiness.alarm


@pytest.mark.parametrize(
    ("probes", "hindrance"),
    [
        ({"camera_ready": lambda: False}, Hindrance.CAMERA),
        ({"journal": lambda: FAULT}, Hindrance.JOURNAL),
        ({"failed_part": lambda: "infer"}, Hindrance.INTERNAL),
        ({"outbox_fill": lambda: 1.0}, Hindrance.SPOOL),
        ({"golden_due": lambda: True}, Hindrance.GOLDEN),
        ({"golden_due": lambda: True, "camera_ready": lambda: False}, Hindrance.CAMERA),
        ({"failed_part": lambda: "infer", "camera_ready": lambda: False}, Hindrance.INTERNAL),
    ],
)
def test_each_hindrance_shuts_the_door(tmp_path: Path, probes: dict[str, Any], hindrance: Hindrance) -> None:
    readiness = make_health(tmp_path, **probes).readiness()
    assert readiness.hindrance is hindrance
    assert not readiness.ready


def test_golden_mode_is_no_hindrance(tmp_path: Path) -> None:
    readiness = make_health(tmp_path, golden_mode=lambda: True).readiness()
    assert (readiness.ready, readiness.golden) == (True, True)


def test_before_the_start_and_after_the_stop_it_is_not_ready(tmp_path: Path) -> None:
    made = make_health(tmp_path)
    made.started = False
    assert made.readiness().hindrance is Hindrance.STARTING
    made.started, made.stopping = True, True
    assert made.readiness().hindrance is Hindrance.STOPPING


def test_a_missing_plc_or_broker_is_an_alarm_but_no_hindrance(tmp_path: Path) -> None:
    for device in ("plc", "mqtt"):
        readiness = make_health(tmp_path, **{device: lambda: FAULT}).readiness()
        assert readiness.ready
        assert readiness.alarm


@pytest.mark.parametrize(("free", "state"), [(10**10, "ok"), (5 * 10**8, "warn"), (10**6, "fault")])
def test_the_disk_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    class Usage:
        pass

    usage = Usage()
    usage.free = free  # type: ignore[attr-defined]
    monkeypatch.setattr(health.shutil, "disk_usage", lambda path: usage)
    made = make_health(tmp_path)
    assert made.devices()["disk"].state == state
    assert made.readiness().ready is (state != "fault")


def test_a_disk_that_cannot_be_asked_is_a_fault(tmp_path: Path) -> None:
    made = make_health(tmp_path / "unplugged")
    assert made.devices()["disk"].state == "fault"
    assert made.readiness().hindrance is Hindrance.DISK


def test_an_armed_station_says_that_its_model_is_not_certified() -> None:
    assert health.model_state(True, False, "onnxruntime").state == "warn"
    assert health.model_state(True, True, "onnxruntime").state == "ok"
    assert health.model_state(False, False, "onnxruntime").state == "ok"


def test_a_journal_put_aside_stays_an_alarm_and_a_failing_one_is_worse(tmp_path: Path) -> None:
    aside = tmp_path / "station.db.unreadable-1"
    assert health.journal_state(OK, None) is OK
    assert health.journal_state(FAULT, aside) is FAULT
    state = health.journal_state(OK, aside)
    assert state.state == "warn"
    assert aside.name in state.text_en
    assert aside.name in state.text_zh


def test_every_fault_has_a_remedy_in_both_languages(tmp_path: Path) -> None:
    for probes in ({"failed_part": lambda: "infer"}, {"outbox_fill": lambda: 0.9}):
        state = make_health(tmp_path, **probes).devices()["journal"]
        assert state.state in ("warn", "fault")
        assert ";" in state.text_en
        assert "；" in state.text_zh


def test_a_disk_that_fills_is_noticed_within_half_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, asked = FakeClock(), []

    def disk_usage(path: Path) -> shutil._ntuple_diskusage:
        asked.append(clock.now_ns)
        return shutil._ntuple_diskusage(10**12, 0, 10**12 if len(asked) == 1 else 0)

    monkeypatch.setattr(health.shutil, "disk_usage", disk_usage)
    made = Health(WELL, tmp_path, clock.monotonic_ns)
    for _ in range(5):
        assert made.devices()["disk"].state == "ok"
    assert len(asked) == 1
    clock.advance_ms(500)
    assert made.devices()["disk"].state == "fault"
