"""`okng camera` on real files and streams: what it prints, what it keeps, and the exit code that fits."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.cameras.flange import draw
from appliance.state_dir import StateDir
from tests.fakes.film import write_film
from tests.fakes.line import DEMO_PACKAGE, okng, write_config
from tests.fakes.odd_camera import OddCamera, Send, jpeg, multipart, part, steadily


def configure(folder: Path, source: object, **camera: Any) -> Path:
    return write_config(
        folder / "station.toml",
        station={"state_dir": folder / "state"},
        camera={"type": "video", "source": source, **camera},
        model={"package": DEMO_PACKAGE},
    )


@pytest.fixture(scope="module")
def flanges() -> list[NDArray[np.uint8]]:
    return [draw(4, number).image for number in range(4)]


def blurred(image: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def test_the_list_says_what_is_there_or_that_nothing_is() -> None:
    done = okng("camera", "list")
    if any(Path("/dev").glob("video[0-9]*")):
        assert done.returncode in (0, 3)
    else:
        assert (done.returncode, done.stdout) == (3, "")
        assert "no V4L2 camera is there; plug one in" in done.stderr


def test_a_camera_is_tried_and_its_last_picture_kept(tmp_path: Path, flanges: list[NDArray[np.uint8]]) -> None:
    film = write_film(tmp_path / "film.mkv", flanges)
    config = configure(tmp_path, film, pace="trigger", loop=True)
    saved = tmp_path / "last.png"
    done = okng("camera", "test", "--config", config, "--pictures", 6, "--json", "--save", saved)
    assert done.returncode == 0, done.stderr
    trial = json.loads(done.stdout)
    assert (trial["pictures"], trial["width_px"], trial["height_px"], trial["unusable"]) == (6, 900, 640, 0)
    assert trial["fits_model"] is True
    assert 0 <= trial["white"] < 0.2
    assert trial["focus"] > 0
    assert (cv2.imread(str(saved)) == flanges[1]).all()
    told = okng("camera", "test", "--config", config, "--pictures", 2).stdout
    assert "900 x 640, colour" in told
    assert "pictures/s" in told


def test_a_picture_that_the_model_cannot_take_is_said(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv", [np.full((64, 64, 3), 255, np.uint8)] * 3)
    done = okng("camera", "test", "--config", configure(tmp_path, film, pace="trigger"), "--pictures", 2)
    assert "every part would be ERROR" in done.stdout
    assert "100.0% of the pixels white" in done.stdout


def test_unusable_pictures_fail_the_check(tmp_path: Path) -> None:
    def serve(handler: BaseHTTPRequestHandler, send: Send) -> None:
        multipart(handler)
        steadily(send, lambda number: part(jpeg(number) if number % 4 == 0 else jpeg(number)[:-300]))

    with OddCamera(serve) as odd:
        done = okng("camera", "test", "--config", configure(tmp_path, odd.url, latency_ms=0), "--pictures", 3)
    assert done.returncode in (1, 3), done.stdout
    assert "is damaged; check cable and network" in done.stderr


def test_the_focus_number_falls_with_blur_and_its_peak_stays(tmp_path: Path, flanges: list[NDArray[np.uint8]]) -> None:
    sharpness = [4.0, 2.0, 0.1, 2.0, 4.0]
    film = write_film(tmp_path / "film.mkv", [blurred(flanges[0], sigma) for sigma in sharpness])
    done = okng("camera", "focus", "--config", configure(tmp_path, film, pace="trigger"), "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    numbers = [line["focus"] for line in lines]
    assert numbers[0] < numbers[1] < numbers[2] > numbers[3] > numbers[4]
    assert [line["peak"] for line in lines] == [*numbers[:3], numbers[2], numbers[2]]


@pytest.mark.parametrize("command", ["test", "focus"])
def test_what_is_not_there_and_a_camera_in_use_are_said(tmp_path: Path, command: str) -> None:
    done = okng("camera", command, "--config", configure(tmp_path, tmp_path / "none.mp4"))
    assert (done.returncode, "none.mp4 is not there" in done.stderr) == (3, True)
    state = StateDir(tmp_path / "state")
    state.acquire()
    try:
        done = okng("camera", command, "--config", configure(tmp_path, tmp_path / "none.mp4"))
    finally:
        state.release()
    assert done.returncode == 3
    assert "none.mp4" not in done.stderr, "the running station keeps its camera"


def test_check_config_warns_of_what_will_not_hold(tmp_path: Path) -> None:
    done = okng("check-config", configure(tmp_path, "/dev/video63"))
    assert done.returncode == 0, done.stderr
    assert "take its name from /dev/v4l/by-id" in done.stderr
    assert "/dev/video63 is not there" in done.stderr
    done = okng("check-config", configure(tmp_path, "rtsp://127.0.0.1/x", latency_ms=300))
    assert "every part would be ERROR" in done.stderr
