"""Bad input at every door of the command line: one clear sentence with the remedy, and the exit code that fits."""

from __future__ import annotations

import shutil
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.cameras.flange import draw
from appliance.demo.audit import read_journal
from appliance.demo.watcher import Watcher
from appliance.live import LiveDevice, LiveStatus
from tests.fakes.line import DEMO_PACKAGE, OKNG, Running, okng, write_config
from tests.fakes.mosquitto import free_port
from tests.fakes.waiting import until


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    return folder


def make_config(folder: Path, **sections: dict[str, object]) -> Path:
    base: dict[str, dict[str, object]] = {
        "station": {"state_dir": folder / "state"},
        "camera": {"type": "folder", "path": folder / "pictures"},
        "trigger": {"source": "interval", "interval_ms": 50},
        "model": {"package": DEMO_PACKAGE},
    }
    for name, values in sections.items():
        base[name] = base.get(name, {}) | values
    return write_config(folder / "station.toml", **base)


def said(done_stderr: str) -> str:
    """The sentence: what stands behind `okng:`, without the log."""
    return done_stderr[done_stderr.index("okng: ") :] if "okng: " in done_stderr else done_stderr


@pytest.fixture
def degraded(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Watcher]:
    """A station that runs although something is missing; the test says what by indirect parameter."""
    watcher = Watcher(tmp_path / "state" / "run" / "station.sock")
    watcher.start()
    config = make_config(tmp_path, **request.param)
    with Running([*OKNG, "run", "--config", config], tmp_path / "station.log") as station:
        yield watcher
        assert station.end() == 0, station.text
    watcher.stop()


def device(watcher: Watcher, name: str) -> LiveDevice:
    status = watcher.status
    assert isinstance(status, LiveStatus)
    return next(device for device in status.devices if device.id == name)


@pytest.mark.parametrize(
    ("arguments", "code", "remedy"),
    [
        (["run", "--config", "none.toml"], 3, "make one with: okng init none.toml"),
        (["check-config", "none.toml"], 3, "okng init"),
        (["run"], 2, "--config"),
        (["runn"], 2, "No such command"),
        (["package", "inspect", "none.okng"], 3, "none.okng; train one with okng train"),
        (["package", "verify", "none.okng"], 3, "none.okng; train one with okng train"),
        (["train", "no-such-folder", "--out", "/tmp/x.okng"], 3, "no-such-folder"),
    ],
)
def test_wrong_usage_is_answered_with_code_and_remedy(arguments: list[str], code: int, remedy: str) -> None:
    done = okng(*arguments)
    assert done.returncode == code, done.stderr
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_key_is_named_with_what_was_meant(tmp_path: Path) -> None:
    config = make_config(tmp_path, recipe={"deadline": 5})
    done = okng("check-config", config)
    assert done.returncode == 2
    assert "[recipe] deadline: unknown; did you mean deadline_ms?" in done.stderr


def test_init_writes_a_configuration_that_only_lacks_its_package(tmp_path: Path) -> None:
    assert okng("init", tmp_path / "station.toml").returncode == 0
    done = okng("check-config", tmp_path / "station.toml")
    assert done.returncode == 3
    assert "model.okng; train one with okng train" in said(done.stderr)
    assert "[model] package" in said(done.stderr)
    assert okng("init", tmp_path / "station.toml").returncode == 2, "an existing file is never overwritten"


def test_a_station_without_its_package_says_that_it_is_not_there(tmp_path: Path, pictures: Path) -> None:
    done = okng("run", "--config", make_config(tmp_path, model={"package": tmp_path / "none.okng"}))
    assert done.returncode == 3, done.stderr
    assert f"{tmp_path / 'none.okng'}; train one with okng train" in said(done.stderr)
    assert "[model] package" in said(done.stderr)
    assert "Traceback" not in done.stderr


