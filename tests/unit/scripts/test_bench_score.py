"""What judging costs is measured by the way the station asks, and the exit code says whether it is little enough."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.package import open_package
from scripts import bench_score
from scripts.bench_score import Cost
from tests.fakes.class_packages import write_class_package


@pytest.fixture(autouse=True)
def no_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package's own network stands for the fp32 trunk, which takes seconds to export."""
    files = open_package(bench_score.DEMO_PACKAGE).files
    monkeypatch.setattr(bench_score, "export_trunk", lambda _size, _strides: files["model.onnx"])


def test_every_runtime_and_every_kind_of_scorer_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    # Against itself a network with its scorer is never cheaper than the network alone.
    assert bench_score.main(["--turns", "3"]) == 1
    said = capsys.readouterr().out
    for part in ("openvino-cpu", "onnxruntime-cpu", "MISSED", "nearest of 1000", "a position", "discriminator of"):
        assert part in said


def test_the_same_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    bench_score.main(["--turns", "1", "--json"])
    found = json.loads(capsys.readouterr().out)
    for row in found["runtimes"]:
        assert row["ratio"] == pytest.approx(row["judge_us"] / row["trunk_us"])
    assert all(row["distance_us"] > 0 for row in found["scorers"])


def test_a_classifier_is_timed_with_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = open_package(write_class_package(tmp_path / "c.okng"))
    monkeypatch.setattr(bench_score, "export_trunk", lambda _size, _strides: package.files["model.onnx"])
    found = bench_score.costs(package, turns=1)
    assert len(found) == 2 and all(one.judge_us > 0 for one in found)


def test_steps_take_turns_and_none_goes_first_each_time() -> None:
    seen: list[str] = []
    found = bench_score.medians((lambda _: seen.append("a"), lambda _: seen.append("b")), turns=3)
    assert len(found) == 2 and seen.count("a") == seen.count("b") == len(seen) / 2
    assert seen[:4] == ["b", "a", "a", "b"]


def test_a_ratio_is_judged_by_both_marks() -> None:
    ratios = [Cost("one", 100.0, 40.0, judge_us).ratio for judge_us in (50.0, 80.0, 81.0)]
    assert [bench_score.verdict(ratio) for ratio in ratios] == ["aim", "met", "MISSED"]
