"""The regression set only grows: what is added stays, and whoever takes something away is seen."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.fakes.discs import disc, write_discs
from training.commands.regression import regression
from training.commands.split import split
from training.data.subsets import Subset, read_split
from training.errors import BadData
from training.splits.regression import RegressionLine, add_to_regression, read_regression, refuse_lost, regression_path

WHEN = "2026-01-31T08:00:00Z"


@dataclass(frozen=True)
class Shown:
    name: str
    label: str
    sha256: str


def shown(number: int, label: str = "scratch") -> Shown:
    return Shown(f"{label}/{number}.png", label, f"{number:064x}")


def filled(root: Path, count: int = 3) -> tuple[RegressionLine, ...]:
    root.mkdir(exist_ok=True)
    for number in range(1, count + 1):
        add_to_regression(root, [shown(number)], "li", WHEN, "漏检")
    return read_regression(root)


def test_what_is_added_stays_in_order_and_once(tmp_path: Path) -> None:
    lines = filled(tmp_path)
    assert [(one.number, one.picture, one.who, one.why) for one in lines] == [
        (number, f"scratch/{number}.png", "li", "漏检") for number in (1, 2, 3)
    ]
    again = add_to_regression(tmp_path, [shown(2), shown(4), shown(4)], "wang", WHEN, "again")
    assert [one.picture for one in again] == ["scratch/4.png"] and len(read_regression(tmp_path)) == 4


def test_there_may_be_none(tmp_path: Path) -> None:
    assert read_regression(tmp_path) == ()


def lines_of(root: Path) -> list[str]:
    return regression_path(root).read_text(encoding="utf-8").splitlines(keepends=True)


def store(root: Path, lines: list[str]) -> None:
    regression_path(root).write_text("".join(lines), encoding="utf-8")


@pytest.mark.parametrize(
    ("turn", "says"),
    [
        (lambda lines: lines[1:], "line 1 of .* is not what was written"),
        (lambda lines: [lines[0], lines[2]], "line 2 of .* is not what was written"),
        (lambda lines: lines[:-1], "a regression set only grows"),
        (lambda lines: [], "a regression set only grows"),
        (lambda lines: [lines[1], lines[0], lines[2]], "line 1 of .* is not what was written"),
        (lambda lines: [lines[0].replace("漏检", "ok"), *lines[1:]], "line 1 of .* is not what was written"),
        (lambda lines: [*lines[:2], lines[2].replace("scratch/3.png", "scratch/x.png")], "line 3 of .* is not what"),
        (lambda lines: [*lines, "{}\n"], "line 4 of .* is none of a regression set"),
        (lambda lines: [*lines, "[" * 100_000 + "\n"], "line 4 of .* is none of a regression set"),
        (lambda lines: [*lines[:2], lines[2][:-5]], "was not written to its end"),
    ],
)
def test_whoever_was_at_it_is_seen(turn: object, says: str, tmp_path: Path) -> None:
    filled(tmp_path)
    assert callable(turn)
    store(tmp_path, turn(lines_of(tmp_path)))
    with pytest.raises(BadData, match=says):
        read_regression(tmp_path)
    with pytest.raises(BadData, match=says):
        add_to_regression(tmp_path, [shown(9)], "li", WHEN, "漏检")


def test_a_forged_line_with_a_right_hash_does_not_fit_the_next(tmp_path: Path) -> None:
    filled(tmp_path)
    lines = lines_of(tmp_path)
    said = {name: value for name, value in json.loads(lines[1]).items() if name != "hash"} | {
        "picture": "scratch/x.png"
    }
    digest = hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    store(tmp_path, [lines[0], json.dumps(said | {"hash": digest}) + "\n", lines[2]])
    with pytest.raises(BadData, match=r"line 3 of .* is not what was written"):
        read_regression(tmp_path)


def test_a_set_that_was_taken_away_is_missed(tmp_path: Path) -> None:
    filled(tmp_path)
    regression_path(tmp_path).unlink()
    with pytest.raises(BadData, match=r"is gone, .* 3 lines"):
        read_regression(tmp_path)


@pytest.mark.parametrize("anchor", ["", "x y\n", "3 0\n", "-1 " + "0" * 64 + "\n"])
def test_an_anchor_that_is_none_is_refused(anchor: str, tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "splits" / "regression.anchor").write_text(anchor)
    with pytest.raises(BadData, match="is no anchor"):
        read_regression(tmp_path)


def test_an_anchor_that_was_taken_away_is_missed(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "splits" / "regression.anchor").unlink()
    with pytest.raises(BadData, match=r"no regression\.anchor beside it"):
        read_regression(tmp_path)


def test_a_power_cut_between_line_and_anchor_loses_nothing(tmp_path: Path) -> None:
    filled(tmp_path, 2)
    anchor = tmp_path / "splits" / "regression.anchor"
    before = anchor.read_bytes()
    add_to_regression(tmp_path, [shown(3)], "li", WHEN, "漏检")
    anchor.write_bytes(before)
    assert len(read_regression(tmp_path)) == 3
    filled(tmp_path / "first", 1)
    (tmp_path / "first" / "splits" / "regression.anchor").unlink()
    assert len(read_regression(tmp_path / "first")) == 1


def test_two_that_add_at_once_make_one_chain(tmp_path: Path) -> None:
    begin = threading.Barrier(2)

    def add(first: int) -> None:
        begin.wait(10)
        for number in range(first, first + 10):
            add_to_regression(tmp_path, [shown(number)], "li", WHEN, "漏检")

    threads = [threading.Thread(target=add, args=(first,), name=f"add {first}") for first in (100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [one.number for one in read_regression(tmp_path)] == list(range(1, 21))


def test_a_picture_that_is_gone_changed_or_called_good_is_named(tmp_path: Path) -> None:
    lines = filled(tmp_path)
    all_three = [shown(1), shown(2), shown(3)]
    refuse_lost(tmp_path, lines, all_three)
    refuse_lost(tmp_path, lines, [Shown("dent/1.png", "dent", shown(1).sha256), *all_three[1:]])
    with pytest.raises(BadData, match=r"1 pictures of .* are gone or not what they were: scratch/2\.png"):
        refuse_lost(tmp_path, lines, [shown(1), Shown("scratch/2.png", "scratch", "0" * 64), shown(3)])
    with pytest.raises(BadData, match=r"1 pictures of .* lie in good/ now: scratch/1\.png"):
        refuse_lost(tmp_path, lines, [Shown("good/1.png", "good", shown(1).sha256), *all_three[1:]])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_discs(tmp_path / "data", good=16, scratches=6, stains=4)


def call(*arguments: object) -> Result:
    return CliRunner().invoke(regression, [str(one) for one in arguments])


def names(root: Path, label: str) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in (root / label).iterdir())


def test_pictures_are_added_by_name_or_path_and_listed(root: Path) -> None:
    first, second = names(root, "scratch")[:2]
    done = call("add", root, first, root / second, "--why", "投诉 4711", "--who", "li")
    assert done.exit_code == 0 and "2 added" in done.stdout
    assert "0 added, 1 were in the regression set" in call("add", root, first, "--why", "x").stdout
    listed = call("list", root).stdout
    assert first in listed and "投诉 4711" in listed and "2 pictures; the set is whole" in listed
    assert [one["who"] for one in json.loads(call("list", root, "--json").stdout)] == ["li", "li"]


def test_a_picture_from_a_station_is_copied_in(root: Path, tmp_path: Path) -> None:
    import cv2

    collected = tmp_path / "20260131T080000Z.png"
    collected.write_bytes(cv2.imencode(".png", disc(77, "scratch")[0])[1].tobytes())
    assert "say with --label" in call("add", root, collected, "--why", "x").stderr
    for label in ("../out", "splits", "empty", ".hidden", ""):
        assert "is no name of a defect" in call("add", root, collected, "--why", "x", "--label", label).stderr
    nowhere = call("add", tmp_path / "nowhere", collected, "--why", "x", "--label", "scratch")
    assert nowhere.exit_code == 3 and "is no data set" in nowhere.stderr and not (tmp_path / "nowhere").exists()
    twin = tmp_path / "b" / collected.name
    twin.parent.mkdir()
    twin.write_bytes(cv2.imencode(".png", disc(79, "scratch")[0])[1].tobytes())
    twins = call("add", root, collected, twin, "--why", "x", "--label", "scratch")
    assert twins.exit_code == 2 and "has the name of another picture" in twins.stderr
    both = call("add", root, collected, tmp_path / "gone.png", "--why", "x", "--label", "scratch")
    assert both.exit_code == 3 and not (root / "scratch" / collected.name).exists()
    done = call("add", root, collected, "--why", "escaped on line 2", "--label", "scratch")
    assert done.exit_code == 0, done.stderr
    assert (root / "scratch" / collected.name).read_bytes() == collected.read_bytes()
    collected.write_bytes(cv2.imencode(".png", disc(78, "scratch")[0])[1].tobytes())
    assert "is another picture of that name" in call("add", root, collected, "--why", "x", "--label", "scratch").stderr


def test_what_cannot_be_added_says_why(root: Path) -> None:
    write_discs(root / "more", good=1, scratches=0, stains=0, first_seed=90)
    (root / "more" / "good").rename(root / "unlabelled")
    cases = (
        ("nothing.png", 3, "there is no picture nothing.png"),
        (names(root, "unlabelled")[0], 2, "is not labelled"),
        (names(root, "ground_truth/scratch")[0], 2, "is not labelled"),
    )
    for name, code, says in cases:
        done = call("add", root, name, "--why", "x")
        assert (done.exit_code, says in done.stderr) == (code, True), done.stderr
    assert call("add", root, names(root, "scratch")[0], "--why", " ").exit_code == 2
    assert not regression_path(root).exists()


def test_no_split_deals_what_is_locked_and_one_made_before_gives_it_up(root: Path) -> None:
    assert CliRunner().invoke(split, [str(root)]).exit_code == 0
    rows = {row.image: row.subset for row in read_split(root / "splits" / "default.csv")}
    trained = next(name for name, subset in rows.items() if subset is Subset.TRAIN and name.startswith("scratch"))
    assert call("add", root, trained, "--why", "x").exit_code == 0
    assert CliRunner().invoke(split, [str(root), "--extend"]).exit_code == 0
    after = {row.image: row.subset for row in read_split(root / "splits" / "default.csv")}
    assert after == rows | {trained: Subset.REGRESSION}
    assert CliRunner().invoke(split, [str(root), "--name", "b"]).exit_code == 0
    assert {row.image: row.subset for row in read_split(root / "splits" / "b.csv")}[trained] is Subset.REGRESSION


def test_no_split_is_made_while_an_old_escape_is_missing(root: Path) -> None:
    name = names(root, "scratch")[0]
    call("add", root, name, "--why", "x")
    (root / name).unlink()
    done = CliRunner().invoke(split, [str(root)])
    assert done.exit_code == 2 and "are gone or not what they were" in done.stderr
