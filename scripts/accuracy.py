"""How well okng's packages judge public data, in INT8 and by the station's own code: the table of docs/accuracy.md.

    ./scripts/accuracy [--only NAME …] [--seeds 0,1,2] [--data DIR] [--work DIR] [--json] [--list]
    ./scripts/accuracy --quick

Each row is imported, trained with each seed as `okng train` trains by itself, and its test pictures, which served for
nothing else, are judged on ONNX Runtime with one thread. Results are kept under a hash of code, data and settings: what
was done is not done again, and a run that was killed goes on. `--quick`: drawn parts, one seed.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from models.errors import ModelError
from scripts.measured.records import Record
from scripts.measured.rows import QUICK, ROWS, Row
from scripts.measured.runs import kept, measure, run_of
from scripts.measured.sources import ROOT, Places
from scripts.measured.table import Result, as_dict, as_text, missed
from training.data.cache_place import usual_place
from training.errors import TrainingError


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    places = Places(options.data, options.work or usual_place().with_name("okng-accuracy"))
    rows = (QUICK,) if options.quick else tuple(row for row in ROWS if _asked(row, options.only))
    seeds = (options.seeds[0],) if options.quick else options.seeds
    if options.list:
        sys.stdout.write("\n".join(_listed(row, seeds, places) for row in rows) + "\n")
        return 0
    cv2.setNumThreads(1)
    signal.signal(signal.SIGTERM, _end)  # a training must not outlive whoever asked for it
    results = []
    for row in rows:
        results.append(_result(row, seeds, places))
        _tell(as_text(results[-1:]))
    if options.json:
        sys.stdout.write(json.dumps([as_dict(one) for one in results], ensure_ascii=False, indent=1) + "\n")
    else:
        sys.stdout.write(as_text(results) + "\n")
    short = missed(results)
    for line in short:
        _tell(line)
    return 1 if short else 0


def _result(row: Row, seeds: Sequence[int], places: Places) -> Result:
    """A row that is stopped by its data or its training says so; a table without it would look like a whole one."""
    records: list[Record] = []
    try:
        for seed in seeds:
            records.append(measure(run_of(row, seed, places), _tell))
    except (TrainingError, ModelError, OSError) as error:
        sentence = " ".join(str(error).split())
        _tell(f"{row.name}: {sentence}")
        return Result(row, (), f"stopped: {sentence[:200]}")
    return Result(row, tuple(records))


def _end(_signal: int, _frame: object) -> None:
    raise SystemExit(143)


def _listed(row: Row, seeds: Sequence[int], places: Places) -> str:
    try:
        done = [seed for seed in seeds if kept(run_of(row, seed, places)) is not None]
    except TrainingError as error:
        return f"{row.name:34} {error}"
    return f"{row.name:34} {', '.join(row.figures):18} {row.told:52} {len(done)} of {len(seeds)} seeds done"


def _asked(row: Row, only: Sequence[str] | None) -> bool:
    return not only or any(row.name == name or row.name.startswith(f"{name}/") for name in only)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _seeds(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="accuracy", description="How well packages judge public data.")
    parser.add_argument("--quick", action="store_true", help="drawn parts, one seed")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these rows, or all of a data set")
    parser.add_argument("--seeds", type=_seeds, default=(0, 1, 2), help="such as 0,1,2")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="the raw data sets")
    parser.add_argument("--work", type=Path, help="data sets, packages, results  [default: okng-accuracy in the cache]")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--list", action="store_true", help="print the rows and what is kept of them; measure nothing")
    options = parser.parse_args(arguments)
    names = {row.name for row in ROWS} | {row.name.split("/")[0] for row in ROWS}
    strangers = sorted(set(options.only or ()) - names)
    if strangers:
        parser.error(f"there is no row {strangers[0]}; there are {', '.join(row.name for row in ROWS)}")
    return options


if __name__ == "__main__":
    raise SystemExit(main())
