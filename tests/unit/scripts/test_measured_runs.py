"""A run is made once for the same code, data and settings, and goes on where a kill left it."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.bench_score import DEMO_PACKAGE
from scripts.measured import runs, sources
from scripts.measured.judged import judge
from scripts.measured.rows import AUROC, Drawn, Goal, Row, Source
from scripts.measured.runs import Run, TrainingFailed, command_of, kept, measure, run_of
from scripts.measured.sources import Places, data_set
from tests.fakes.discs import write_discs
from training.data.dataset import open_dataset
from training.data.part import Part, read_part
from training.errors import NotThere

ROW = Row("toy/set", "a toy", Drawn(2, 1, 1), (Goal(AUROC, 50.0, 99.0),), test=Drawn(2, 1, 2))
# Stands for a training that the system kills for its memory after it learned something.
_KILLED = """
import os, pathlib, signal, sys
place = pathlib.Path(sys.argv[1] + ".checkpoint")
place.mkdir(exist_ok=True)
(place / "learning.pt").touch()
os.kill(os.getpid(), signal.SIGKILL)
"""
# Stands for one that takes long, and shows by an open pipe that it is there.
_WAITING = """
import signal, sys
alive = open(sys.argv[1], "w")
alive.write("x"), alive.flush()
signal.pause()
"""
_ASKED = """
import sys
from scripts import accuracy
from scripts.measured import runs
from scripts.measured.rows import Drawn, Row
accuracy.QUICK = Row("toy", "", Drawn(2, 1, 1), (), test=Drawn(2, 1, 2))
runs.command_of = lambda _run, _data: {waiting!r}
sys.exit(accuracy.main(["--quick", "--work", sys.argv[1]]))
"""
# Stands for `okng train`: takes the demo's package for its own, and leaves a mark for each start.
_TRAIN = """
import shutil, sys
package, out, twin, marks, *more = sys.argv[1:]
open(marks, "a").write(" ".join(more) + "\\n")
shutil.copy(package, out), shutil.copy(package, twin)
print('{"good": 2, "defective": 4}')
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "data", tmp_path / "work")


