"""Named regions are dealt and locked as whole parts."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.fakes.screws import labelled_screws, write_screws
from training.commands.regression import regression
from training.commands.split import split
from training.data.subsets import Subset, read_split
from training.errors import BadData
from training.rois.dataset import open_assembly
from training.rois.parted import part_assembly


@pytest.fixture
def root(tmp_path: Path) -> Path:
    whole = [path for path in labelled_screws() if path.stem.endswith("_1111")]
    lacking = [path for path in labelled_screws() if not path.stem.endswith("_1111")]
    return write_screws(tmp_path / "screws", [*whole[:8], *lacking[:8]])


def test_parts_are_dealt_by_whether_they_are_complete(root: Path) -> None:
    done = CliRunner().invoke(split, [str(root)])
    assert done.exit_code == 0, done.stderr
    rows = read_split(root / "splits" / "default.csv")
    assert {(row.label, row.subset) for row in rows} >= {
        (label, subset) for label in ("complete", "incomplete") for subset in (Subset.TRAIN, Subset.TEST)
    }
    parted = part_assembly(open_assembly(root), "default")
    assert len(parted.seen.pictures) + len(parted.test.pictures) == 16 and not parted.regression.pictures
    assert {one.picture.name for one in parted.test.pictures} == {
        row.image for row in rows if row.subset is Subset.TEST
    }


def test_an_old_escape_is_kept_from_training(root: Path) -> None:
    name = next(path.relative_to(root).as_posix() for path in (root / "pictures").iterdir() if "_1111" not in path.stem)
    done = CliRunner().invoke(regression, ["add", str(root), name, "--why", "a screw was missing"])
    assert done.exit_code == 0, done.stderr
    parted = part_assembly(open_assembly(root), None)
    assert [one.picture.name for one in parted.regression.pictures] == [name] and len(parted.seen.pictures) == 15
    assert "no labelled pictures of" in CliRunner().invoke(regression, ["add", str(root), "x.jpg", "--why", "x"]).stderr


def test_without_a_picture_to_train_on_it_is_said(root: Path) -> None:
    assert CliRunner().invoke(split, [str(root), "--shares", "test=1"]).exit_code == 0
    with pytest.raises(BadData, match="no picture is left to train on"):
        part_assembly(open_assembly(root), "default")
