"""What is kept from a training is kept from it wholly, and the table tells shown classes from those that were not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts import study_unseen
from scripts.measured.records import Seen
from tests.fakes.discs import write_discs
from training.data.dataset import open_dataset
from training.data.subsets import SplitRow, Subset, split_text
from training.errors import BadData
from training.splits.parted import part_dataset


def test_no_picture_of_a_kept_class_may_be_seen(tmp_path: Path) -> None:
    data = open_dataset(write_discs(tmp_path / "discs", good=14, scratches=4, stains=3), one_size=False)
    rows = [SplitRow(one.name, one.label, Subset.TRAIN, "all of one") for one in data.pictures]
    rows[0] = SplitRow(rows[0].image, rows[0].label, Subset.TEST, "apart")
    table = tmp_path / "split.csv"
    table.write_text(split_text(study_unseen.without(rows, study_unseen.bearing(data, ["stain"]))))
    parted = part_dataset(data, str(table))
    assert {one.label for one in parted.seen.defective} == {"scratch"}
    assert [one.label for one in parted.test.defective] == ["stain"] * 3 and len(parted.test.good) == 1


def test_a_class_that_nothing_shows_is_refused_with_those_there_are(tmp_path: Path) -> None:
    data = open_dataset(write_discs(tmp_path / "discs", good=12, scratches=2, stains=1), one_size=False)
    with pytest.raises(BadData, match="no picture shows dent; there are scratch, stain"):
        study_unseen.bearing(data, ["dent"])
    with pytest.raises(BadData, match="no picture shows good"):
        study_unseen.bearing(data, ["good"])


def test_the_table_tells_outcomes_and_who_was_shown() -> None:
    def seen(label: str, score: float, outcome: str) -> Seen:
        return Seen(name=f"{label}{score}", label=label, group="", score=score, outcome=outcome, named="")

    lines = list(
        study_unseen.told(
            [
                *(seen("good", score, "OK") for score in (0.1, 0.2)),
                seen("scratch", 0.9, "NG"),
                seen("stain", 0.15, "OK"),
                seen("stain", 0.8, "RECHECK"),
            ],
            ["stain"],
        )
    )
    assert lines[0].split() == ["class", "shown", "pictures", "AUROC", "OK", "RECHECK", "NG"]
    assert [line.split() for line in lines[1:]] == [
        ["scratch", "yes", "1", "100.0", "0", "0", "1"],
        ["stain", "no", "2", "75.0", "1", "1", "0"],
        ["good", "yes", "2", "–", "2", "0", "0"],
    ]


def test_a_package_of_an_earlier_study_is_not_told_as_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_discs(tmp_path / "discs", good=12, scratches=2, stains=1)
    (data / "splits").mkdir()
    rows = [SplitRow(one.name, one.label, Subset.TRAIN, "") for one in open_dataset(data, one_size=False).pictures]
    (data / "splits" / "own.csv").write_text(split_text(rows))
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "model.okng").write_bytes(b"another's")
    asked = ["study_unseen", str(data), "--split", "own", "--without", "stain", "--work", str(tmp_path / "work")]
    monkeypatch.setattr(sys, "argv", asked)
    with pytest.raises(SystemExit, match="earlier study"):
        study_unseen.main()


def test_a_test_without_good_pictures_is_refused_before_anything_is_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_discs(tmp_path / "discs", good=12, scratches=2, stains=1)
    (data / "splits").mkdir()
    rows = [SplitRow(one.name, one.label, Subset.TRAIN, "") for one in open_dataset(data, one_size=False).pictures]
    (data / "splits" / "own.csv").write_text(split_text(rows))
    work = tmp_path / "work"
    asked = ["study_unseen", str(data), "--split", "own", "--without", "stain", "--work", str(work)]
    monkeypatch.setattr(sys, "argv", asked)
    with pytest.raises(SystemExit, match="no good picture"):
        study_unseen.main()
    assert not (work / "model.okng").exists()
