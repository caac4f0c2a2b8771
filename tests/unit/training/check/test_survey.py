"""A data set is surveyed whatever is wrong with it, and nothing is ever written into it."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.check.survey import Survey, survey
from training.errors import BadData, NotThere
from training.formats.base import ReadOptions
from training.progress import Progress


def draw(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (64, 80, 3)).astype(np.uint8)
    path.write_bytes(cv2.imencode(path.suffix, noise)[1].tobytes())


def seen(root: Path, split: Path | None = None, good: tuple[str, ...] = (), name: str | None = None) -> Survey:
    return survey(root, name, ReadOptions(good=good), split, Progress(io.StringIO()))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    for index in range(3):
        draw(folder / "good" / f"良品 {index}.png", index)
    draw(folder / "dent" / "a.png", 10)
    return folder


def test_every_picture_is_looked_at_with_its_label(root: Path) -> None:
    found = seen(root)
    assert [look.label for look in found.looks] == ["dent", "good", "good", "good"] and found.findings == ()


def test_labels_that_cannot_be_read_are_a_finding_and_folders_take_their_place(root: Path) -> None:
    (root / "loop").symlink_to(root)
    found = seen(root)
    assert [finding.code for finding in found.findings] == ["labels"]
    assert "leads" in found.findings[0].found.en and len(found.looks) == 4
    assert {look.label for look in found.looks} == {"good", "dent"}


def test_in_folders_good_is_only_what_is_called_so_or_said_to_be(tmp_path: Path) -> None:
    for name in ("合格", "A", "B"):
        draw(tmp_path / name / "1.png", 1)
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    found = seen(tmp_path, good=("A",))
    assert {look.name: look.label for look in found.looks} == {"A/1.png": "good", "B/1.png": "B", "合格/1.png": "good"}


def test_a_folder_that_cannot_be_opened_is_told_and_the_rest_is_surveyed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "shut").mkdir()
    scan = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("shut"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = seen(root)
    assert [finding.code for finding in found.findings] == ["labels", "folder-unreadable"]
    assert "Permission denied" in found.findings[0].found.en and found.findings[1].pictures == (str(root / "shut"),)
    assert len(found.looks) == 4


def test_an_assembly_is_good_where_every_region_shows_what_it_is_to(tmp_path: Path) -> None:
    for index in range(2):
        draw(tmp_path / "pictures" / f"{index}.png", index)
    (tmp_path / "rois.toml").write_text(
        'classes = ["screw", "hole"]\n'
        '[[roi]]\nname = "left"\nbox = [0, 0, 32, 32]\nexpect = "screw"\n'
        '[[roi]]\nname = "right"\nbox = [40, 0, 32, 32]\nexpect = "screw"\n'
    )
    rows = ["0.png,left,screw", "0.png,right,screw", "1.png,left,hole", "1.png,right,screw"]
    (tmp_path / "labels.csv").write_text("picture,roi,label\n" + "".join(f"pictures/{row}\n" for row in rows))
    labels = [look.labels for look in seen(tmp_path).looks]
    assert labels == [("good",), ("incomplete", "left")]


def test_what_a_format_noticed_is_told(tmp_path: Path) -> None:
    draw(tmp_path / "good" / "a.png", 1)
    draw(tmp_path / "good" / "deeper" / "b.png", 2)
    (tmp_path / "groups.csv").write_text("picture,group\n")
    (found,) = seen(tmp_path).findings
    assert found.code == "labels-noted" and "good/deeper/b.png" in found.found.en


def test_tables_beside_the_pictures_that_name_others_are_told(root: Path) -> None:
    (root / "groups.csv").write_text("picture,group\ndent/a.png,1\ndent/gone.png,1\n")
    (root / "catalogue.toml").write_text('[scratch]\nseverity = "minor"\n')
    found = {finding.code: finding for finding in seen(root).findings}
    assert set(found) == {"groups-strangers", "catalogue"} and found["groups-strangers"].pictures == ("dent/gone.png",)
    assert "names scratch" in found["catalogue"].found.en


def test_an_empty_folder_is_surveyed_too(tmp_path: Path) -> None:
    found = seen(tmp_path)
    assert found.looks == () and [finding.code for finding in found.findings] == ["labels"]


def test_one_picture_in_a_flat_folder_has_no_label(tmp_path: Path) -> None:
    draw(tmp_path / "a.png", 1)
    (look,) = seen(tmp_path).looks
    assert look.labels == ()


def test_a_split_gives_subsets_and_groups_and_its_strangers_are_told(root: Path, tmp_path: Path) -> None:
    table = tmp_path / "split.csv"
    table.write_text(
        "image,label,split,lot\ndent/a.png,dent,test,7\ngood/良品 0.png,good,train,7\ngone.png,good,train,8\n"
    )
    found = seen(root, table)
    placed = {look.name: (look.split, look.group) for look in found.looks}
    assert placed["dent/a.png"] == ("test", "7") and placed["good/良品 0.png"] == ("train", "7")
    assert placed["good/良品 1.png"][0] is None
    assert [finding.code for finding in found.findings] == ["split-strangers"]
    assert found.findings[0].pictures == ("gone.png",)


def test_what_is_not_there_or_has_no_such_format_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(NotThere):
        seen(tmp_path / "nothing")
    with pytest.raises(BadData, match="'goood' is no class"):
        seen(root, good=("goood",))
    with pytest.raises(BadData, match="no format"):
        seen(root, name="nonsense")
    with pytest.raises(NotThere, match="okng split"):
        seen(root, tmp_path / "nothing.csv")


def test_nothing_is_written_into_the_data(root: Path) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in [root, *root.rglob("*")])
    seen(root)
    assert sorted((path, path.stat().st_mtime_ns) for path in [root, *root.rglob("*")]) == before
