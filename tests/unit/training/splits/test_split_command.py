"""`okng split` on data sets on disk: what it writes, what it keeps, and what it refuses."""

from __future__ import annotations

import errno
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from models.origin import Origin, with_origin
from tests.fakes.discs import write_discs
from training.commands.split import split
from training.data.dataset import open_dataset
from training.data.subsets import SplitRow, Subset, read_split
from training.errors import BadData
from training.progress import Progress
from training.splits.assign import Assignment, assign
from training.splits.census import take_census
from training.splits.files import load_split

ORIGIN = Origin("2026-01-02T03:04:05+00:00", "1", "", "A", "plc", "fake", "a/b/c/d/e", "synced")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_discs(tmp_path / "数据", good=20, scratches=6, stains=1)


def call(root: Path, *options: str) -> Result:
    return CliRunner().invoke(split, [str(root), *options])


def made(root: Path, *options: str) -> dict[str, SplitRow]:
    done = call(root, *options)
    assert done.exit_code == 0, done.stderr
    return {row.image: row for row in read_split(root / "splits" / "default.csv")}


def assigned(root: Path) -> Assignment:
    data = open_dataset(root, min_good=1)
    return assign(load_split(root / "splits" / "default.csv"), (*data.pictures, *data.empty), data.copies)


def test_every_labelled_picture_is_dealt_and_the_manifest_knows_its_content(root: Path) -> None:
    write_discs(root / "more", good=2, scratches=0, stains=0, first_seed=90)
    (root / "more" / "good").rename(root / "unlabelled")
    done = call(root, "--json", "--seed", "3")
    assert done.exit_code == 0, done.stderr
    figures = json.loads(done.stdout)
    manifest = json.loads((root / "splits" / "default.manifest.json").read_bytes())
    assert figures["pictures"] == figures["groups"] == len(manifest["pictures"]) == 27
    assert manifest["seed"] == 3 and manifest["how"] == {"by": "group"} and manifest["reached"]["scratch"]["test"] >= 1
    assert "stain has one group, none is for test" in "".join(figures["said"])
    known = {one.name: one.sha256 for one in take_census(root, Progress(io.StringIO()))}
    assert manifest["pictures"] == known and not any(name.startswith("unlabelled") for name in known)


def test_the_same_pictures_and_seed_give_the_same_bytes(root: Path) -> None:
    made(root)
    files = [root / "splits" / "default.csv", root / "splits" / "default.manifest.json"]
    before = [file.read_bytes() for file in files]
    made(root, "--force")
    assert [file.read_bytes() for file in files] == before
    made(root, "--force", "--seed", "1")
    assert files[0].read_bytes() != before[0]


def test_a_split_is_not_replaced_unasked(root: Path) -> None:
    made(root)
    done = call(root)
    assert done.exit_code == 2 and "is there already" in done.stderr and "--extend" in done.stderr
    assert call(root, "--name", "other").exit_code == 0


@pytest.mark.parametrize("name", ["../outside", "a/b", "", ".hidden"])
def test_a_name_that_leads_elsewhere_is_refused(name: str, root: Path) -> None:
    done = call(root, "--name", name)
    assert done.exit_code == 2 and "is no name for a split" in done.stderr


@pytest.mark.parametrize("shares", ["train", "train=x", "train=1,train=2", "regression=1", "train=0", "train=nan"])
def test_shares_that_are_none_are_refused(shares: str, root: Path) -> None:
    assert call(root, "--shares", shares).exit_code == 2


def test_lots_stay_together(root: Path) -> None:
    for at, path in enumerate(sorted((root / "good").iterdir())):
        path.write_bytes(with_origin(path.read_bytes(), replace(ORIGIN, lot=f"L{at % 5}", part=str(at))))
    (root / "groups.csv").write_text(
        "picture,group\n"
        + "".join(f"{path.relative_to(root).as_posix()},d{at % 3}\n" for at, path in enumerate(root.glob("s*/*.png")))
    )
    rows = made(root, "--by", "lot")
    sides: dict[str, set[Subset]] = {}
    for row in rows.values():
        sides.setdefault(row.group, set()).add(row.subset)
    assert set(sides) == {f"lot L{at}" for at in range(5)} | {"d0", "d1", "d2"}
    assert all(len(subsets) == 1 for subsets in sides.values())


