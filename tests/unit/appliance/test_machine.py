"""The machine's figures from a made-up kernel: what is missing or odd is left out, never invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path, sys=tmp_path / "sys", proc=tmp_path / "proc")


def write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def zone(root: Path, number: int, kind: str, temp: str) -> None:
    write(root, f"sys/class/thermal/thermal_zone{number}/type", kind)
    write(root, f"sys/class/thermal/thermal_zone{number}/temp", temp)


def test_temperatures_are_degrees_by_zone(machine: Machine, tmp_path: Path) -> None:
    zone(tmp_path, 0, "cpu-thermal\n", "54321\n")
    zone(tmp_path, 1, "x86 pkg/temp\n", "-1500\n")
    assert machine.temperatures() == {"cpu-thermal-0": 54.321, "x86_pkg_temp-1": -1.5}


@pytest.mark.parametrize("odd", ["", "hot\n", "-274000\n", "9999999999\n", "12.5\n", "２５\n"])
def test_a_sensor_that_tells_nonsense_is_left_out(machine: Machine, tmp_path: Path, odd: str) -> None:
    zone(tmp_path, 0, "cpu", odd)
    zone(tmp_path, 1, "board", "40000")
    assert machine.temperatures() == {"board-1": 40.0}


def test_zones_of_the_same_kind_are_kept_apart_and_their_number_is_bounded(machine: Machine, tmp_path: Path) -> None:
    for number in range(40):
        zone(tmp_path, number, "acpitz" * 20, "30000")
    found = machine.temperatures()
    assert len(found) == 32
    assert max(map(len, found)) <= 48


def test_a_machine_that_tells_nothing(machine: Machine) -> None:
    figures = machine.figures(clock_synchronized=True)
    assert (figures.temperatures, figures.throttled, figures.throttle_events) == ({}, None, None)
    assert figures.clock_synchronized
    assert figures.disk_bytes is not None and figures.disk_bytes >= (figures.disk_free_bytes or 0) > 0


def test_a_disk_that_is_gone_has_no_room_to_tell_of(tmp_path: Path) -> None:
    figures = Machine(tmp_path / "gone").figures(clock_synchronized=False)
    assert (figures.disk_free_bytes, figures.disk_bytes) == (None, None)


@pytest.mark.parametrize(("bits", "throttled"), [("0\n", False), ("0x50000\n", False), ("50005", True), ("no", None)])
def test_a_raspberry_pi_tells_whether_it_is_throttled_now(
    machine: Machine, tmp_path: Path, bits: str, throttled: bool | None
) -> None:
    write(tmp_path, "sys/devices/platform/soc/soc:firmware/get_throttled", bits)
    assert machine.figures(True).throttled is throttled


def test_throttle_events_of_all_cores_are_summed(machine: Machine, tmp_path: Path) -> None:
    write(tmp_path, "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "3\n")
    write(tmp_path, "sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "4\n")
    write(tmp_path, "sys/devices/system/cpu/cpu1/thermal_throttle/package_throttle_count", "?\n")
    assert machine.figures(True).throttle_events == 7


def test_the_process_s_figures_are_its_own(tmp_path: Path) -> None:
    first = Machine(tmp_path).process()
    with (tmp_path / "one more").open("w"):
        second = Machine(tmp_path).process()
    assert second.open_files == first.open_files + 1
    assert second.cpu_s >= first.cpu_s > 0
    assert second.resident_bytes > 10_000_000
    assert second.threads >= 1


def test_a_process_without_proc_still_tells_its_cpu_seconds(machine: Machine) -> None:
    figures = machine.process()
    assert (figures.resident_bytes, figures.threads, figures.open_files) == (0, 0, 0)
    assert figures.cpu_s > 0
