"""A whole station: every result names the certificate that lies beside its recipe."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import cv2

from models.certificate import Certificate
from models.instructions import instruction_set
from tests.fakes.held_out import sample
from tests.fakes.line import okng, write_config
from tests.fakes.packages import gray_frame, write_small_package


def test_results_carry_the_certificate_of_the_limits_in_force(tmp_path: Path) -> None:
    artefact = {
        "file": "model.onnx",
        "format": "onnx",
        "quantization": "int8 QDQ U8S8 per-channel reduce_range",
        "certified": {"onnxruntime": [instruction_set()], "openvino": []},
    }
    calibration = {"scorers": 1, **sample([2.0 + index / 1000 for index in range(180)])}
    package = write_small_package(tmp_path / "m.okng", artefacts=[artefact], calibration=calibration)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name in "ab":
        cv2.imwrite(str(pictures / f"{name}.png"), gray_frame())
    config = write_config(
        tmp_path / "station.toml",
        station={"state_dir": tmp_path / "state"},
        camera={"type": "folder", "path": pictures},
        trigger={"source": "interval", "interval_ms": 200},
        model={"package": package, "runtime": "onnxruntime"},
    )
    done = okng("run", "--config", config, "--until-done")
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(tmp_path / "state" / "station.db")) as database:
        results = [json.loads(row[0]) for row in database.execute("SELECT result FROM parts")]
    kept = tmp_path / "state" / "recipes" / "default" / "1.certificate.json"
    issued = Certificate.model_validate_json(kept.read_bytes())
    assert len(results) == 2 and issued.certifies
    assert {result["certificate"] for result in results} == {issued.id}
    assert f"{issued.ok_below:g}" == f"{results[0]['limits']['ok_below']:g}"