def test_pictures_that_come_later_leave_the_others_where_they_are(root: Path) -> None:
    (root / "groups.csv").write_text("picture,group\ngood/零件4000.png,lot 1\ngood/零件4500.png,lot 1\n")
    before = made(root, "--seed", "5")
    write_discs(root, good=12, scratches=4, stains=3, first_seed=500)
    with pytest.raises(BadData, match=r"19 pictures of the data set are not in .*--extend"):
        assigned(root)
    after = made(root, "--extend")
    assert {name: after[name] for name in before} == before and len(after) == len(before) + 19
    assert after["good/零件4500.png"].subset is before["good/零件4000.png"].subset
    assert after["good/零件4500.png"].group == "lot 1"
    assert assigned(root).names(*Subset) == set(after)
    assert {row.subset for name, row in after.items() if name.startswith("stain")} >= {Subset.TRAIN, Subset.TEST}


def test_a_relabelled_picture_is_known_by_its_content(root: Path) -> None:
    before = made(root)
    old = next(name for name, row in before.items() if row.label == "scratch" and row.subset is Subset.TEST)
    new = old.replace("scratch", "stain")
    (root / old).rename(root / new)
    with pytest.raises(BadData, match=rf"1 pictures .* renamed or relabelled .*{old} is now {new}; .*--extend"):
        assigned(root)
    after = made(root, "--extend")
    assert after[new].subset is Subset.TEST and after[new].label == "stain" and old not in after


def test_another_way_of_grouping_does_not_fit_the_split_that_is_there(root: Path) -> None:
    table = root / "t.csv"
    rows = "".join(f"{one.name},{one.name[-5]}\n" for one in take_census(root, Progress(io.StringIO())))
    table.write_text("image,position\n" + rows, encoding="utf-8")
    made(root, "--by", "position", "--table", str(table), "position")
    for options, says in (
        (("--by", "lot"), "made with another --by"),
        (("--seed", "9"), "made with another --seed"),
        (("--shares", "train=1,test=1"), "made with another --shares"),
        ((), "give it again with --table"),
    ):
        done = call(root, "--extend", *options)
        assert done.exit_code == 2 and says in done.stderr
    assert call(root, "--extend", "--table", str(table), "position").exit_code == 0


def test_shifts_are_remembered(root: Path) -> None:
    for at, path in enumerate(sorted(root.glob("*/*.png"))):
        taken = f"2026-01-{at % 28 + 1:02}T{at % 24:02}:00:00Z"
        path.write_bytes(with_origin(path.read_bytes(), replace(ORIGIN, taken=taken)))
    made(root, "--by", "shift", "--shifts", "07:00,19:00", "--zone", "Asia/Shanghai")
    how = json.loads((root / "splits" / "default.manifest.json").read_bytes())["how"]
    assert how == {"by": "shift", "shifts": "07:00,19:00", "zone": "Asia/Shanghai"}
    assert call(root, "--extend").exit_code == 0
    assert "made with another --shifts" in call(root, "--extend", "--zone", "UTC").stderr


def test_what_is_gone_or_changed_is_not_given_up_unasked(root: Path) -> None:
    before = made(root)
    gone, changed = sorted(name for name in before if name.startswith("good"))[:2]
    (root / gone).unlink()
    (root / changed).write_bytes(cv2.imencode(".png", np.full((96, 96), 7, np.uint8))[1].tobytes())
    with pytest.raises(BadData) as caught:
        assigned(root)
    first, second = str(caught.value).splitlines()
    assert f"1 pictures of {root / 'splits' / 'default.csv'} are not in the data set: {gone}" in first
    assert f"are not what they were when it was made: {changed}" in second
    done = call(root, "--extend")
    assert done.exit_code == 2 and f"1 pictures of {root}" in done.stderr and "put them back" in done.stderr
    done = call(root, "--extend", "--force")
    assert done.exit_code == 0 and "no longer comparable" in done.stdout
    assert set(assigned(root).subsets) == set(before) - {gone}


