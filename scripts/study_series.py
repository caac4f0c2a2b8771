#!/usr/bin/env python3
"""What the search for series finds and what it wrongly ties together: the table of docs/check-data.md.

    ./scripts/study_series.py ../shared/data [--set magnetic_tile …] [--halves] [--rendered 120]

Every set is grouped by its pictures alone; names, classes and splits are read afterwards, to judge. A pair is two
pictures of one group. Where a set tells which pictures show one part, precision, recall and the adjusted Rand index
are of all its pictures; where every picture shows another part, every pair found is a false one. `--halves` groups the
even and the odd parts each alone, so that what was chosen on one half is seen on the other. Nothing is written.
"""

from __future__ import annotations

import argparse
import csv
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.cameras.flange import draw
from appliance.cameras.flange_defects import KINDS
from models.picture_file import SUFFIXES, read_picture
from training.check.look import Look, look_at
from training.check.series import Series, find_series
from training.formats.item import Item, Source
from training.progress import Progress

Labels = NDArray[np.intp]

_FAR = 400
_NUMBER = re.compile(r"exp(\d)_num_(\d+)")


@dataclass(frozen=True, slots=True)
class Truth:
    """Which pictures show one part: `parts` `(N,)`, equal numbers for one part."""

    name: str
    parts: Labels


@dataclass(frozen=True, slots=True)
class Judged:
    """Of pairs: `precision` and `recall` are NaN where there is none to count."""

    rand: float
    precision: float
    recall: float
    wrong: int
    apart: int


def judged(found: Labels, truth: Labels) -> Judged:
    """Groups against the truth, over all pictures; adjusted Rand index as Hubert and Arabie (1985) define it."""
    _, one = np.unique(found, return_inverse=True)
    _, other = np.unique(truth, return_inverse=True)
    table = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(table, (one, other), 1)
    both, ours, theirs = (_pairs(counts) for counts in (table, table.sum(axis=1), table.sum(axis=0)))
    total = len(found) * (len(found) - 1) / 2
    chance, most = ours * theirs / total, (ours + theirs) / 2
    return Judged(
        (both - chance) / (most - chance) if most > chance else 1.0,
        both / ours if ours else float("nan"),
        both / theirs if theirs else float("nan"),
        round(ours - both),
        round(total - theirs),
    )


def groups_of(series: Sequence[Series], count: int) -> Labels:
    """`(N,)`: one number a group; a picture in no series is a group of its own."""
    groups = np.arange(count)
    for one in series:
        groups[list(one.members)] = one.members[0]
    return groups


def leaking(groups: Labels, subsets: Sequence[str]) -> float:
    """The share of test pictures of which the group stands in train too."""
    trained = {group for group, subset in zip(groups.tolist(), subsets, strict=True) if subset == "train"}
    tested = [group for group, subset in zip(groups.tolist(), subsets, strict=True) if subset == "test"]
    return sum(group in trained for group in tested) / len(tested) if tested else float("nan")


def runs(names: Sequence[str]) -> Labels:
    """Magnetic tiles: the parts as the picture numbers tell them, which rise with time and with the exposure 1 to 6.

    A picture goes on with the run of its folder that was numbered last, not long before and with less exposure.
    """
    keys = [
        (*map(int, reversed(found.groups())), index)
        for index, name in enumerate(names)
        if (found := _NUMBER.search(name))
    ]
    parts, open_runs, count = np.full(len(names), -1), list[tuple[int, int, str, int]](), 0
    for number, light, index in sorted(keys):
        folder = names[index].split("/")[0]
        open_runs = [run for run in open_runs if number - run[0] <= _FAR]
        fitting = [run for run in open_runs if run[2] == folder and run[1] < light]
        best = min(fitting, key=lambda run: (run[1] != light - 1, number - run[0]), default=None)
        if best is None:
            part, count = count, count + 1
        else:
            part = best[3]
            open_runs.remove(best)
        open_runs.append((number, light, folder, part))
        parts[index] = part
    return parts


def _pairs(counts: NDArray[np.float64]) -> float:
    return float((counts * (counts - 1) / 2).sum())


def _numbered(values: Sequence[str]) -> Labels:
    return np.asarray(np.unique(np.array(values), return_inverse=True)[1], np.intp)


@dataclass(frozen=True, slots=True)
class Study:
    """One set: `names` below `root`; without truths every picture shows another part."""

    name: str
    root: Path
    names: tuple[str, ...]
    truths: tuple[Truth, ...] = ()
    splits: tuple[tuple[str, tuple[str, ...]], ...] = ()


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _magnetic_tile(root: Path) -> Study:
    tables = {name: _rows(root / "splits" / f"{name}.csv") for name in ("one_class", "supervised")}
    names = tuple(row["image"] for row in tables["one_class"])
    tile = Truth("column tile", _numbered([row["tile"] for row in tables["one_class"]]))
    split = {name: {row["image"]: row["split"] for row in rows} for name, rows in tables.items()}
    splits = tuple((name, tuple(known[image] for image in names)) for name, known in split.items())
    return Study("magnetic_tile", root, names, (Truth("picture numbers", runs(names)), tile), splits)


