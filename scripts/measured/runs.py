"""One row with one seed: import, train, judge, keep. Whatever was done before a kill is not done again."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from models.durable import write_atomically
from models.instructions import machine_name
from models.package import open_package
from scripts.bench_score import costs
from scripts.measured.judged import classes_of, judge, test_pictures
from scripts.measured.records import Ratio, Record, Training, find, keep
from scripts.measured.rows import Row
from scripts.measured.sources import ROOT, Places, code_sha256, data_set, data_sha256
from training.errors import TrainingError
from training.resuming import checkpoint_folder

Tell = Callable[[str], None]
_PACKAGE, _TWIN, _DONE, _STARTED = "model.okng", "fp32.okng", "train.json", "started"
_RATIO_TURNS = 40


class TrainingFailed(TrainingError):
    """`okng train` wrote no package; what it said."""


@dataclass(frozen=True, slots=True)
class Run:
    """One row with one seed, and the folder that it works in."""

    row: Row
    seed: int
    places: Places
    key: str

    @property
    def folder(self) -> Path:
        return self.places.work / "runs" / f"{self.row.name.replace('/', '-')}-seed{self.seed}-{self.key[:16]}"


def run_of(row: Row, seed: int, places: Places) -> Run:
    """Raises NotThere: the row's raw data is not at hand."""
    digests = [data_sha256(source, places) for source in (row.data, row.test) if source is not None]
    said = json.dumps([code_sha256(), digests, row.name, row.more, row.good_only, seed])
    return Run(row, seed, places, hashlib.sha256(said.encode()).hexdigest())


def kept(run: Run) -> Record | None:
    """What this very run gave before."""
    return find(run.places.work, run.row.name, run.seed, run.key)


def measure(run: Run, tell: Tell) -> Record:
    """The run's record, made now unless it is kept; blocks for minutes.

    Raises:
        TrainingError: data or training stopped it; also where another process is at the same run.
        ModelError: the package cannot be judged with.
        OSError: the work folder takes nothing.
    """
    known = kept(run)
    if known is not None:
        return known
    with _alone(run.folder) as lock:
        data = data_set(run.row.data, run.places)
        test = None if run.row.test is None else data_set(run.row.test, run.places)
        training = _train(run, data, lock, tell)
        tell(f"{run.row.name} seed {run.seed}: judging")
        package = open_package(run.folder / _PACKAGE)
        pictures = test_pictures(data, test).pictures
        record = Record(
            row=run.row.name,
            seed=run.seed,
            key=run.key,
            date=datetime.now(UTC).strftime("%Y-%m-%d"),
            machine=machine_name(),
            cores=os.cpu_count() or 1,
            training=training,
            classes=classes_of(package.manifest, pictures),
            int8=judge(run.folder / _PACKAGE, pictures),
            fp32=judge(run.folder / _TWIN, pictures),
            ratios=tuple(Ratio(runtime=one.runtime, ratio=one.ratio) for one in costs(package, _RATIO_TURNS)),
        )
        keep(run.places.work, record)
    return record


@contextmanager
def _alone(folder: Path) -> Iterator[IO[bytes]]:
    """A lock on the run, which the training inherits: one that outlived its parent still holds it.

    Raises:
        TrainingFailed: somebody else holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TrainingFailed(f"another process works in {folder}; wait until it is done, or end it") from error
        yield lock


def _train(run: Run, data: Path, lock: IO[bytes], tell: Tell) -> Training:
    """Train, or read what an earlier go of the same run trained.

    Raises:
        TrainingFailed: no package was written.
    """
    done, started = run.folder / _DONE, run.folder / _STARTED
    try:
        return Training.model_validate_json(done.read_bytes())
    except (FileNotFoundError, ValidationError):
        interrupted = started.exists()
    started.touch()
    tell(f"{run.row.name} seed {run.seed}: {'going on' if interrupted else 'training'}, see {run.folder}/train.log")
    command, load = [*command_of(run, data), *(["--resume"] if interrupted else [])], os.getloadavg()[0]
    code, wall_s, cpu_s, said = _timed(command, run.folder, lock)
    if code != 0:
        # Killed for memory, a full disk: what was learned by then is there, and only --resume may touch it.
        if not any(checkpoint_folder(run.folder / _PACKAGE).glob("*")):
            started.unlink()
        raise TrainingFailed(said)
    figures = json.loads((run.folder / "figures.json").read_bytes())
    training = Training(
        wall_s=None if interrupted else wall_s,
        cpu_s=None if interrupted else cpu_s,
        load=load,
        good=figures["good"],
        defective=figures["defective"],
        package_bytes=(run.folder / _PACKAGE).stat().st_size,
    )
    write_atomically(done, training.model_dump_json().encode())
    shutil.rmtree(run.folder / "cache", ignore_errors=True)
    return training


def command_of(run: Run, data: Path) -> list[str]:
    """`okng train` as a user calls it; a cache of its own, so that no run is helped by another."""
    split = [] if run.row.test is not None else ["--split", "imported"]
    return [
        *(sys.executable, "-m", "appliance.cli", "train", str(data), *split),
        *("--out", str(run.folder / _PACKAGE), "--fp32", str(run.folder / _TWIN), "--seed", str(run.seed)),
        *("--runtimes", "openvino", "--cache", str(run.folder / "cache"), "--json", *run.row.more),
    ]


def _timed(command: list[str], folder: Path, lock: IO[bytes]) -> tuple[int, float, float, str]:
    """Exit code, wall and processor seconds of the command with all its children, and the last it said."""
    log = folder / "train.log"
    with (folder / "figures.json").open("wb") as out, log.open("wb") as error:
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=error, pass_fds=(lock.fileno(),))
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
    lines = log.read_text(errors="replace").strip().splitlines()
    wall_s, cpu_s = time.monotonic() - began, usage.ru_utime + usage.ru_stime
    code = process.returncode
    ended = f"it was ended by signal {-code}; see {log}" if code < 0 else f"it ended with {code}"
    return code, wall_s, cpu_s, lines[-1] if lines and code > 0 else ended