def test_a_table_that_was_changed_is_not_taken_for_the_one_that_was_made(root: Path) -> None:
    made(root)
    path = root / "splits" / "default.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",test,", ",train,", 1), encoding="utf-8")
    with pytest.raises(BadData, match="somebody changed it"):
        assigned(root)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is no valid JSON"),
        ("[]", "has the schema None"),
        ('{"schema_version": "okng-split/9"}', "has the schema 'okng-split/9'"),
        ('{"schema_version": "okng-split/1", "seed": "x"}', "is wrong at"),
    ],
)
def test_a_manifest_that_is_none_is_refused(text: str, says: str, root: Path) -> None:
    made(root)
    (root / "splits" / "default.manifest.json").write_text(text)
    done = call(root, "--extend")
    assert done.exit_code == 2 and says in done.stderr


def test_a_manifest_of_other_pictures_is_refused(root: Path) -> None:
    made(root)
    path = root / "splits" / "default.manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["pictures"].popitem()
    path.write_text(json.dumps(manifest))
    with pytest.raises(BadData, match="does not list the pictures of"):
        assigned(root)


def test_a_torn_group_and_a_copy_on_the_other_side_are_named(root: Path) -> None:
    first, second = sorted(path.name for path in (root / "good").iterdir())[:2]
    (root / "good" / second).write_bytes((root / "good" / first).read_bytes())
    rows = [
        f"{one.name},{one.label},{'train' if at % 2 else 'test'},lot {at % 3}"
        for at, one in enumerate(take_census(root, Progress(io.StringIO())))
    ]
    (root / "splits").mkdir()
    (root / "splits" / "default.csv").write_text("image,label,split,lot\n" + "\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(BadData) as caught:
        assigned(root)
    copies, groups = str(caught.value).splitlines()
    assert f"exact copies of pictures in another subset: good/{second}" in copies
    assert "3 groups of" in groups and "stand in several subsets: lot 0, lot 1, lot 2" in groups


def test_copies_are_dealt_together_and_known_under_either_name(root: Path) -> None:
    first, second = sorted(path.name for path in (root / "good").iterdir())[:2]
    (root / "good" / second).write_bytes((root / "good" / first).read_bytes())
    rows = made(root)
    assert rows[f"good/{first}"].subset is rows[f"good/{second}"].subset
    assert f"good/{second}" not in assigned(root).subsets


def test_pictures_whose_group_stands_on_both_sides_are_named(root: Path) -> None:
    before = made(root)
    train = next(name for name, row in before.items() if row.subset is Subset.TRAIN)
    test = next(name for name, row in before.items() if row.subset is Subset.TEST)
    write_discs(root, good=1, scratches=0, stains=0, first_seed=700)
    (root / "groups.csv").write_text(f"picture,group\n{train},g\n{test},g\ngood/零件4700.png,g\n", encoding="utf-8")
    done = call(root, "--extend")
    assert done.exit_code == 2 and "of groups that stand in several subsets" in done.stderr
    assert "good/零件4700.png" in done.stderr


def test_pictures_of_the_same_part_stay_together(root: Path) -> None:
    again = []
    for at, path in enumerate(sorted((root / "good").iterdir())[:8]):
        lighter = cv2.convertScaleAbs(cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED), alpha=1.2)
        copy = path.with_name(f"again {at}.png")
        copy.write_bytes(cv2.imencode(".png", lighter)[1].tobytes())
        again.append((f"good/{path.name}", f"good/{copy.name}"))
    rows = made(root, "--by", "series")
    assert all(rows[first].group == rows[second].group for first, second in again)
    assert len({row.group for row in rows.values()}) == len(rows) - 8


def test_synthetic_pictures_are_refused(root: Path) -> None:
    from training.data.synthetic_mark import SyntheticMark, with_mark

    path = root / "scratch" / "made.png"
    path.write_bytes(with_mark(next((root / "good").iterdir()).read_bytes(), SyntheticMark("scar", "scratch", 0, "x")))
    done = call(root)
    assert done.exit_code == 2 and "is a synthetic picture" in done.stderr
    assert not (root / "splits").exists()


def test_a_full_disk_leaves_nothing_half_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        done = call(root)
    assert done.exit_code == 3 and "the disk is full" in done.stderr
    assert not list((root / "splits").glob("*"))
    assert call(root).exit_code == 0


def test_a_place_that_cannot_be_written_is_named(root: Path) -> None:
    (root / "splits").write_text("no folder")
    done = call(root)
    assert done.exit_code == 3 and str(root / "splits") in done.stderr


def test_what_is_no_data_set_is_said(tmp_path: Path) -> None:
    done = call(tmp_path)
    assert done.exit_code == 3 and "no folder good/" in done.stderr
