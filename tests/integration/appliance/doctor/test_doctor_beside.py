"""What a doctor who may not look takes for in use, and leaves alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt import publish

from appliance.doctor.running import find_running
from tests.fakes.illness.table import NOBODY, STATION_PID, hold_lock
from tests.fakes.mosquitto import Listener, Mosquitto
from tests.fakes.waiting import until
from tests.fakes.ward import Ward


@pytest.fixture
def ward() -> Iterator[Ward]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # for the user who asks in vain
        made = Ward(Path(folder))
        with made.leaving:
            yield made


def test_a_state_directory_that_may_not_be_read_is_taken_for_in_use(ward: Ward) -> None:
    ward.run_station()
    ward.script = [AssertionError("the camera was taken from a station")]
    ward.state.root.chmod(0o700)
    os.seteuid(NOBODY.uid)
    try:
        station, camera = ward.finding("station"), ward.finding("camera")
    finally:
        os.seteuid(0)
    assert station.state == "unknown"
    assert "sudo" in station.remedy.en
    assert camera.state == "unknown"
    assert "not heard" in camera.found.en


def test_the_lock_is_found_where_the_kernel_names_another_device(ward: Ward) -> None:
    pid = hold_lock(ward)
    inode = ward.state.lock_file.stat().st_ino
    ward.kernel("proc/locks", f"1: FLOCK ADVISORY WRITE {pid} 00:2b:{inode} 0 EOF\n")
    assert find_running(ward.state, ward.machine).holder is None, "an inode alone may be another file's"
    ward.process(pid, "okng", "run", opens=[ward.state.lock_file])
    assert find_running(ward.state, ward.machine).holder == STATION_PID


def test_a_lock_file_that_nobody_holds_is_no_station(ward: Ward) -> None:
    ward.state.lock_file.touch()
    assert not find_running(ward.state, ward.machine).runs


def test_the_broker_forgets_the_visit(ward: Ward) -> None:
    with Mosquitto(ward.folder / "broker") as broker:
        ward.configure(mqtt={"enabled": True, "port": broker.port})
        assert ward.finding("mqtt_rights").state == "pass"
        with Listener(broker.port) as later:
            # What is retained is handed out on subscribing, so before anything that is published after it.
            publish.single("marker", b"", hostname="127.0.0.1", port=broker.port)
            until(lambda: later.heard, "the marker")
        assert [one.topic for one in later.heard] == ["marker"]


def test_the_lock_itself_is_never_taken(ward: Ward) -> None:
    """A station that starts while the doctor looks must get its lock: asked for without waiting, it is free."""
    ward.finding("station")
    ward.finding("one_station")
    ward.state.acquire()
    ward.state.release()
