"""TensorRT, driver and GPU, asked of libraries that are played by a fake."""

from __future__ import annotations

import pytest

from models.runtimes.nvidia_versions import NvidiaVersions, nvidia_versions
from tests.fakes.nvidia import FakeLibraries


@pytest.mark.parametrize(
    ("libraries", "found", "says"),
    [
        (FakeLibraries(), NvidiaVersions(100300, "driver 12060, Orin"), "tensorrt 100300, driver 12060, Orin"),
        (
            FakeLibraries(tensorrt=None),
            NvidiaVersions(None, "driver 12060, Orin"),
            "tensorrt unknown, driver 12060, Orin",
        ),
        (FakeLibraries(driver=None), NvidiaVersions(100300, None), "tensorrt 100300, driver unknown"),
        (FakeLibraries(answers=100), NvidiaVersions(100300, None), "tensorrt 100300, driver unknown"),
        (FakeLibraries(None, None), NvidiaVersions(None, None), "tensorrt unknown, driver unknown"),
    ],
    ids=["all there", "no TensorRT", "no driver", "the driver finds no GPU", "nothing there"],
)
def test_what_is_installed_is_told(
    libraries: FakeLibraries, found: NvidiaVersions, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries.install(monkeypatch)
    assert (nvidia_versions(), str(nvidia_versions())) == (found, says)
    assert found.known is (found.tensorrt is not None and found.gpu is not None)
