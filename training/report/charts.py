"""Charts as SVG inside the page: no library, no script, both languages, shapes beside colours.

All have one size, so that they stay readable on a narrow screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from models.decision import Limits
from training.metrics.rate import Rate
from training.page import shown
from training.report.ranks import RECALLS, Curve
from training.report.scored import Scored
from training.text import Said, Text

_WIDTH_PX, _HEIGHT_PX, _BINS = 440, 280, 48
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 24, 40
_GRAY, _RED, _BLUE = "#777", "#b22", "#05a"


def histogram(scored: Scored, limits: Limits, title: Text) -> str:
    """Good upwards, defective downwards, on one axis from 0 to 1 with both limits."""
    middle = (_TOP + _HEIGHT_PX - _BOTTOM) / 2
    parts = [_line(_x(0), middle, _x(1), middle, _GRAY)]
    for kind, colour, direction in ((False, _GRAY, -1), (True, _RED, 1)):
        counts, _ = np.histogram(scored.scores[scored.bad == kind], bins=_BINS, range=(0.0, 1.0))
        highest = max(int(counts.max(initial=0)), 1)
        for index, count in enumerate(counts):
            length = (middle - _TOP) * count / highest
            parts.append(_bar(_x(index / _BINS), middle - length if direction < 0 else middle, length, colour))
        where = _TOP + 12 if direction < 0 else _HEIGHT_PX - _BOTTOM - 4
        said = Text("defective", "缺陷") if kind else Text("good", "合格")
        most = Text(f"{said.en}, highest bar {counts.max(initial=0)}", f"{said.zh}，最高 {counts.max(initial=0)}")
        parts.append(_text(_x(1), where, most, "end", colour))
    for at, (value, name) in enumerate(
        ((limits.ok_below, Text("OK below", "OK 低于")), (limits.ng_from, Text("NG from", "NG 起于")))
    ):
        parts.append(
            _line(_x(value), _TOP - 10 * (1 - at), _x(value), _HEIGHT_PX - _BOTTOM, _BLUE, "5 3" if at else "")
        )
        # Both labels on the same side of their lines, or one stands where the other's line is.
        end = "end" if value > 0.75 else "start"
        label = Text(f"{name.en} {value:.3f}", f"{name.zh} {value:.3f}")
        parts.append(_text(_x(value) + (-4 if end == "end" else 4), 12 + 12 * at, label, end, _BLUE))
    parts += _ticks_x(Text("score", "分数"))
    return _chart(title, parts)


def precision_recall(curve: Curve, points: Sequence[tuple[Text, Rate, Rate]], title: Text) -> str:
    """The curve with its band, and operating points `(name, recall, precision)` with exact intervals as crosses."""
    top = [(_x(recall), _y(high)) for recall, high in zip(RECALLS, curve.high, strict=True)]
    low = [(_x(recall), _y(value)) for recall, value in zip(RECALLS, curve.low, strict=True)]
    band = " ".join(f"{x:.1f},{y:.1f}" for x, y in (*top, *reversed(low)))
    line = " ".join(f"{_x(recall):.1f},{_y(value):.1f}" for recall, value in zip(RECALLS, curve.precision, strict=True))
    parts = [
        f'<polygon points="{band}" fill="{_GRAY}" fill-opacity="0.25"/>',
        f'<polyline points="{line}" fill="none" stroke="{_RED}" stroke-width="2"/>',
    ]
    for at, (name, recall, precision) in enumerate(points):
        parts += _cross(name, recall, precision, _HEIGHT_PX - _BOTTOM - 8 - 14 * (len(points) - 1 - at))
    parts += [*_ticks_x(Text("recall: share of defects found", "召回率：检出缺陷的比例")), *_ticks_y()]
    parts.append(_text(_LEFT, 12, Text("precision: share of alarms that are right", "精确率：报警正确的比例")))
    return _chart(title, parts)


def _cross(name: Text, recall: Rate, precision: Rate, label_y: float) -> list[str]:
    if not recall.total or not precision.total:
        return []
    x, y = _x(recall.count / recall.total), _y(precision.count / precision.total)
    (left, right), (bottom, top) = recall.interval(), precision.interval()
    dashes = "4 3" if name.en.startswith("NG") else ""
    return [
        _line(_x(left), y, _x(right), y, _BLUE, dashes),
        _line(x, _y(bottom), x, _y(top), _BLUE, dashes),
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{"#fff" if dashes else _BLUE}" stroke="{_BLUE}"/>',
        f'<circle cx="{_LEFT + 10}" cy="{label_y - 4:.1f}" r="4" fill="{"#fff" if dashes else _BLUE}" '
        f'stroke="{_BLUE}"/>',
        _text(_LEFT + 20, label_y, name, colour=_BLUE),
    ]


def steps(
    names: Sequence[Said], series: Sequence[tuple[float, float, float]], title: Text, axis: Text, lowest: float
) -> str:
    """Figures `(value, low, high)` of equally spaced steps, as points with bars; the axis begins at `lowest`."""

    def y(value: float) -> float:
        return _y((max(value, lowest) - lowest) / (1.0 - lowest))

    places = [_x((at + 0.5) / len(names)) for at in range(len(names))]
    parts = [*_ticks_y(lowest), _text(_LEFT, 12, axis)]
    line = " ".join(f"{x:.1f},{y(value):.1f}" for x, (value, _, _) in zip(places, series, strict=True))
    parts.append(f'<polyline points="{line}" fill="none" stroke="{_GRAY}"/>')
    for x, name, (value, low, high) in zip(places, names, series, strict=True):
        parts.append(_line(x, y(low), x, y(high), _RED))
        parts += [_line(x - 5, y(end), x + 5, y(end), _RED) for end in (low, high)]
        parts.append(f'<circle cx="{x:.1f}" cy="{y(value):.1f}" r="4" fill="{_RED}"/>')
        parts.append(_text(x, _HEIGHT_PX - _BOTTOM + 16, name, "middle"))
    return _chart(title, parts)


def _chart(title: Text, parts: Iterable[str]) -> str:
    size = f'width="{_WIDTH_PX}" height="{_HEIGHT_PX}" viewBox="0 0 {_WIDTH_PX} {_HEIGHT_PX}"'
    label = escape(f"{title.en} / {title.zh}", quote=True)
    drawn = f'<svg {size} font-size="12" role="img" aria-label="{label}">{"".join(parts)}</svg>'
    return f"<figure>{drawn}<figcaption>{shown(title)}</figcaption></figure>"


def _x(share: float) -> float:
    return float(_LEFT + share * (_WIDTH_PX - _LEFT - _RIGHT))


def _y(share: float) -> float:
    return float(_HEIGHT_PX - _BOTTOM - share * (_HEIGHT_PX - _TOP - _BOTTOM))


def _ticks_x(axis: Text) -> list[str]:
    base = _HEIGHT_PX - _BOTTOM
    ticks = [_line(_x(0), base, _x(1), base, _GRAY)]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        ticks.append(_line(_x(tick), base, _x(tick), base + 4, _GRAY))
        ticks.append(_text(_x(tick), base + 16, f"{tick:g}", "middle"))
    return [*ticks, _text(_x(0.5), base + 32, axis, "middle")]


def _ticks_y(lowest: float = 0.0) -> list[str]:
    ticks = [_line(_x(0), _y(0), _x(0), _y(1), _GRAY)]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        ticks.append(_line(_x(0) - 4, _y(tick), _x(0), _y(tick), _GRAY))
        ticks.append(_text(_x(0) - 6, _y(tick) + 4, f"{lowest + tick * (1.0 - lowest):.3g}", "end"))
    return ticks


def _bar(x: float, top: float, length: float, colour: str) -> str:
    width = (_WIDTH_PX - _LEFT - _RIGHT) / _BINS - 1
    return f'<rect x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{length:.1f}" fill="{colour}"/>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, dashes: str = "") -> str:
    style = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{style}/>'


def _text(x: float, y: float, said: Said, anchor: str = "start", colour: str = "#222") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"'
    if isinstance(said, Text):
        return (
            f'<text class="said" lang="en" {place}>{escape(said.en)}</text>'
            f'<text class="said" lang="zh-Hans" {place}>{escape(said.zh)}</text>'
        )
    return f"<text {place}>{escape(str(said))}</text>"
