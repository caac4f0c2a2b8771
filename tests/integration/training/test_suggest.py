"""`okng suggest` with a real package: what is chosen, what is kept, and what is refused at the door."""

from __future__ import annotations

import csv
import json
import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from models.package import open_package
from tests.fakes.discs import write_discs
from training.cli import evaluate, train
from training.commands.suggest import suggest
from training.data.synthetic_mark import SyntheticMark, with_mark
from training.suggestion.audit import read_audits


def call(*arguments: object) -> Result:
    return CliRunner().invoke(suggest, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suggest")
    write_discs(folder / "train", scratches=0, stains=0)
    options = ["--size", "64", "--created", "2026-01-31T08:00:00Z", "--runtimes", "openvino"]
    done = CliRunner().invoke(train, [str(folder / "train"), "--out", str(folder / "discs.okng"), *options])
    assert done.exit_code == 0, done.stderr
    return folder / "discs.okng"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Six good discs with a label; ten good and six defective ones without."""
    root = write_discs(tmp_path / "data", good=16, scratches=3, stains=3, first_seed=40)
    waiting = root / "unlabelled"
    waiting.mkdir()
    for folder in sorted(root.iterdir()):
        if folder.name not in ("unlabelled", "ground_truth") and folder.is_dir():
            for path in sorted(folder.iterdir())[6 if folder.name == "good" else 0 :]:
                path.rename(waiting / f"{folder.name} {path.name}")
    for folder in (root / "ground_truth", *(one for one in root.iterdir() if one.is_dir() and not any(one.iterdir()))):
        shutil.rmtree(folder, ignore_errors=True)
    return root


def rows(result: Result) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(result.stdout)["suggestions"]
    return found


def test_defects_that_nobody_labelled_come_first_among_the_novel(data: Path, package: Path) -> None:
    done = call(data, package, "--count", 6, "--shares", "novel=1", "--json")
    assert done.exit_code == 0, done.stderr
    chosen = rows(done)
    assert len(chosen) == 6 and all(row["why"] == "novel" and row["probability"] == "" for row in chosen)
    assert sum(not row["picture"].startswith("unlabelled/good") for row in chosen) >= 4


def test_list_page_and_copies_show_the_same_pictures_and_nothing_is_replaced(
    data: Path, package: Path, tmp_path: Path
) -> None:
    out, page, take = tmp_path / "next.csv", tmp_path / "next.html", tmp_path / "take"
    options = (data, package, "--count", 5, "--out", out, "--page", page, "--take", take)
    done = call(*options)
    assert done.exit_code == 0, done.stderr
    names = [row["picture"] for row in csv.DictReader(StringIO(out.read_text()))]
    assert len(names) == 5 and all(name in page.read_text() and name in done.stdout for name in names)
    assert [path.name[5:] for path in sorted(take.iterdir())] == [Path(name).name for name in names]
    assert {path.read_bytes() for path in take.iterdir()} == {(data / name).read_bytes() for name in names}
    assert "随机抽取" in page.read_text()
    before = out.read_bytes()
    for again in (
        options,
        (data, package, "--out", out),
        (data, package, "--page", page),
        (data, package, "--take", take),
    ):
        refused = call(*again)
        assert refused.exit_code == 2 and ("is there already" in refused.stderr or "is not empty" in refused.stderr)
    assert out.read_bytes() == before


def test_the_audit_is_recorded_by_content_and_counts_once_all_of_it_is_labelled(data: Path, package: Path) -> None:
    done = call(data, package, "--count", 8, "--shares", "audit=1", "--json")
    drawn = [row["picture"] for row in rows(done)]
    candidates = json.loads(done.stdout)["candidates"]
    assert {row["probability"] for row in rows(done)} == {f"{8 / candidates:.6f}"}
    kept = read_audits(data)
    assert [(one.drawn, one.of, one.package) for one in kept] == [(8, candidates, open_package(package).hash)]
    early = CliRunner().invoke(evaluate, [str(package), str(data), "--audited"])
    assert early.exit_code == 2 and "8 of the 8 pictures" in early.stderr
    for name in drawn:
        path = data / name
        label = path.name.split(" ")[0]
        (data / label).mkdir(exist_ok=True)
        path.rename(data / label / f"moved {path.name}")
    told = CliRunner().invoke(evaluate, [str(package), str(data), "--audited", "--runtime", "onnxruntime", "--json"])
    assert told.exit_code == 0, told.stderr
    figures = json.loads(told.stdout)[0]
    assert figures["overkill"]["total"] + figures["escapes"]["total"] == 8


def test_a_round_of_another_package_counts_for_nothing(data: Path, package: Path) -> None:
    assert call(data, package, "--count", 4, "--shares", "audit=1").exit_code == 0
    record = data / "audits.jsonl"
    record.write_text(record.read_text().replace(open_package(package).hash, "sha256:" + "0" * 64))
    done = CliRunner().invoke(evaluate, [str(package), str(data), "--audited"])
    assert done.exit_code == 2 and "no audit round was drawn with" in done.stderr


def test_a_plain_folder_is_looked_through_and_what_cannot_be_read_is_told(
    data: Path, package: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "camera"
    shutil.copytree(data / "unlabelled", folder)
    first = next(iter(sorted(folder.iterdir()))).read_bytes()
    (folder / "torn.png").write_bytes(first[:200])
    (folder / "made.png").write_bytes(with_mark(first, SyntheticMark("pit", "pit", 0, "0" * 64)))
    done = call(folder, package, "--labelled", data, "--count", 4, "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["suggestions"]) == 4 and told["audit_round"] is None and not (folder / "audits.jsonl").exists()
    assert len(told["unreadable"]) == 2 and "torn.png" in told["unreadable"][1]
    assert "made.png is a synthetic picture" in told["unreadable"][0]


def test_too_small_a_picture_is_told_and_the_rest_goes_on(data: Path, package: Path) -> None:
    tiny = cv2.imencode(".png", np.zeros((3, 3, 3), np.uint8))[1].tobytes()
    (data / "unlabelled" / "tiny.png").write_bytes(tiny)
    done = call(data, package, "--count", 2, "--json")
    assert done.exit_code == 0, done.stderr
    assert len(rows(done)) == 2


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ("audit", "audit=20"),
        ("often=3", "audit=20"),
        ("audit=0", "add up"),
        ("near=nan", "no share"),
        ("near=1,near=2", "twice"),
    ],
)
def test_shares_that_make_no_sense_are_refused(data: Path, package: Path, shares: str, said: str) -> None:
    done = call(data, package, "--shares", shares)
    assert done.exit_code == 2 and said in done.stderr


def test_nothing_to_choose_from_and_what_is_not_there_are_said(data: Path, package: Path, tmp_path: Path) -> None:
    shutil.rmtree(data / "unlabelled")
    for arguments, code, said in (
        ((data, package), 2, "unlabelled/"),
        ((tmp_path / "gone", package), 3, "there is no folder"),
        ((data, tmp_path / "gone.okng"), 3, "gone.okng"),
    ):
        done = call(*arguments)
        assert done.exit_code == code and said in done.stderr and "Traceback" not in done.stderr
