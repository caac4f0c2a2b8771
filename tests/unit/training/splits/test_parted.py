"""What training may see: never a test picture, never an old escape, whatever the table says."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.fakes.discs import write_discs
from training.commands.split import split
from training.data.annotations import Annotation, annotations_text
from training.data.dataset import DataSet, open_dataset
from training.data.subsets import SplitRow, Subset, split_text
from training.errors import BadData, NotThere
from training.splits.chosen import Chosen
from training.splits.parted import part_dataset
from training.splits.regression import add_to_regression, regression_path

WHEN = "2026-01-31T08:00:00Z"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_discs(tmp_path / "data", good=24, scratches=8, stains=4, empty=4)


def names(*data: DataSet) -> set[str]:
    return {picture.name for one in data for picture in (*one.pictures, *one.empty)}


def lock(root: Path, name: str) -> None:
    chosen = [picture for picture in open_dataset(root).pictures if picture.name == name]
    add_to_regression(root, chosen, "li", WHEN, "escaped")


def dealt(root: Path, *options: str) -> None:
    done = CliRunner().invoke(split, [str(root), *options])
    assert done.exit_code == 0, done.stderr


def test_without_split_and_regression_set_all_may_be_seen(root: Path) -> None:
    data = open_dataset(root)
    parted = part_dataset(data, None)
    assert parted.seen == data and not names(parted.test, parted.regression) and parted.split_sha256 is None


def test_training_sees_all_but_test_and_regression(root: Path) -> None:
    dealt(root)
    data = open_dataset(root)
    before = part_dataset(data, "default")
    assert names(before.seen, before.test) == names(data) and not names(before.seen) & names(before.test)
    assert {picture.label for picture in before.test.pictures} == {"good", "scratch", "stain"} and before.test.empty
    seen, tested = before.seen.defective[0].name, before.test.defective[0].name
    lock(root, seen)
    lock(root, tested)
    after = part_dataset(data, "default")
    assert names(after.regression) == {seen, tested}
    assert names(after.seen) == names(before.seen) - {seen} and names(after.test) == names(before.test) - {tested}
    assert before.regression_sha256 is None and after.regression_sha256 is not None
    assert after.split == "default" and after.split_sha256 == before.split_sha256


def test_an_old_escape_is_never_seen_without_a_split_either(root: Path) -> None:
    name = open_dataset(root).defective[0].name
    lock(root, name)
    # Not under another name, in another folder, or as a copy either.
    (root / "stain" / "copy.png").write_bytes((root / name).read_bytes())
    (root / name).rename(root / "stain" / "renamed.png")
    (root / "ground_truth" / name).unlink()
    parted = part_dataset(open_dataset(root), None)
    assert {one.name for one in parted.regression.pictures} == {"stain/copy.png"}
    assert "stain/copy.png" not in names(parted.seen) and "stain/renamed.png" not in names(parted.seen)


def test_a_regression_set_that_was_put_back_is_seen_by_the_split(root: Path) -> None:
    lock(root, open_dataset(root).defective[0].name)
    dealt(root)
    for file in (regression_path(root), root / "splits" / "regression.anchor"):
        file.unlink()
    with pytest.raises(BadData, match="1 pictures of the split default were in the regression set, which has 0 lines"):
        part_dataset(open_dataset(root), "default")


def test_old_escapes_of_a_lot_that_training_saw_are_told(root: Path) -> None:
    first, second = (picture.name for picture in open_dataset(root).defective[:2])
    (root / "groups.csv").write_text(f"picture,group\n{first},lot 1\n{second},lot 1\n", encoding="utf-8")
    lock(root, first)
    (note,) = part_dataset(open_dataset(root), None).notes
    assert note.startswith("1 of 1 pictures of the regression set are of a part or lot that training saw")


def test_a_published_table_works_by_names_from_before_import(root: Path) -> None:
    data = open_dataset(root)
    pictures = (*data.pictures, *data.empty)
    sources = [Annotation(picture=one.name, source=f"raw/{at}.jpg") for at, one in enumerate(pictures)]
    (root / "annotations.jsonl").write_text(annotations_text(sources), encoding="utf-8")
    rows = [
        SplitRow(f"raw/{at}.jpg", one.label, Subset.TEST if at % 4 == 0 else Subset.TRAIN, str(at))
        for at, one in enumerate(pictures)
    ]
    table = root.parent / "published.csv"
    table.write_text(split_text(rows), encoding="utf-8")
    parted = part_dataset(open_dataset(root), str(table))
    assert names(parted.test) == {one.name for at, one in enumerate(pictures) if at % 4 == 0}
    assert parted.split == "published" and parted.split_sha256


def test_a_table_that_tears_groups_of_the_data_set_is_told(root: Path) -> None:
    dealt(root, "--by", "none")
    parted = part_dataset(open_dataset(root), "default")
    assert parted.notes == ()
    seen, tested = parted.seen.good[0].name, parted.test.good[0].name
    (root / "groups.csv").write_text(f"picture,group\n{seen},lot 1\n{tested},lot 1\n", encoding="utf-8")
    (note,) = part_dataset(open_dataset(root), "default").notes
    assert note.startswith("1 groups of the data set stand in training and in test: lot 1;")


def test_what_cannot_be_trained_on_is_refused(root: Path) -> None:
    data = open_dataset(root)
    with pytest.raises(NotThere, match=r"there is no split default, .*make one with okng split"):
        part_dataset(data, "default")
    dealt(root, "--shares", "train=1", "--name", "all")
    with pytest.raises(BadData, match="the split all has no test picture"):
        part_dataset(data, "all")
    dealt(root, "--shares", "train=1,test=2", "--name", "few")
    with pytest.raises(BadData, match="8 good pictures are left to train on, 12 are the least"):
        part_dataset(data, "few")
    with pytest.raises(NotThere, match="there are all, few"):
        part_dataset(data, "other")


@pytest.mark.parametrize("subset", [Subset.TEST, Subset.TRAIN, Subset.REGRESSION])
def test_a_subset_is_judged_and_it_is_told_what_that_proves(root: Path, subset: Subset) -> None:
    lock(root, open_dataset(root).defective[0].name)
    dealt(root)
    data, said = open_dataset(root), list[str]()
    parted = part_dataset(data, "default")
    chosen = Chosen("default", subset, parted.split_sha256, said.append).of(data)
    expected = {Subset.TEST: parted.test, Subset.REGRESSION: parted.regression}
    if subset in expected:
        assert names(chosen) == names(expected[subset]) and said == []
    else:
        assert names(chosen) < names(parted.seen) and "these figures are no test" in said[0]


def test_a_package_trained_otherwise_may_have_seen_the_test_pictures(root: Path) -> None:
    dealt(root)
    said: list[str] = []
    Chosen("default", Subset.TEST, None, said.append).of(open_dataset(root))
    assert "The package was not trained with this very split" in said[0]
    with pytest.raises(BadData, match="no picture of default is for regression"):
        Chosen("default", Subset.REGRESSION, None, said.append).of(open_dataset(root))
