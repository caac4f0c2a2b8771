"""The table: what must be reached, what is aimed at, what was reached; for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from scripts.bench_score import verdict
from scripts.measured.figures import Figure, by_class, figure_of, unforced
from scripts.measured.records import Record
from scripts.measured.rows import Row

_LOSS_MUST, _LOSS_AIM = 0.5, 0.0
_SIZE_MUST_MB, _SIZE_AIM_MB = 6.0, 2.0


@dataclass(frozen=True, slots=True)
class Result:
    """A row with what is kept of it; `why_not`: what stopped it where nothing is."""

    row: Row
    records: tuple[Record, ...]
    why_not: str = ""

    def figures(self) -> tuple[Figure, ...]:
        if not self.records:
            return tuple(Figure(goal, why_not=self.why_not) for goal in self.row.goals)
        return tuple(figure_of(goal, self.records) for goal in self.row.goals)


def as_text(results: Sequence[Result]) -> str:
    """Two tables in Markdown, figures and costs; then classes and names, when and where."""
    head = (
        "| data, split | figure | must | aim | INT8 (lowest to highest seed) | fp32 | INT8 - fp32 (95 %) | reached |",
    )
    costs = ("| data, split | seeds | training, wall | processor | good + bad | package | judging / fp32 trunk |",)
    classes = [
        f"{one.row.name}: {', '.join(f'{label} {value:.1f}' for label, value in by_class(one.records).items())}"
        for one in results
        if one.records and by_class(one.records)
    ]
    return "\n".join(
        [
            *(*head, "|---|---|---|---|---|---|---|---|", *_flat(_figure_lines(one) for one in results), ""),
            *(*costs, "|---|---|---|---|---|---|---|", *(_cost_line(one) for one in results if one.records)),
            *(("", "AUROC of each class against all good pictures:", *classes) if classes else ()),
            *_flat(_names(one) for one in results),
            *_machines([record for one in results for record in one.records]),
        ]
    )


def missed(results: Sequence[Result]) -> tuple[str, ...]:
    """Rows that do not reach what they must, or of which nothing can be told."""
    return tuple(
        f"{one.row.name} {figure.goal.figure}: {figure.reached}"
        for one in results
        for figure in one.figures()
        if figure.reached not in ("must", "aim")
    )


def as_dict(result: Result) -> dict[str, object]:
    """One row for programs."""
    figures = [
        {
            "figure": one.goal.figure,
            "must": one.goal.must,
            "aim": one.goal.aim,
            "int8": one.int8,
            "fp32": one.fp32,
            "int8_less_fp32": one.cost,
            "interval_95": one.interval,
            "reached": one.reached,
        }
        for one in result.figures()
    ]
    kept = [one.model_dump(mode="json", exclude={"int8", "fp32"}) for one in result.records]
    classes, names = (by_class(result.records), unforced(result.records)) if result.records else ({}, None)
    told: dict[str, object] = {"row": result.row.name, "figures": figures, "auroc_by_class": classes, "runs": kept}
    return told if names is None else told | {"names_unforced": asdict(names)}


def _figure_lines(result: Result) -> list[str]:
    lines = []
    for one in result.figures():
        start = f"| {result.row.name} | {one.goal.figure} | {one.goal.must:g} | {one.goal.aim:g} |"
        if one.int8:
            lines.append(f"{start} {_spread(one.int8)} | {np.mean(one.fp32):.2f} | {_cost(one)} | {one.reached} |")
        else:
            lines.append(f"{start} - | - | - | {one.reached} |")
    return lines


def _spread(values: Sequence[float]) -> str:
    mean = f"{np.mean(values):.2f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.2f} to {max(values):.2f})"


def _cost(figure: Figure) -> str:
    if figure.cost is None:
        return "-"
    interval = "" if figure.interval is None else f" ({figure.interval[0]:+.2f} to {figure.interval[1]:+.2f})"
    word = "aim" if figure.cost >= -_LOSS_AIM else "must" if figure.cost >= -_LOSS_MUST else "MISSED"
    return f"{figure.cost:+.2f}{interval} {word}"


def _cost_line(result: Result) -> str:
    trainings = [one.training for one in result.records]
    walls = [one.wall_s for one in trainings if one.wall_s is not None]
    cpus = [one.cpu_s for one in trainings if one.cpu_s is not None]
    size_mb = max(one.package_bytes for one in trainings) / 1e6
    must, aim = result.row.minutes
    wall = f"{np.mean(walls) / 60:.1f} min {_budget(float(np.mean(walls)) / 60, must, aim)}" if walls else "interrupted"
    size = f"{size_mb:.1f} MB" + (f" {_budget(size_mb, _SIZE_MUST_MB, _SIZE_AIM_MB)}" if result.row.good_only else "")
    first = trainings[0]
    return (
        f"| {result.row.name} | {len(result.records)} | {wall} | {f'{np.mean(cpus):.0f} s' if cpus else '-'} "
        f"| {first.good} + {first.defective} | {size} | {_ratios(result.records)} |"
    )


def _ratios(records: Sequence[Record]) -> str:
    """The median of the seeds on each runtime, against what it must (0.8) and should (0.5) be at most."""
    runtimes: dict[str, list[float]] = {}
    for one in (ratio for record in records for ratio in record.ratios):
        runtimes.setdefault(one.runtime.split("-")[0], []).append(one.ratio)
    medians = {name: float(np.median(values)) for name, values in runtimes.items()}
    return ", ".join(f"{name} {value:.2f} {verdict(value)}" for name, value in medians.items())


def _budget(value: float, must: float, aim: float) -> str:
    return f"of {must:g} {'aim' if value <= aim else 'must' if value <= must else 'MISSED'}"


def _names(result: Result) -> list[str]:
    """What a classifier's names would be worth if it never asked a person: how others' figures are counted."""
    found = unforced(result.records) if result.records else None
    if found is None:
        return []
    return [
        "",
        f"{result.row.name}: {found.unsure:.2f} % are handed to a person, which counts as wrong above. By the "
        f"likeliest class of every picture: accuracy {found.accuracy:.2f}, macro F1 {found.macro_f1:.2f}",
    ]


def _machines(records: Sequence[Record]) -> list[str]:
    """When and where; times say little of a machine that had other work."""
    told = []
    for place in sorted({(one.machine, one.cores) for one in records}):
        there = [one for one in records if (one.machine, one.cores) == place]
        dates, loads = (sorted({one.date for one in there}), sorted(one.training.load for one in there))
        when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
        load = f"{loads[0]:.1f}" if loads[0] == loads[-1] else f"{loads[0]:.1f} to {loads[-1]:.1f}"
        told.append(f"{when}, {place[0]}, {place[1]} cores, load {load} before training")
    return ["", *told] if told else []


def _flat(parts: Iterable[list[str]]) -> list[str]:
    return [line for part in parts for line in part]
