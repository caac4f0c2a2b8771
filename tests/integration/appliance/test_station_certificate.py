"""A whole station: every result names the certificate that lies beside its recipe."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2

from models.certificate import Certificate
from models.instructions import instruction_set
from tests.fakes.held_out import sample
from tests.fakes.line import okng, write_config
from tests.fakes.packages import gray_frame, write_small_package

DRIFT = """
[recipe.drift.baseline.light]
mean = 120.0
spread = 1.0
count = 100000
"""


def run_station(folder: Path, parts: int, recipe: str = "") -> list[dict[str, Any]]:
    """The results of a station that judges so many gray parts, in their order."""
    artefact = {
        "file": "model.onnx",
        "format": "onnx",
        "quantization": "int8 QDQ U8S8 per-channel reduce_range",
        "certified": {"onnxruntime": [instruction_set()], "openvino": []},
    }
    calibration = {"scorers": 1, **sample([2.0 + index / 1000 for index in range(180)])}
    package = write_small_package(folder / "m.okng", artefacts=[artefact], calibration=calibration)
    pictures = folder / "pictures"
    pictures.mkdir()
    for number in range(parts):
        cv2.imwrite(str(pictures / f"{number:02d}.png"), gray_frame())
    config = write_config(
        folder / "station.toml",
        station={"state_dir": folder / "state"},
        camera={"type": "folder", "path": pictures},
        trigger={"source": "interval", "interval_ms": 100},
        model={"package": package, "runtime": "onnxruntime"},
    )
    config.write_text(config.read_text() + recipe)
    done = okng("run", "--config", config, "--until-done")
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(folder / "state" / "station.db")) as database:
        return [json.loads(row[0]) for row in database.execute("SELECT result FROM parts ORDER BY seq")]


def kept(folder: Path) -> Certificate:
    path = folder / "state" / "recipes" / "default" / "1.certificate.json"
    return Certificate.model_validate_json(path.read_bytes())


def test_results_carry_the_certificate_of_the_limits_in_force(tmp_path: Path) -> None:
    results = run_station(tmp_path, 2)
    issued = kept(tmp_path)
    assert len(results) == 2 and issued.certifies
    assert {result["certificate"] for result in results} == {issued.id}
    assert (issued.ok_below, issued.ng_from) == tuple(results[0]["limits"].values())


def test_no_result_names_a_certificate_once_the_pictures_have_drifted(tmp_path: Path) -> None:
    results = run_station(tmp_path, 30, DRIFT)
    drifted = ["drifting" in result["reasons"] for result in results]
    assert any(drifted) and not drifted[0], "the light should drift in the course of the run"
    for result, gone in zip(results, drifted, strict=True):
        assert result.get("certificate") == (None if gone else kept(tmp_path).id)
