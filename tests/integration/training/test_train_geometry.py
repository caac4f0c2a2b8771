"""`okng train --geometry`: masks, tiles and alignment reach the package, and what does not fit is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from models.detector import Detector
from models.package import open_package
from models.picture_file import read_picture
from tests.fakes.discs import write_discs
from training.cli import train
from training.fitting import candidates

GEOMETRY = """
roi = [12, 12, 72, 72]
masks = [[[12, 12], [28, 12], [28, 28], [12, 28]]]
mm_per_px = 0.1
[tiles]
width_px = 64
height_px = 64
overlap_px = 16
[align]
method = "phase"
max_shift_px = 12
"""


def call_train(data: Path, out: Path, geometry: str) -> Result:
    file = out.with_suffix(".toml")
    file.write_text(geometry, encoding="utf-8")
    options = ["--size", "64", "--created", "2026-01-31T08:00:00Z", "--runtimes", "openvino", "--geometry", str(file)]
    return CliRunner().invoke(train, [str(data), "--out", str(out), *options])


def test_a_package_is_trained_and_judges_with_its_geometry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "KINDS", candidates.KINDS[:1])
    data = write_discs(tmp_path / "discs", stains=0)
    done = call_train(data, tmp_path / "a.okng", GEOMETRY)
    assert done.exit_code == 0, done.stderr
    manifest = open_package(tmp_path / "a.okng").manifest
    geometry = manifest.geometry
    assert geometry.tiles is not None and geometry.align is not None and geometry.mm_per_px == 0.1
    assert geometry.align.region == (12, 12, 72, 72) and geometry.align.reference in manifest.files
    assert {frame.view for frame in manifest.golden.frames} > {0}
    detector = Detector.load(tmp_path / "a.okng", runtime="openvino")
    judged = [detector.inspect(read_picture(path)) for path in sorted((data / "good").glob("*.png"))[:3]]
    detector.close()
    assert all(one.prepared.pose is not None and len(one.prepared.inputs) == 4 for one in judged)


@pytest.mark.parametrize(
    ("geometry", "code", "says"),
    [
        ("roi = [90, 0, 64, 64]", 2, "does not fit the picture"),
        ("rio = [0, 0, 64, 64]", 2, "rio: Extra inputs are not permitted"),
        ("roi = [0, 0", 2, "is no valid TOML"),
        ("[tiles]\nwidth_px = 66\nheight_px = 64", 2, "do not fit a network input"),
        ('roi = [8, 8, 64, 64]\n[align]\nmethod = "ecc"\nreference = "x.png"', 2, "x.png is no good picture"),
    ],
)
def test_a_geometry_that_does_not_fit_the_pictures_is_refused_before_training(
    tmp_path: Path, geometry: str, code: int, says: str
) -> None:
    data = write_discs(tmp_path / "discs", scratches=0, stains=0)
    done = call_train(data, tmp_path / "a.okng", geometry)
    assert (done.exit_code, says in done.stderr) == (code, True), done.stderr
    assert not (tmp_path / "a.okng").exists()
