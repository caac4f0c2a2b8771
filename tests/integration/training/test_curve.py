"""`okng curve` from a folder of pictures to a curve: judged on unseen pictures, and resumed where it was stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.fakes.discs import write_discs
from training.commands.cache import cache
from training.commands.curve import curve
from training.commands.split import split
from training.curve import measure as measure_module

OPTIONS = ("--split", "default", "--size", "64", "--repeats", "1", "--json")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_discs(tmp_path_factory.mktemp("discs"), good=24, scratches=12, stains=10)
    done = CliRunner().invoke(split, [str(root), "--shares", "train=60,test=40"])
    assert done.exit_code == 0, done.output
    return root


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("curve") / "cache"


def call(data: Path, place: Path, *options: str) -> Result:
    return CliRunner().invoke(curve, [str(data), *OPTIONS, "--cache", str(place), *options])


@pytest.fixture(scope="module")
def first(data: Path, place: Path) -> dict[str, Any]:
    done = call(data, place, "--defects", "0,all")
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_each_point_is_judged_on_the_same_unseen_pictures(first: dict[str, Any]) -> None:
    none, every = first["points"]
    assert none["defective"] == 0 and every["defective"] >= 12 and first["taken_from_before"] == 0
    assert every["auroc"]["value"] >= 0.9 and every["auroc"]["interval_95"][0] < 1.0
    assert "known defects" not in none["repeats"][0]["candidate"]


def test_a_stopped_curve_goes_on_without_training_a_point_again(
    first: dict[str, Any], data: Path, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a kept point was trained again")

    monkeypatch.setattr(measure_module, "_features", never)
    done = call(data, place, "--defects", "0,all", "--page", str(tmp_path / "curve.html"))
    assert done.exit_code == 0, done.stderr
    again = json.loads(done.stdout)
    assert again["taken_from_before"] == 2 and again["points"] == first["points"]
    assert "增加缺陷图像的作用" in (tmp_path / "curve.html").read_text()


def test_wrong_use_and_data_that_prove_nothing_are_refused_before_any_training(data: Path, tmp_path: Path) -> None:
    assert call(data, tmp_path / "c", "--defects", "some").exit_code == 2
    (tmp_path / "there.html").write_text("mine")
    taken = call(data, tmp_path / "c", "--page", str(tmp_path / "there.html"))
    assert taken.exit_code == 2 and "--force" in taken.stderr
    root = write_discs(tmp_path / "good only", good=24, scratches=0, stains=0)
    assert CliRunner().invoke(split, [str(root), "--shares", "train=60,test=40"]).exit_code == 0
    done = call(root, tmp_path / "c")
    assert done.exit_code == 2 and "needs defective pictures" in done.stderr


def test_clearing_the_cache_clears_its_points(first: dict[str, Any], place: Path) -> None:
    assert len(list((place / "curves").iterdir())) == 2
    done = CliRunner().invoke(cache, ["clear", "--cache", str(place)])
    assert done.exit_code == 0 and not list((place / "curves").iterdir())
