"""Gaps on the line are NO_PART, and nothing else ever is: no stray part, no lamp that fails, no picture of before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.cameras.flange import Stray, draw, draw_empty, draw_stray
from models.detector import Detector
from scripts import study_presence
from tests.fakes.gaps import taught_with_gaps
from tests.fakes.line import okng, write_config

Image = NDArray[np.uint8]
SEED = 978


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return taught_with_gaps(tmp_path_factory.mktemp("taught"))


@pytest.fixture(scope="module")
def detector(package: Path) -> Iterator[Detector]:
    detector = Detector.load(package)
    yield detector
    detector.close()


def lit(image: Image, factor: float) -> Image:
    return np.asarray(np.clip(image * factor, 0, 255), np.uint8)


def test_nothing_but_a_gap_is_ever_empty(detector: Detector) -> None:
    rows = list(study_presence.study(detector, 120, SEED))
    assert {row.kind: row.no_part for row in rows if row.kind != "gaps"} == {row.kind: 0 for row in rows[:-1]}
    gaps = rows[-1]
    assert gaps.kind == "gaps" and gaps.no_part >= 0.9 * gaps.pictures


def test_the_network_is_not_asked_about_a_gap(detector: Detector) -> None:
    found = detector.inspect(draw_empty(SEED, 1).image)
    assert (found.prepared.empty, found.prepared.unfit, found.decision, found.infer_ns) == (True, None, None, 0)


def test_a_station_tells_gaps_from_parts_and_from_failing_lamps(package: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    gap = draw_empty(SEED, 1).image
    shown: list[tuple[Image, str, str]] = [
        (gap, "NO_PART", "no_part"),
        (draw(SEED, 2).image, "OK", "score_below_limit"),
        (gap, "NO_PART", "no_part"),
        (gap, "NO_PART", "no_part"),  # a file may be shown again: a folder does not freeze
        (lit(gap, 0.05), "ERROR", "picture_dark"),
        (lit(gap, 0.5), "ERROR", "picture_dark"),
        (draw(SEED, 5, kind="chip").image, "NG", "score_above_limit"),
        (draw_stray(SEED, 6, Stray(shift_px=(600.0, 0.0))).image, "ERROR", ""),
        (draw_stray(SEED, 7, Stray(scale=0.05)).image, "ERROR", ""),
        (draw_empty(SEED, 8).image, "NO_PART", "no_part"),
    ]
    for number, (image, _, _) in enumerate(shown):
        assert cv2.imwrite(str(pictures / f"{number}.png"), image)
    config = write_config(
        tmp_path / "station.toml",
        station={"state_dir": tmp_path / "state", "armed": True},
        camera={"type": "folder", "path": pictures},
        trigger={"source": "interval", "interval_ms": 100},
        model={"package": package},
    )
    done = okng("run", "--config", config, "--until-done")
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(tmp_path / "state" / "station.db")) as journal:
        rows = journal.execute("SELECT outcome, reason, result FROM parts ORDER BY seq").fetchall()
    assert [outcome for outcome, _, _ in rows] == [outcome for _, outcome, _ in shown]
    for (_, reason, _), (_, _, wanted) in zip(rows, shown, strict=True):
        assert reason == wanted or (not wanted and reason.startswith("picture_"))
    messages = [json.loads(payload) for _, _, payload in rows]
    assert {message["decided_by"] for message in messages if message["outcome"] == "NO_PART"} == {"rule"}
    assert all("score" not in message for message in messages if message["outcome"] == "NO_PART")
    assert "OK 1, NG 1, RECHECK 0, NO_PART 4, ERROR 4" in done.stderr
