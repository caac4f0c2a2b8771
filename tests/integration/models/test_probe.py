"""A package is loaded in a disposable process first; whatever happens there, this process lives and is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models import probe as probe_module
from models.errors import PackageError, PackageMissing, RuntimeUnavailable
from models.probe import probe
from tests.fakes.packages import small_network, write_small_package


def test_a_good_package_passes(tmp_path: Path) -> None:
    probe(write_small_package(tmp_path / "a.okng"), runtime="onnxruntime")


def test_a_refusal_comes_back_as_itself(tmp_path: Path) -> None:
    package = write_small_package(tmp_path / "a.okng")
    with pytest.raises(RuntimeUnavailable, match="choose one of"):
        probe(package, runtime="tensorflow")
    with pytest.raises(PackageMissing, match="no model package"):
        probe(tmp_path / "nothing.okng")


def test_scores_that_are_no_numbers_come_back_as_a_refusal(tmp_path: Path) -> None:
    from models.errors import InferenceError

    broken = write_small_package(tmp_path / "a.okng", files={"model.onnx": small_network(divisor=0.0)})
    with pytest.raises(InferenceError, match="no number"):
        probe(broken, runtime="onnxruntime")


CRASHES = {
    "segmentation fault": "import ctypes; ctypes.string_at(0)",
    "abort": "import os; os.abort()",
    "quiet exit": "import sys; sys.exit(3)",
    "lying output": 'import sys; print(\'{"error": "KeyboardInterrupt"}\'); sys.exit(4)',
}


@pytest.mark.parametrize("crash", CRASHES.values(), ids=CRASHES.keys())
def test_a_child_that_dies_is_a_refused_package(tmp_path: Path, crash: str, monkeypatch: pytest.MonkeyPatch) -> None:
    package = write_small_package(tmp_path / "a.okng")
    run = subprocess.run

    def run_crash(_command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        return run([sys.executable, "-c", crash], **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(probe_module.subprocess, "run", run_crash)
    with pytest.raises(PackageError, match="kills the inference runtime"):
        probe(package, runtime="onnxruntime")
    assert os.getpid() > 0


def test_a_child_that_hangs_is_ended_and_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"within 0.01 s"):
        probe(write_small_package(tmp_path / "a.okng"), timeout_s=0.01)
