"""The command: rows in their order, a table even of what could not be made, and an exit code that can be built upon."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import accuracy
from scripts.measured.records import Record, Seen, Training
from scripts.measured.rows import AUROC, Drawn, Goal, Row
from scripts.measured.runs import Run
from training.errors import BadData

ROWS = tuple(
    Row(f"{name}/set", "", Drawn(2, 1, 1), (Goal(AUROC, must, 100.0),)) for name, must in (("a", 90), ("b", 99))
)
SCORES = {"good/1": 0.1, "good/2": 0.6, "crack/1": 0.5, "crack/2": 0.9}  # AUROC 75


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, int]]]:
    """Which trainings were asked for; row a reaches what it must by other scores than row b."""
    asked: list[tuple[str, int]] = []

    def measure(run: Run, _tell: object) -> Record:
        asked.append((run.row.name, run.seed))
        if run.seed == 7:
            raise BadData("2 pictures\ncannot be used")
        good = -1.0 if run.row.name == "a/set" else 0.0
        seen = tuple(
            Seen(name=name, label=name[:-2], group=name, score=score + (good if name[:4] == "good" else 0.0), **_OTHER)
            for name, score in SCORES.items()
        )
        return Record(row=run.row.name, seed=run.seed, int8=seen, fp32=seen, **_RECORD)

    monkeypatch.setattr(accuracy, "ROWS", ROWS)
    monkeypatch.setattr(accuracy, "QUICK", ROWS[0])
    monkeypatch.setattr(accuracy, "measure", measure)
    before = signal.getsignal(signal.SIGTERM)
    yield asked
    signal.signal(signal.SIGTERM, before)


_OTHER = {"outcome": "NG", "named": ""}
_TRAINING = Training(wall_s=60.0, cpu_s=60.0, load=0.1, good=2, defective=2, package_bytes=10**6)
_RECORD = {
    "key": "k",
    "date": "2026-01-31",
    "machine": "a machine",
    "cores": 2,
    "training": _TRAINING,
    "classes": (),
    "ratios": (),
}


def test_the_exit_code_says_whether_every_row_reaches_what_it_must(
    made: list[tuple[str, int]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert accuracy.main(["--only", "a", "--work", str(tmp_path)]) == 0
    assert made == [("a/set", 0), ("a/set", 1), ("a/set", 2)]
    assert accuracy.main(["--seeds", "0", "--work", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "| b/set | AUROC | 99 | 100 | 75.00 | 75.00 |" in said.out
    assert said.err.splitlines()[-1] == "b/set AUROC: MISSED"


def test_a_row_that_is_stopped_stands_in_the_table_and_the_others_go_on(
    made: list[tuple[str, int]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert accuracy.main(["--seeds", "0,7", "--work", str(tmp_path)]) == 1
    assert [name for name, _ in made] == ["a/set", "a/set", "b/set", "b/set"]
    said = capsys.readouterr().out
    assert "| a/set | AUROC | 90 | 100 | - | - | - | stopped: 2 pictures cannot be used |" in said
    assert "75.00" not in said


def test_quick_is_one_row_and_one_seed(
    made: list[tuple[str, int]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert accuracy.main(["--quick", "--json", "--work", str(tmp_path)]) == 0
    assert made == [("a/set", 0)]
    (row,) = json.loads(capsys.readouterr().out)
    assert row["figures"][0]["reached"] == "aim" and row["runs"][0]["training"]["load"] == 0.1


def test_a_list_makes_nothing(
    made: list[tuple[str, int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(accuracy, "kept", lambda run: None if run.seed else object())
    assert accuracy.main(["--list", "--work", str(tmp_path / "none")]) == 0
    assert made == [] and not (tmp_path / "none").exists()
    assert [line.split()[-4:] for line in capsys.readouterr().out.splitlines()] == [["of", "3", "seeds", "done"]] * 2


def test_a_row_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        accuracy.main(["--only", "c"])
    assert "there is no row c; there are a/set, b/set" in capsys.readouterr().err
