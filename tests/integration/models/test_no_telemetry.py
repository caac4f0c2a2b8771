"""A station tells nobody anything: loading a runtime opens no connection and asks for no name, nor does a child."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.line import DEMO_PACKAGE, ROOM
from tests.fakes.packages import write_lite_package

_LOAD = """
import sys
from pathlib import Path
from appliance import network_guard
network_guard.install(Path(sys.argv[3]))
from models.detector import Detector
Detector.load(Path(sys.argv[1]), runtime=sys.argv[2]).close()
"""


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime", "tflite"])
def test_loading_a_package_touches_no_socket(runtime: str, tmp_path: Path) -> None:
    package = write_lite_package(tmp_path / "lite.okng") if runtime == "tflite" else DEMO_PACKAGE
    # Outside CI and with an empty home, as on a fresh station: that is where telemetry asks nobody and sends.
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "TF_BUILD", "JENKINS_URL")}
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(package), runtime, str(tmp_path / "log")],
        cwd=ROOM,
        env=environment | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "log").read_text() == ""
