"""The camera against its real renderer process: death, silence, and what is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.cameras.flange import draw
from appliance.cameras.synthetic import SyntheticCamera
from appliance.errors import CameraLost
from models.errors import BadPicture


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[SyntheticCamera]:
    made = SyntheticCamera("line", 6, 0.5, tmp_path / "run", tmp_path / "truth.jsonl")
    yield made
    made.close()


def renderer_pid(camera: SyntheticCamera) -> int:
    assert camera._renderer is not None
    return camera._renderer.process.pid


def number(source: str) -> int:
    return int(source.removeprefix("part "))


def wait_until_gone(pid: int) -> None:
    """A zombie counts as gone: whoever inherited it may be slow to collect it."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":
            return
    pytest.fail(f"process {pid} is still there")


def test_a_dead_renderer_is_a_lost_camera_and_numbers_go_on_behind_it(camera: SyntheticCamera, tmp_path: Path) -> None:
    camera.open()
    seen = [number(camera.grab(5).source) for _ in range(6)]
    os.kill(renderer_pid(camera), signal.SIGKILL)
    with pytest.raises(CameraLost, match=r"ended \(status -9\); it is started again"):
        for _ in range(6):
            seen.append(number(camera.grab(5).source))
    camera.open()
    seen += [number(camera.grab(5).source) for _ in range(6)]
    assert seen == sorted(set(seen))
    told = [json.loads(line)["number"] for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert told == sorted(set(told)) and set(seen) <= set(told)


def test_a_lost_camera_stays_lost_until_it_is_opened(camera: SyntheticCamera) -> None:
    camera.open()
    assert camera._renderer is not None
    camera._renderer.process.kill()
    camera._renderer.process.wait(10)
    for _ in range(3):
        with pytest.raises(CameraLost):
            camera.grab(1)


def test_a_silent_renderer_is_a_timeout_and_may_come_back(camera: SyntheticCamera) -> None:
    camera.open()
    os.kill(renderer_pid(camera), signal.SIGSTOP)
    with pytest.raises(TimeoutError, match=r"no part within 0\.2 s"):
        for _ in range(6):  # what was drawn before the stop is still given
            camera.grab(0.2)
    os.kill(renderer_pid(camera), signal.SIGCONT)
    assert camera.grab(5).image.any()


def test_close_ends_a_grab_that_waits(camera: SyntheticCamera) -> None:
    camera.open()
    os.kill(renderer_pid(camera), signal.SIGSTOP)
    ended: list[BaseException] = []

    def grab_all() -> None:
        try:
            for _ in range(6):
                camera.grab(60)
        except CameraLost as error:
            ended.append(error)

    thread = threading.Thread(target=grab_all)
    thread.start()
    camera.close()
    thread.join(10)
    assert ended


def test_frames_carry_the_truth_they_are_judged_against(camera: SyntheticCamera, tmp_path: Path) -> None:
    camera.open()
    sources = [camera.grab(5).source for _ in range(8)]
    told = {
        line["number"]: line["kind"]
        for line in map(json.loads, (tmp_path / "truth.jsonl").read_text(encoding="utf-8").splitlines())
    }
    kinds = [told[number(source)] for source in sources]
    assert kinds == [draw(6, n, defect_rate=0.5).kind for n in range(1, 9)]
    assert None in kinds and any(kinds)


def test_the_picture_is_exposed_when_it_is_asked_for_not_when_it_was_drawn(camera: SyntheticCamera) -> None:
    camera.open()
    camera.grab(5)
    asked_ns = time.monotonic_ns()
    assert camera.grab(5).captured_ns >= asked_ns


def test_a_torn_slot_costs_one_part_and_is_never_delivered(camera: SyntheticCamera) -> None:
    camera.open()
    assert camera._renderer is not None
    camera._renderer.ring._slot_words[0][0] = 1
    with pytest.raises(BadPicture, match="overwritten"):
        camera.grab(5)
    assert [number(camera.grab(5).source) for _ in range(5)] == [2, 3, 4, 5, 6]


def test_close_ends_the_process_and_removes_the_ring(camera: SyntheticCamera, tmp_path: Path) -> None:
    camera.open()
    pid = renderer_pid(camera)
    assert list((tmp_path / "run").iterdir())
    assert os.getpriority(os.PRIO_PROCESS, pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 5)
    assert os.getsid(pid) == pid
    camera.close()
    wait_until_gone(pid)
    assert not list((tmp_path / "run").iterdir())


def test_the_renderer_ends_when_the_station_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from appliance.cameras.synthetic import SyntheticCamera\n"
        f"camera = SyntheticCamera('line', 1, 0.0, Path({str(tmp_path)!r}), None)\n"
        "camera.open(); print(camera._renderer.process.pid, flush=True); os._exit(0)"
    )
    told = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, timeout=60, check=True)
    wait_until_gone(int(told.stdout))


def test_no_descriptor_is_left_behind(camera: SyntheticCamera) -> None:
    camera.open()
    camera.close()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(2):
        camera.open()
        camera.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_place_that_cannot_hold_the_ring_is_said_at_open(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    camera = SyntheticCamera("line", 1, 0.0, tmp_path / "file", None)
    with pytest.raises(CameraLost, match="check free space and permissions"):
        camera.open()


def test_a_renderer_that_ends_at_once_is_said_at_open(tmp_path: Path) -> None:
    camera = SyntheticCamera("line", 1, 0.0, tmp_path, tmp_path / "missing" / "truth.jsonl")
    with pytest.raises(CameraLost, match="status 3"):
        camera.open()
    camera.close()
    assert not list(tmp_path.iterdir())
