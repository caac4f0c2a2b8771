#!/usr/bin/env python3
"""What a training finds of defects that nobody showed it: classes are kept from it, and it is asked about them.

    ./scripts/study_unseen.py DATA --split NAME --without CLASS [CLASS …] --work DIR [--seed 0]

DATA is a data set of okng with a split. Whatever bears a class of `--without` goes to the test, wherever the split has
it; all else stays where it is. `okng train` learns from the rest as it always does. Told are, by the station's own code
in INT8: AUROC of each class of the test, against its good pictures, and how many are OK, RECHECK and NG. DIR takes the
package, and a training that was killed goes on from there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from models.decision import Outcome
from models.errors import ModelError
from scripts.measured.judged import judge
from scripts.measured.records import Seen
from training.data.dataset import GOOD, DataSet, open_dataset
from training.data.subsets import SplitRow, Subset, split_text
from training.errors import BadData, TrainingError
from training.metrics.ranking import auroc
from training.resuming import checkpoint_folder
from training.splits.files import find_split, load_split
from training.splits.parted import part_dataset

_OUTCOMES = (Outcome.OK, Outcome.RECHECK, Outcome.NG)


def without(rows: Sequence[SplitRow], names: Collection[str]) -> tuple[SplitRow, ...]:
    """The split with the pictures of these names in its test, each a part of its own."""
    return tuple(replace(row, subset=Subset.TEST, group=row.image) if row.image in names else row for row in rows)


def bearing(data: DataSet, classes: Collection[str]) -> frozenset[str]:
    """Names of the pictures that bear one of the classes.

    Raises:
        BadData: none bears one of them.
    """
    known = {label for picture in data.pictures for label in picture.labels} - {GOOD}
    if strangers := sorted(set(classes) - known):
        raise BadData(f"no picture shows {strangers[0]}; there are {', '.join(sorted(known))}")
    return frozenset(picture.name for picture in data.pictures if set(picture.labels) & set(classes))


def told(seen: Sequence[Seen], classes: Collection[str]) -> Iterator[str]:
    """The table, line by line; `classes`: those that were kept from the training."""
    good = np.array([one.score for one in seen if one.label == GOOD])
    yield f"{'class':<24}{'shown':<8}{'pictures':>8}{'AUROC':>8}" + "".join(f"{name:>9}" for name in _OUTCOMES)
    for label in sorted({one.label for one in seen}, key=lambda name: (name == GOOD, name)):
        own = [one for one in seen if one.label == label]
        rank = "–" if label == GOOD else f"{100 * auroc(good, np.array([one.score for one in own])):.1f}"
        count = Counter(one.outcome for one in own)
        shown = "no" if label in classes else "yes"
        yield f"{label:<24}{shown:<8}{len(own):>8}{rank:>8}" + "".join(f"{count[name]:>9}" for name in _OUTCOMES)


def train(data: Path, table: Path, seed: int, package: Path) -> None:
    """`okng train`; blocks for many minutes.

    Raises:
        BadData: no package was written; it said why on stderr.
    """
    resumed = ["--resume"] if any(checkpoint_folder(package).glob("*")) else []
    asked = ["--split", str(table), "--seed", str(seed), "--out", str(package), "--runtimes", "openvino"]
    command = [sys.executable, "-m", "appliance.cli", "train", str(data), *asked, *resumed]
    if subprocess.run(command, check=False).returncode:
        raise BadData("no package was written; okng train said why above")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", required=True)
    parser.add_argument("--without", nargs="+", required=True, metavar="CLASS")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, required=True, help="an empty folder for package and split")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    try:
        data = open_dataset(asked.data, min_good=0, one_size=False)
        rows = without(load_split(find_split(asked.data, asked.split)).rows, bearing(data, asked.without))
        package, table = asked.work / "model.okng", asked.work / "split.csv"
        if package.exists():
            raise BadData(f"{package} is of an earlier study; name another folder with --work")
        asked.work.mkdir(parents=True, exist_ok=True)
        table.write_text(split_text(rows), encoding="utf-8")
        pictures = part_dataset(data, str(table)).test.pictures
        if all(picture.label != GOOD for picture in pictures):
            raise BadData(f"the test of {asked.split} has no good picture to tell defects from; make another split")
        train(asked.data, table, asked.seed, package)
        for line in told(judge(package, pictures), asked.without):
            sys.stdout.write(f"{line}\n")
    except (TrainingError, ModelError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
