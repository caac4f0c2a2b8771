"""What the device imports never brings torch, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOM = Path(__file__).resolve().parents[3]
HEAVY = ("torch", "torchvision", "onnx", "onnxscript", "pickle5", "joblib")


@pytest.mark.parametrize(
    "module", ["models.detector", "models.probe", "models.runtimes.choose", "training.cli", "training.evaluation_text"]
)
def test_no_training_library_comes_along(module: str) -> None:
    code = f"import sys, {module}\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOM, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == ""


def test_runtimes_are_imported_only_when_a_model_is_loaded() -> None:
    names = ("openvino", "onnxruntime", "ai_edge_litert", "tflite_runtime")
    code = f"import sys, appliance.cli, models.detector\nprint(*[name for name in {names!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOM, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == ""
