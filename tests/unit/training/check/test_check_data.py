"""The command: what it prints, writes and refuses, on data of every kind of trouble."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from training.check.report import _MOST_SHOWN
from training.commands.check_data import check_data
from training.data.subsets import read_split


def draw(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 200, (64, 80, 3)).astype(np.uint8)
    path.write_bytes(cv2.imencode(path.suffix, noise)[1].tobytes())
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Sound but for one copy, one cut file and one picture that is good and defective."""
    folder = tmp_path / "零件"
    for index in range(14):
        draw(folder / "good" / f"良品 {index:02}.png", index)
    for index in range(6):
        draw(folder / "dent" / f"{index}.png", 100 + index)
    shutil.copy(folder / "good" / "良品 00.png", folder / "good" / "copy.png")
    shutil.copy(folder / "good" / "良品 01.png", folder / "dent" / "also good.png")
    cut = draw(folder / "dent" / "cut.png", 200)
    cut.write_bytes(cut.read_bytes()[:-40])
    return folder


def run(*words: object) -> Result:
    """The command without the search for series, which takes seconds."""
    return whole("--quick", *words)


def whole(*words: object) -> Result:
    return CliRunner().invoke(check_data, [str(word) for word in words])


def test_everything_is_told_in_lines_with_what_to_do(root: Path) -> None:
    result = run(root)
    assert result.exit_code == 0
    assert "error: Pictures that lost a part of their file: 1 picture of 23." in result.stdout
    assert "error: The same picture with different labels: 1 picture equal" in result.stdout
    assert "warning: Exact copies: 1 picture equal" in result.stdout
    lines = result.stdout.splitlines()
    assert lines.index("    good/copy.png: good") < lines.index("    Remove all but one of each.")
    assert lines[-1].startswith("2 errors, ")


def test_strict_fails_on_errors_alone(root: Path) -> None:
    assert run(root, "--strict").exit_code == 1
    (root / "dent" / "cut.png").unlink()
    (root / "dent" / "also good.png").unlink()
    assert run(root, "--strict").exit_code == 0


def test_json_is_all_that_was_found_and_nothing_else(root: Path) -> None:
    result = run(root, "--json")
    report = json.loads(result.stdout)
    assert report["schema"] == 1 and report["pictures"] == 23 and report["usable"] == 22
    assert report["classes"] == {"dent": 8, "good": 15} and report["counts"]["error"] == 2
    (conflict,) = (finding for finding in report["findings"] if finding["code"] == "label-conflict")
    assert conflict["groups"] == [["dent/also good.png", "good/良品 01.png"]]
    assert set(conflict["title"]) == {"en", "zh"} and conflict["remarks"][0] == {
        "of": "dent/also good.png",
        "said": "dent",
    }


def test_the_page_shows_copies_side_by_side_in_two_languages_and_is_bounded(root: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert run(root, "--page", page).exit_code == 0
    text = page.read_text("utf-8")
    assert "完全相同的图像" in text and "Exact copies" in text and "good/良品 00.png" in text
    assert 4 <= text.count("<img") <= _MOST_SHOWN and len(text) < 4_000_000
    assert run(root, "--page", page).exit_code == 2
    assert run(root, "--page", page, "--force").exit_code == 0


def test_a_proposal_is_groups_and_a_split_that_no_group_crosses(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "proposal"
    assert run(root, "--propose", folder).exit_code == 0
    groups = {row["picture"]: row["group"] for row in csv.DictReader((folder / "groups.csv").open(encoding="utf-8"))}
    assert groups["good/copy.png"] == groups["good/良品 00.png"] and "dent/cut.png" not in groups
    rows = read_split(folder / "split.csv")
    assert len(rows) == 20 and {row.group for row in rows} <= set(groups.values())
    subsets: dict[str, set[str]] = {}
    for row in rows:
        subsets.setdefault(row.group, set()).add(row.subset.value)
    assert all(len(found) == 1 for found in subsets.values())


@pytest.mark.parametrize("option", ["--page", "--propose"])
def test_nothing_is_written_inside_the_data(root: Path, option: str) -> None:
    before = sorted(root.rglob("*"))
    result = run(root, option, root / "good" / "here")
    assert result.exit_code == 2 and "inside the data set" in result.stderr
    assert run(root).exit_code == 0
    assert sorted(root.rglob("*")) == before


def test_a_link_into_the_data_is_no_way_around(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert "inside the data set" in run(root, "--page", tmp_path / "link" / "page.html").stderr


def test_a_place_that_is_not_there_is_said_before_anything_is_read(root: Path, tmp_path: Path) -> None:
    result = run(root, "--page", tmp_path / "no" / "page.html")
    assert result.exit_code == 2 and "there is no folder" in result.stderr and "looking at" not in result.stderr


def test_one_part_in_two_exposures_is_found_unless_it_has_to_be_quick(root: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for index in range(8):
        part = cv2.GaussianBlur(rng.integers(0, 256, (160, 200)).astype(np.uint8), (0, 0), 1.2)
        draw_gray(root / "good" / f"part {index}.png", part)
        if index < 2:
            draw_gray(root / "good" / f"part {index} again.png", np.asarray(part * 0.7, np.uint8))
    proposal = tmp_path / "proposal"
    found = json.loads(whole(root, "--json", "--propose", proposal).stdout)
    pairs = [[f"good/part {index} again.png", f"good/part {index}.png"] for index in range(2)]
    assert [one["pictures"] for one in found["series"] if one["kind"] == "exposure"] == pairs
    (series,) = (finding for finding in found["findings"] if finding["code"] == "series")
    assert series["groups"] == pairs
    groups = {row["picture"]: row["group"] for row in csv.DictReader((proposal / "groups.csv").open(encoding="utf-8"))}
    assert all(groups[one] == groups[other] for one, other in pairs)
    assert json.loads(run(root, "--json").stdout)["series"] == []


def draw_gray(path: Path, picture: np.ndarray) -> None:
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())


def test_a_leak_by_a_split_table_is_an_error(root: Path, tmp_path: Path) -> None:
    table = tmp_path / "split.csv"
    table.write_text("image,label,split\ngood/copy.png,good,train\ngood/良品 00.png,good,test\n", encoding="utf-8")
    found = {finding["code"] for finding in json.loads(run(root, "--split", table, "--json").stdout)["findings"]}
    assert "copies-across-splits" in found


def test_an_empty_folder_and_one_picture_are_told(tmp_path: Path) -> None:
    result = run(tmp_path, "--strict")
    assert result.exit_code == 1 and "There are no pictures" in result.stdout
    draw(tmp_path / "a.png", 1)
    result = run(tmp_path, "--propose", tmp_path.parent / "proposal")
    assert result.exit_code == 0 and "Pictures that nobody labelled" in result.stdout


def test_nothing_there_is_a_sentence(tmp_path: Path) -> None:
    result = run(tmp_path / "nothing")
    assert result.exit_code == 3 and result.stderr.count("\n") == 1


def test_a_name_that_is_no_utf8_is_told_and_stops_nothing(tmp_path: Path) -> None:
    good = draw(tmp_path / "good" / "a.png", 1)
    try:
        os.link(good, os.fsencode(tmp_path / "good") + b"/\xff.png")
    except OSError:  # a disk that takes UTF-8 alone has no such names
        return
    for words in ([], ["--json"], ["--page", tmp_path.parent / f"{tmp_path.name}.html"]):
        assert run(tmp_path, *words).exit_code == 0
