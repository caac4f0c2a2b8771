"""What one camera tells FFmpeg must not hold for what else the process opens."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.cameras.ffmpeg_stream import FfmpegStream
from appliance.config.video import VideoCameraConfig
from appliance.errors import CameraLost
from tests.fakes.film import write_film
from tests.fakes.mosquitto import free_port

OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"


def test_a_network_camera_that_does_not_answer_leaves_files_readable(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv", [np.full((32, 32, 3), 90, np.uint8)] * 3)
    with pytest.raises(CameraLost):
        FfmpegStream(VideoCameraConfig(type="video", source=f"rtsp://127.0.0.1:{free_port()}/x"), 0, None)
    assert OPTIONS not in os.environ and cv2.VideoCapture(str(film)).read()[0]


def test_options_that_somebody_set_are_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = write_film(tmp_path / "film.mkv", [np.full((32, 32, 3), 90, np.uint8)] * 3)
    monkeypatch.setenv(OPTIONS, "fflags;discardcorrupt")
    FfmpegStream(VideoCameraConfig(type="video", source=str(film)), 0, None).close()
    assert os.environ[OPTIONS] == "fflags;discardcorrupt"
