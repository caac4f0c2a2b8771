#!/usr/bin/env python3
"""What the drift charts cost and find, by simulation: the tables of docs/golden.md. Takes about three minutes.

    ./scripts/simulate_drift.py [--seed 1] [--lines 400] [--parts 20000]

A line is a station that watches all five characteristics, each an autoregressive series of order 1 with mean 0 and
spread 1 (lag-1 correlation as said; "skewed": a log-normal of the same correlation in ranks). A baseline of n pictures
is drawn anew for every line, as a package's would be. A false alarm is any signal of any chart; its rate is the share
of lines with one, per part. The delay is of one characteristic that shifts after 500 quiet parts.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import click
import numpy as np
from numpy.typing import NDArray

from appliance.domain.drift import Baseline, Charts, Trait

_SKEW = 0.5
_QUIET = 500
_NEVER = 5_000

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """How parts follow one another. `correlation`: lag-1; `count`: good pictures behind the baseline."""

    correlation: float
    skewed: bool
    count: int


class _Series:
    """Many series side by side, `(n,)` a part."""

    def __init__(self, line: Line, n: int, rng: np.random.Generator) -> None:
        self._line, self._rng = line, rng
        self._normal = rng.standard_normal(n)

    def next(self) -> Floats:
        phi = self._line.correlation
        fresh = self._rng.standard_normal(self._normal.size)
        self._normal = phi * self._normal + np.sqrt(1 - phi**2) * fresh
        return _shaped(self._normal, skewed=self._line.skewed)


def false_alarms(line: Line, lines: int, parts: int, seed: int) -> int:
    """How many of so many lines raise an alarm within so many parts although nothing drifts."""
    rng = np.random.default_rng(seed)
    n = lines * len(Trait)
    mean, spread, slack = _baselines(line, n, rng)
    series, charts = _Series(line, n, rng), Charts.begin(n)
    alarmed = np.zeros(n, bool)
    for _ in range(parts):
        charts = charts.after((series.next() - mean) / spread, slack)
        alarmed |= (charts.by_average(slack) != 0) | (charts.by_sum() != 0)
    return int(alarmed.reshape(lines, -1).any(axis=1).sum())


def delays(line: Line, shift: float, lines: int, seed: int) -> Floats:
    """Parts until a shift by so many spreads is found, one a line; infinite where 5,000 parts were not enough."""
    rng = np.random.default_rng(seed)
    mean, spread, slack = _baselines(line, lines, rng)
    series, charts = _Series(line, lines, rng), Charts.begin(lines)
    found = np.full(lines, np.inf)
    for part in range(_QUIET + _NEVER):
        drift = shift if part >= _QUIET else 0.0
        charts = charts.after((series.next() + drift - mean) / spread, slack)
        signals = (charts.by_average(slack) != 0) | (charts.by_sum() != 0)
        found = np.where(signals & np.isinf(found), part + 1 - _QUIET, found)
    return found


def _baselines(line: Line, n: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Mean, spread and slack as estimated from `count` good pictures, one a series."""
    pictures = _shaped(rng.standard_normal((n, line.count)), skewed=line.skewed)
    known = [Baseline(float(row.mean()), float(row.std(ddof=1)), line.count) for row in pictures]
    means, spreads = np.array([one.mean for one in known]), np.array([one.bounded_spread for one in known])
    return means, spreads, np.array([one.mean_error for one in known])


def _shaped(normal: Floats, *, skewed: bool) -> Floats:
    """Mean 0 and spread 1; skewed as scores of good parts are, with a long tail upwards."""
    if not skewed:
        return normal
    mean, variance = np.exp(_SKEW**2 / 2), (np.exp(_SKEW**2) - 1) * np.exp(_SKEW**2)
    return np.asarray((np.exp(_SKEW * normal) - mean) / np.sqrt(variance), np.float64)


def _print(lines: int, parts: int, seed: int, cases: Sequence[Line]) -> None:
    click.echo(f"{lines} lines of {parts} parts, five characteristics each; seed {seed}")
    click.echo("pictures  correlation  shape    false alarms per 100,000  delay p50/p95 at 0.5 sd    1 sd       2 sd")
    for case in cases:
        alarms = false_alarms(case, lines, parts, seed)
        shown = []
        for shift in (0.5, 1.0, 2.0):
            p50, p95 = np.quantile(delays(case, shift, lines, seed), (0.5, 0.95), method="lower")
            shown.append(f"{p50:>6.0f}/{p95:<6.0f}")
        shape = "skewed" if case.skewed else "normal"
        rate = 100_000 * alarms / (lines * parts)
        click.echo(f"{case.count:>8}  {case.correlation:>11}  {shape:<7}  {rate:>24.2f}  {'  '.join(shown)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", type=int, default=400)
    parser.add_argument("--parts", type=int, default=20_000)
    asked = parser.parse_args()
    cases = [
        Line(correlation, skewed, count)
        for count in (20, 100, 1000)
        for correlation, skewed in ((0.0, False), (0.5, False), (0.5, True), (0.8, False))
    ]
    _print(asked.lines, asked.parts, asked.seed, cases)


if __name__ == "__main__":
    main()