def _bsdata(root: Path) -> Study:
    rows = _rows(root / "splits" / "by_position.csv")
    position = Truth("column position", _numbered([row["position"] for row in rows]))
    return Study("bsdata", root, tuple(row["image"] for row in rows), (position,))


def _folder(root: Path) -> Study:
    files = sorted(path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES and "mask" not in str(path))
    return Study(root.name, root, tuple(path.relative_to(root).as_posix() for path in files))


_STUDIES: dict[str, Callable[[Path], Study]] = {
    "magnetic_tile": _magnetic_tile,
    "bsdata": _bsdata,
    "x_sdd": _folder,
    "aws_cookies": _folder,
    "screws": _folder,
}


def study(one: Study) -> Iterator[str]:
    """Lines: what was found, what it took, and how it compares."""
    looks = look_at(Source(one.root, "folders", tuple(Item(one.root / name, name) for name in one.names), ()), _quiet())
    yield from _grouped(one, looks, lambda index: read_picture(looks[index].path))


def rendered(count: int) -> Iterator[str]:
    """Parts of the simulated line: each another one, all alike."""
    images = [draw(1, number, kind=(None, *KINDS)[number % 5]).image for number in range(count)]
    names = tuple(f"{number:05}" for number in range(count))
    looks = [
        Look(
            Path(name),
            name,
            pixels=name,
            size=(image.shape[1], image.shape[0]),
            thumbnail=np.asarray(cv2.resize(image[:, :, 0], (96, 96)), np.uint8),
        )
        for name, image in zip(names, images, strict=True)
    ]
    yield from _grouped(Study("rendered flanges", Path(), names), looks, images.__getitem__)


def halves(one: Study) -> tuple[Study, Study]:
    """The parts with even and those with odd numbers; the first truth tells the parts."""

    def half(rest: int) -> Study:
        kept = np.flatnonzero(one.truths[0].parts % 2 == rest).tolist()
        truths = tuple(replace(truth, parts=truth.parts[kept]) for truth in one.truths)
        splits = tuple((name, tuple(subsets[index] for index in kept)) for name, subsets in one.splits)
        return Study(
            f"{one.name}, half {rest + 1}", one.root, tuple(one.names[index] for index in kept), truths, splits
        )

    return half(0), half(1)


def _grouped(one: Study, looks: Sequence[Look], read: Callable[[int], NDArray[np.uint8]]) -> Iterator[str]:
    started, worked = time.monotonic(), time.process_time()
    series = find_series(looks, read, _quiet())
    took, cpu = time.monotonic() - started, time.process_time() - worked
    groups = groups_of(series, len(looks))
    kinds = ", ".join(
        f"{sum(found.kind == kind for found in series)} {kind}" for kind in dict.fromkeys(s.kind for s in series)
    )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    yield (
        f"{one.name}: {len(looks)} pictures, {len(series)} series ({kinds or 'none'}) of "
        f"{sum(len(found.members) for found in series)} pictures; {took:.0f} s, {cpu:.0f} s of CPU, at most {memory} MB"
    )
    for truth in one.truths or (Truth("every picture another part", np.arange(len(looks))),):
        said = judged(groups, truth.parts)
        yield (
            f"  against {truth.name}: adjusted Rand index {said.rand:.3f}, precision {said.precision:.3f}, "
            f"recall {said.recall:.3f}, {said.wrong} of {said.apart} pairs false"
        )
    for first, second in pairwise(one.truths):
        yield f"  {first.name} against {second.name}: adjusted Rand index {judged(first.parts, second.parts).rand:.3f}"
    for name, subsets in one.splits:
        for truth in (Truth("series found", groups), *one.truths):
            share = leaking(truth.parts, subsets)
            yield f"  {name}.csv: the parts of {share:.1%} of its test pictures stand in train, by {truth.name}"


def _quiet() -> Progress:
    return Progress(sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the study; 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--set", nargs="*", choices=list(_STUDIES), default=list(_STUDIES), dest="sets")
    parser.add_argument("--halves", action="store_true")
    parser.add_argument("--rendered", type=int, default=120)
    chosen = parser.parse_args(arguments)
    for name in chosen.sets:
        whole = _STUDIES[name](chosen.data / name)
        for one in halves(whole) if chosen.halves and whole.truths else (whole,):
            for line in study(one):
                click.echo(line)
    for line in rendered(chosen.rendered) if chosen.rendered else ():
        click.echo(line)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
