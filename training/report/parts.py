"""Pieces of the report: tables, the histogram as SVG, maps over pictures, latencies of the station's own code."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from models.decision import Limits
from models.detector import Detector, Inspection
from training.config import TIMED_PICTURES
from training.data.dataset import Picture

if TYPE_CHECKING:
    from training.run import TrainingRun

_WIDTH_PX, _HEIGHT_PX, _BINS = 800, 240, 60
_MAP_WIDTH_PX = 320


def histogram(good: NDArray[np.float64], bad: NDArray[np.float64], limits: Limits) -> str:
    """Good upwards, defective downwards, on one axis from 0 to 1 with both limits, as SVG."""
    middle = _HEIGHT_PX / 2
    parts = []
    for scores, colour, direction in ((good, "#888", -1), (bad, "#b22", 1)):
        counts, _ = np.histogram(scores, bins=_BINS, range=(0.0, 1.0))
        highest = max(int(counts.max(initial=0)), 1)
        for index, count in enumerate(counts):
            length = (middle - 20) * count / highest
            top = middle - length if direction < 0 else middle
            x = index * _WIDTH_PX / _BINS
            place = f'x="{x:.1f}" y="{top:.1f}" width="{_WIDTH_PX / _BINS - 1:.1f}" height="{length:.1f}"'
            parts.append(f'<rect {place} fill="{colour}"/>')
    for value, name in ((limits.ok_below, "OK below"), (limits.ng_from, "NG from")):
        x = value * _WIDTH_PX
        y = 12 if name.startswith("OK") else _HEIGHT_PX - 4
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{_HEIGHT_PX}" stroke="#06c"/>')
        parts.append(f'<text x="{x + 4:.1f}" y="{y}" font-size="12">{name} {value:.3f}</text>')
    label = "good pictures upwards, defective downwards, score from 0 to 1"
    return f'<svg viewBox="0 0 {_WIDTH_PX} {_HEIGHT_PX}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def latency_rows(run: TrainingRun) -> list[tuple[object, ...]]:
    """p50 and p99 of each runtime on one thread, by the station's Detector, on this machine."""
    pictures = [run.pictures.read(picture) for picture in run.data.pictures[:TIMED_PICTURES]]
    rows: list[tuple[object, ...]] = []
    for name in run.manifest.score_maps:
        detector = Detector.load(run.request.package, runtime=name, threads=1)
        found = [detector.judge_anyway(picture) for picture in pictures]
        detector.close()
        whole = [_milliseconds(one) for one in found]
        scoring = float(np.median([one.score_ns / 1e6 for one in found]))
        p50, p99 = np.quantile(whole, (0.5, 0.99))
        rows.append((detector.info.runtime, f"{p50:.1f}", f"{p99:.1f}", f"{scoring:.1f}"))
    return rows


def _milliseconds(found: Inspection) -> float:
    return (found.preprocess_ns + found.infer_ns + found.score_ns) / 1e6


def overlay(run: TrainingRun, pictures: Sequence[Picture]) -> list[NDArray[np.uint8]]:
    """Each picture's region, small, with its score map over it."""
    detector = Detector.load(run.request.package, runtime="onnxruntime", threads=1)
    try:
        return [_one_overlay(detector, run.pictures.read(picture)) for picture in pictures]
    finally:
        detector.close()


def _one_overlay(detector: Detector, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    score_map = detector.judge_anyway(image).scores.map
    region = detector.geometry.cut(image).region
    canvas = detector.geometry.layout((image.shape[1], image.shape[0])).canvas
    height = max(1, round(_MAP_WIDTH_PX * region.shape[0] / region.shape[1]))
    small = cv2.resize(region, (_MAP_WIDTH_PX, height), interpolation=cv2.INTER_AREA)
    if small.ndim == 2:
        small = cv2.cvtColor(small, cv2.COLOR_GRAY2BGR)
    spans = (math.ceil(_MAP_WIDTH_PX * canvas[0] / region.shape[1]), math.ceil(height * canvas[1] / region.shape[0]))
    heat = cv2.resize(score_map, spans, interpolation=cv2.INTER_LINEAR)[:height, :_MAP_WIDTH_PX]
    coloured = cv2.applyColorMap(np.asarray(heat * 255, np.uint8), cv2.COLORMAP_JET)
    share = np.clip((heat - 0.4) / 0.4, 0.0, 0.6)[..., None]
    return np.asarray(small * (1 - share) + coloured * share, np.uint8)
