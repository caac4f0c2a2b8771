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
from training.learning import loop

# Whole trainings: minutes where the machine has other things to do.
pytestmark = pytest.mark.timeout(900)
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

    monkeypatch.setattr(measure_module, "stage_of", never)
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


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Marked defects alone, so that a network can be taught."""
    root = write_discs(tmp_path_factory.mktemp("marked"), good=44, scratches=16, stains=0)
    assert CliRunner().invoke(split, [str(root), "--shares", "train=75,test=25"]).exit_code == 0
    (root / "train.toml").write_text('[train]\nmode = "segmentation"\nsize_px = 64\nepochs = 2\n')
    return root


def teach(root: Path, place: Path) -> Result:
    asked = ["--split", "default", "--config", str(root / "train.toml"), "--repeats", "1", "--defects", "1,all"]
    return CliRunner().invoke(curve, [str(root), *asked, "--json", "--cache", str(place)])


def test_a_network_is_taught_from_each_count_that_can_teach_one_and_goes_on_after_a_stop(
    marked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = teach(marked, tmp_path / "unbroken")
    assert unbroken.exit_code == 0, unbroken.stderr
    one, every = json.loads(unbroken.stdout)["points"]
    assert [row["repeats"][0]["taught"] for row in (one, every)] == [False, True]
    assert any(term in every["repeats"][0]["candidate"] for term in ("image", "map"))

    def stop(run: Any) -> None:
        if run.done:
            raise KeyboardInterrupt
        epoch(run)

    epoch = loop._Run.epoch
    with monkeypatch.context() as patch:
        patch.setattr(loop._Run, "epoch", stop)
        stopped = teach(marked, tmp_path / "stopped")
    assert stopped.exit_code == 130 and len(list((tmp_path / "stopped" / "curves").glob("*.pt"))) == 1
    resumed = teach(marked, tmp_path / "stopped")
    assert resumed.exit_code == 0 and "goes on after 1 of 2 epochs" in resumed.stderr, resumed.stderr
    again = json.loads(resumed.stdout)
    assert again["taken_from_before"] == 1 and again["points"] == json.loads(unbroken.stdout)["points"]
    assert not list((tmp_path / "stopped" / "curves").glob("*.pt"))
    points = [{one.read_bytes() for one in (tmp_path / of / "curves").iterdir()} for of in ("unbroken", "stopped")]
    assert points[0] == points[1]


def test_a_mode_that_shows_no_defects_or_cannot_be_is_refused(data: Path, tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text('[train]\nmode = "good"\n')
    done = call(data, tmp_path / "c", "--config", str(tmp_path / "good.toml"))
    assert done.exit_code == 2 and "ask for another one with --mode" in done.stderr
    root = write_discs(tmp_path / "unmarked", good=24, scratches=0, stains=12)
    assert CliRunner().invoke(split, [str(root), "--shares", "train=60,test=40"]).exit_code == 0
    done = call(root, tmp_path / "c", "--mode", "segmentation")
    assert done.exit_code == 2 and "mark some, or take --mode mixed" in done.stderr