@pytest.fixture
def starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with a line for each training that was started; nothing is judged or timed."""
    marks = tmp_path / "starts"

    def command(run: Run, _data: Path) -> list[str]:
        out = [str(run.folder / name) for name in ("model.okng", "fp32.okng")]
        return [sys.executable, "-c", _TRAIN, str(DEMO_PACKAGE), *out, str(marks)]

    monkeypatch.setattr(runs, "command_of", command)
    monkeypatch.setattr(runs, "judge", lambda _package, _pictures: ())
    monkeypatch.setattr(runs, "costs", lambda _package, _turns: [])
    return marks


def quiet(_line: str) -> None:
    """Tells nobody."""


def test_a_run_is_trained_and_judged_once(places: Places, starts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "judge", judge)
    run = run_of(ROW, 0, places)
    assert kept(run) is None
    record = measure(run, quiet)
    assert record.training.good == 2 and record.training.wall_s is not None
    assert record.training.package_bytes == DEMO_PACKAGE.stat().st_size
    assert sorted({one.label for one in record.int8}) == ["chip", "dent", "good", "scratch", "stain"]
    assert record.int8 == record.fp32
    assert measure(run, quiet) == record == kept(run)
    assert len(starts.read_text().splitlines()) == 1


def test_a_kill_while_judging_costs_no_training(places: Places, starts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(ROW, 0, places)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runs, "judge", killed)
        with pytest.raises(KeyboardInterrupt):
            measure(run, quiet)
    assert kept(run) is None
    measure(run, quiet)
    assert len(starts.read_text().splitlines()) == 1


def test_a_training_that_was_cut_off_goes_on_and_its_time_is_not_told(
    places: Places, starts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(ROW, 0, places)
    run.folder.mkdir(parents=True)
    (run.folder / "started").touch()
    assert measure(run, quiet).training.wall_s is None
    assert starts.read_text() == "--resume\n"


def test_a_training_that_was_killed_with_something_learned_goes_on(
    places: Places, starts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(ROW, 0, places)
    killed = [sys.executable, "-c", _KILLED, str(run.folder / "model.okng")]
    with monkeypatch.context() as patch:
        patch.setattr(runs, "command_of", lambda _run, _data: killed)
        with pytest.raises(TrainingFailed, match="signal 9"):
            measure(run, quiet)
    # Without --resume `okng train` would refuse what lies there, each time anew.
    assert measure(run, quiet).training.wall_s is None
    assert starts.read_text() == "--resume\n"


def test_who_is_asked_to_end_takes_the_training_along(places: Places, tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    asked = [sys.executable, "-c", _ASKED.format(waiting=[sys.executable, "-c", _WAITING, str(alive)])]
    process = subprocess.Popen([*asked, str(places.work)], cwd=runs.ROOT, stderr=subprocess.DEVNULL)
    with alive.open("rb") as training:
        assert training.read(1) == b"x"
        process.send_signal(signal.SIGTERM)
        # The end of the file comes when nobody holds its other side any more.
        assert training.read() == b""
    assert process.wait() == 143
    (started,) = (places.work / "runs").glob("*/started")
    assert started.is_file() and not (started.parent / "train.json").exists()


def test_a_training_that_fails_says_why_and_keeps_nothing(
    places: Places, starts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(ROW, 0, places)
    failing = [sys.executable, "-c", "import sys; sys.exit('error: the pictures have 3 sizes')"]
    with monkeypatch.context() as patch:
        patch.setattr(runs, "command_of", lambda _run, _data: failing)
        with pytest.raises(TrainingFailed, match="the pictures have 3 sizes"):
            measure(run, quiet)
    assert kept(run) is None
    assert measure(run, quiet).training.wall_s is not None


def test_two_never_work_in_the_same_folder(places: Places, starts: Path) -> None:
    run = run_of(ROW, 0, places)
    run.folder.mkdir(parents=True)
    with (run.folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(TrainingFailed, match="another process"):
            measure(run, quiet)
    assert not starts.exists()


def test_a_record_of_other_code_data_or_settings_is_another(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    one = run_of(ROW, 0, places)
    others = [run_of(ROW, 1, places), run_of(Row(ROW.name, "", Drawn(3, 1, 1), ROW.goals, ROW.test), 0, places)]
    others.append(run_of(Row(ROW.name, "", ROW.data, ROW.goals, ROW.test, ("--size", "128")), 0, places))
    monkeypatch.setattr(runs, "code_sha256", lambda: "other code")
    others.append(run_of(ROW, 0, places))
    assert len({run.key for run in (one, *others)}) == 5


def test_a_damaged_record_counts_as_none(places: Places, starts: Path) -> None:
    run = run_of(ROW, 0, places)
    measure(run, quiet)
    (record,) = (places.work / "results").rglob("*.json")
    record.write_text(record.read_text()[:-20])
    assert kept(run) is None


def test_a_picture_beside_the_folder_of_the_table_counts_too(places: Places) -> None:
    row = Row("raw", "", Source("set/splits/classes.csv"), ROW.goals)
    for name in ("set/splits/classes.csv", "set/pictures/a.png"):
        (places.data / name).parent.mkdir(parents=True, exist_ok=True)
        (places.data / name).write_text("a")
    before = run_of(row, 0, places).key
    sources._content_sha256.cache_clear()
    (places.data / "set/pictures/a.png").write_text("b")
    assert run_of(row, 0, places).key != before


def test_a_raw_byte_makes_another_run_and_missing_data_is_told(places: Places) -> None:
    row = Row("raw", "", Source("set", "set/split.csv"), ROW.goals)
    with pytest.raises(NotThere, match="--data"):
        run_of(row, 0, places)
    (places.data / "set").mkdir(parents=True)
    (places.data / "set" / "split.csv").write_text("image,label,split\n")
    assert run_of(row, 0, places).key == run_of(row, 0, places).key


def test_the_command_is_the_users_own(places: Places, tmp_path: Path) -> None:
    by_split = command_of(run_of(Row("drawn", "", ROW.data, ROW.goals), 7, places), tmp_path)
    assert by_split[5:7] == ["--split", "imported"] and by_split[by_split.index("--seed") + 1] == "7"
    assert "--split" not in command_of(run_of(ROW, 7, places), tmp_path)


def test_what_a_user_answers_of_the_part_comes_with_its_pictures(places: Places) -> None:
    write_discs(places.data / "discs", good=4, scratches=2, stains=0)
    plain = Source("discs", format="folders")
    answered = replace(plain, part=Part(mirrored="good"))
    folder = data_set(answered, places)
    assert read_part(folder) == answered.part and read_part(data_set(plain, places)) == Part()
    assert open_dataset(folder, min_good=1).good