def test_a_corrupt_package_is_refused_for_safety(tmp_path: Path, pictures: Path) -> None:
    broken = tmp_path / "broken.okng"
    shutil.copy(DEMO_PACKAGE, broken)
    with zipfile.ZipFile(broken, "a") as archive:
        archive.writestr("unlisted.txt", "x")
    done = okng("run", "--config", make_config(tmp_path, model={"package": broken}))
    assert done.returncode == 4, done.stderr
    assert "unlisted.txt" in said(done.stderr)
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for arguments in (
            ["web", "--config", make_config(tmp_path, web={"port": port})],
            ["demo", "--headless", "--seconds", "5", "--port", port],
        ):
            done = okng(*arguments)
            assert done.returncode == 3, done.stderr
            assert str(port) in said(done.stderr)


@pytest.mark.parametrize("degraded", [{}], indirect=True)
def test_an_empty_folder_starts_degraded_and_is_noticed_when_filled(pictures: Path, degraded: Watcher) -> None:
    until(lambda: degraded.status and device(degraded, "camera").state == "fault", "the camera fault is shown", 30)
    assert "pictures" in device(degraded, "camera").text_en
    assert degraded.status is not None
    assert not degraded.status.ready
    cv2.imwrite(str(pictures / "1.png"), draw(1, 1, kind=None).image)
    until(lambda: degraded.verdicts, "the picture is judged", 30)


NO_PORT = {"plc": {"enabled": True, "port": "/dev/tty-not-there"}, "trigger": {"source": "plc"}}


@pytest.mark.parametrize("degraded", [NO_PORT], indirect=True)
def test_a_missing_serial_port_starts_degraded(pictures: Path, degraded: Watcher) -> None:
    until(lambda: degraded.status and device(degraded, "plc").state == "fault", "the PLC fault is shown", 30)
    assert "/dev/tty-not-there" in device(degraded, "plc").text_en
    assert device(degraded, "plc").text_zh


@pytest.mark.parametrize("degraded", [{"mqtt": {"enabled": True, "port": free_port()}}], indirect=True)
def test_an_absent_broker_starts_degraded_and_parts_are_judged(pictures: Path, degraded: Watcher) -> None:
    cv2.imwrite(str(pictures / "1.png"), draw(1, 1, kind=None).image)
    until(lambda: degraded.verdicts and degraded.status, "the part is judged without a broker", 30)
    until(lambda: device(degraded, "mqtt").state == "fault", "the broker's absence is shown", 30)
    assert degraded.status is not None
    until(lambda: degraded.status is not None and degraded.status.outbox_depth == 3, "result and start wait", 10)


def test_unreadable_pictures_are_errors_and_the_next_is_judged(tmp_path: Path, pictures: Path) -> None:
    cv2.imwrite(str(pictures / "1.png"), draw(1, 1, kind=None).image)
    whole = cv2.imencode(".jpg", draw(1, 2, kind=None).image)[1].tobytes()
    (pictures / "2.jpg").write_bytes(whole[: len(whole) // 2])
    (pictures / "3.png").write_bytes(b"no picture")
    cv2.imwrite(str(pictures / "4.png"), np.zeros((640, 900, 3), np.uint16))
    cv2.imwrite(str(pictures / "5.png"), np.zeros((4, 4, 3), np.uint8))
    cv2.imwrite(str(pictures / "6.png"), draw(1, 3, kind=None).image)
    done = okng("run", "--config", make_config(tmp_path), "--until-done")
    assert done.returncode == 0, done.stderr
    outcomes = [row.outcome for row in read_journal(tmp_path / "state" / "station.db")]
    assert outcomes[1:5] == ["ERROR"] * 4
    assert outcomes[0] != "ERROR"
    assert outcomes[5] != "ERROR"
    for name in ("2.jpg", "3.png", "4.png"):
        assert name in done.stderr, "the picture is named"


def test_two_stations_never_share_a_state_directory(tmp_path: Path, pictures: Path) -> None:
    config = make_config(tmp_path)
    with Running([*OKNG, "run", "--config", config], tmp_path / "station.log") as first:
        first.until_says("runs; model")
        second = okng("run", "--config", config)
        assert second.returncode == 3, second.stderr
        assert "another station runs" in said(second.stderr)
