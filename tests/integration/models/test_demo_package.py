"""The shipped package: small, right on freshly drawn parts, alike on every runtime, and silent on the network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from appliance.demo.data_set import PartsToDraw, write_parts
from models.decision import Outcome
from models.detector import Detector, Inspection
from models.package import open_package
from models.picture_file import read_picture

ROOM = Path(__file__).resolve().parents[3]
PACKAGE = ROOM / "models" / "packages" / "flange.okng"
RUNTIMES = ("onnxruntime", "openvino", "tflite")
SEED = 31_337  # neither the training's nor the measurement's


@pytest.fixture(scope="module")
def inspections(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Inspection]]:
    """Runtime → folder/picture → what was found."""
    root = tmp_path_factory.mktemp("parts")
    list(write_parts(root, PartsToDraw(good=10, defects_a_kind=3, seed=SEED)))
    pictures = [path for path in sorted(root.glob("*/*.png")) if path.parent.name != "ground_truth"]
    found = {}
    for runtime in RUNTIMES:
        detector = Detector.load(PACKAGE, runtime=runtime)
        found[runtime] = {f"{path.parent.name}/{path.name}": detector.inspect(read_picture(path)) for path in pictures}
        detector.close()
    return found


def test_it_is_small_and_names_the_four_defects() -> None:
    assert PACKAGE.stat().st_size <= 6_000_000
    manifest = open_package(PACKAGE).manifest
    labels = {row.label for row in manifest.classes}
    assert labels == {"unknown_defect", "scratch", "dent", "stain", "chip"}
    assert all(row.name_zh != row.name_en for row in manifest.classes)
    assert {frame.expected["openvino"].outcome for frame in manifest.golden.frames} == {Outcome.OK, Outcome.NG}


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_drawn_parts_are_judged_right(inspections: dict[str, dict[str, Inspection]], runtime: str) -> None:
    named_right = 0
    for name, found in inspections[runtime].items():
        label = name.split("/")[0]
        if label == "good":
            assert found.decision.outcome is not Outcome.NG, name
        else:
            assert found.decision.outcome is not Outcome.OK, name
            named_right += found.decision.detections[0].label == label
    good = [found for name, found in inspections[runtime].items() if name.startswith("good/")]
    assert sum(found.decision.outcome is Outcome.OK for found in good) >= 9
    assert named_right >= 10


@pytest.mark.parametrize("runtime", ["openvino", "tflite"])
def test_the_runtimes_judge_alike(inspections: dict[str, dict[str, Inspection]], runtime: str) -> None:
    differences = []
    for name, reference in inspections["onnxruntime"].items():
        other = inspections[runtime][name]
        assert {other.decision.outcome, reference.decision.outcome} != {Outcome.OK, Outcome.NG}, name
        differences.append(abs(other.scores.image - reference.scores.image))
    assert np.median(differences) <= 0.03 and max(differences) <= 0.15


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_loading_opens_no_connection(runtime: str, tmp_path: Path) -> None:
    strace = shutil.which("strace")
    assert strace, "strace is missing; see scripts/system-packages.txt"
    trace = tmp_path / "trace"
    command = [sys.executable, "-m", "models.probe", str(PACKAGE), runtime, "1", "CPU"]
    watched = [strace, "-f", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", str(trace), *command]
    done = subprocess.run(watched, cwd=ROOM, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "AF_INET" not in trace.read_text()
