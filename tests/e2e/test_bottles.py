"""Real footage: bottles are put down on three places, and a photo-eye on each counts them.

Counted by eye, frame by frame: while the video runs, a bottle is put down twice on the left place (frames 336 to 400
and 819 to 868), once in the middle (665 to 730) and once on the right (1049 to 1110). The bottles that stand there from
the start are none that came.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from appliance.demo.audit import read_journal
from models.picture_file import read_picture
from tests.fakes.line import ROOM, okng, write_config

VIDEO = ROOM.parent / "shared" / "data" / "video" / "intel_bottle-detection.mp4"
# place: x of the zone, a frame in which the place is empty, first and last frame of each putting down
PLACES: dict[str, tuple[int, int, tuple[tuple[int, int], ...]]] = {
    "left": (60, 280, ((336, 400), (819, 868))),
    "middle": (280, 620, ((665, 730),)),
    "right": (505, 1000, ((1049, 1110),)),
}


@pytest.fixture(scope="module")
def empties(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A picture for each place with nothing on it, taken out of the video."""
    folder = tmp_path_factory.mktemp("empty")
    wanted = {frame: place for place, (_, frame, _) in PLACES.items()}
    video, found = cv2.VideoCapture(str(VIDEO)), {}
    for number in range(max(wanted) + 1):
        _, image = video.read()
        if number in wanted:
            path = found[wanted[number]] = folder / f"{wanted[number]}.png"
            path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return found


def config_for(folder: Path, place: str, empty: Path, pace: str) -> Path:
    return write_config(
        folder / "station.toml",
        **{
            "station": {"state_dir": folder / "state", "lot": "video"},
            "camera": {"type": "video", "source": VIDEO, "pace": pace},
            "trigger": {"source": "presence"},
            "trigger.presence": {
                "x_px": PLACES[place][0],
                "y_px": 120,
                "width_px": 65,
                "height_px": 80,
                "levels": 12,
                "at": "rest",
                "blocked_s": 60,
                "empty_picture": empty,
            },
            "recipe": {"mode": "collect"},
            "collect": {"data_set": folder / "bottles"},
        },
    )


def frame_numbers(pictures: list[Path]) -> list[int]:
    """Where in the video each picture is: the frame that equals it to the last bit."""
    wanted = {read_picture(path).tobytes(): index for index, path in enumerate(pictures)}
    video, found = cv2.VideoCapture(str(VIDEO)), {}
    for number in range(1200):
        ok, image = video.read()
        if ok and (key := np.asarray(image).tobytes()) in wanted:
            found[wanted[key]] = number
    return [found[index] for index in range(len(pictures))]


@pytest.mark.parametrize("place", PLACES)
def test_every_bottle_that_is_put_down_is_one_trigger(tmp_path: Path, place: str, empties: dict[str, Path]) -> None:
    config = config_for(tmp_path, place, empties[place], "trigger")
    done = okng("run", "--until-done", "--config", config)
    assert done.returncode == 0, done.stderr
    came = PLACES[place][2]
    rows = read_journal(tmp_path / "state" / "station.db")
    assert [row.outcome for row in rows] == ["RECHECK"] * len(came)
    assert f"accepted {len(came)}, missed 0" in done.stderr
    pictures = sorted((tmp_path / "bottles" / "good").glob("*.png"))
    for number, (first, last) in zip(frame_numbers(pictures), came, strict=True):
        assert first <= number <= last, "the picture shows the bottle being put down"


def test_in_real_time_it_is_the_same_count(tmp_path: Path, empties: dict[str, Path]) -> None:
    done = okng("run", "--until-done", "--config", config_for(tmp_path, "left", empties["left"], "real_time"))
    assert done.returncode == 0, done.stderr
    assert "accepted 2, missed 0" in done.stderr


def test_the_results_say_what_triggered(tmp_path: Path, empties: dict[str, Path]) -> None:
    done = okng("run", "--until-done", "--config", config_for(tmp_path, "middle", empties["middle"], "trigger"))
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(tmp_path / "state" / "station.db")) as db:
        messages: list[dict[str, Any]] = [json.loads(row[0]) for row in db.execute("SELECT result FROM parts")]
    assert [message["trigger"] for message in messages] == [{"id": 0, "source": "presence"}]
