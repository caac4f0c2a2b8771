"""`okng train` on pictures of two proportions: one package, whose station judges pictures of either."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from models.detector import Detector
from models.geometry_entry import GeometrySpec
from models.package import open_package
from models.picture_file import read_picture
from tests.fakes.discs import write_discs, write_wide_discs
from training.cli import evaluate, train


def test_a_package_of_two_sizes_is_trained_and_judges_both(tmp_path: Path) -> None:
    data, out = write_wide_discs(write_discs(tmp_path / "discs", scratches=0, stains=0)), tmp_path / "a.okng"
    options = ["--size", "64", "--created", "2026-01-31T08:00:00Z", "--runtimes", "openvino", "--no-cache"]
    done = CliRunner().invoke(train, [str(data), "--out", str(out), *options])
    assert done.exit_code == 0, done.stderr
    manifest = open_package(out).manifest
    assert manifest.geometry.digest() == GeometrySpec(fit="pad").digest()
    assert {frame.picture_px for frame in manifest.golden.frames} == {(96, 96), (144, 96)}
    for runtime in ("onnxruntime", "openvino"):
        detector = Detector.load(out, runtime=runtime)
        found = [detector.inspect(read_picture(path)) for path in sorted((data / "good").glob("*.png"))[:3]]
        detector.close()
        assert {one.prepared.picture_size for one in found} == {(96, 96), (144, 96)}
        assert all(one.scores is not None for one in found)
    judged = CliRunner().invoke(evaluate, [str(out), str(data), "--runtime", "onnxruntime"])
    assert judged.exit_code == 0 and "overkill         0 of 14" in judged.stdout, judged.output
