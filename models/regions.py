"""From a score map to a decision: which regions look defective, where they are in the camera picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.decision import Box, Decision, DefectClass, Detection, Limits, Outcome, Scores, outcome_of
from models.scorers import Floats
from models.way_back import WayBack

MAX_DETECTIONS = 64
REASONS = {
    Outcome.OK: "score_below_limit",
    Outcome.RECHECK: "score_between_limits",
    Outcome.NG: "score_above_limit",
}


@dataclass(frozen=True, slots=True)
class Region:
    """A connected piece of a score map: flat cell indices, their scores, and the highest of them."""

    box: Box
    cells: NDArray[np.intp]
    scores: Floats
    peak: float


def find_regions(
    score_map: Floats,
    limit: float,
    scoring: NDArray[np.bool_] | None = None,
    marked: NDArray[np.bool_] | None = None,
) -> tuple[Region, ...]:
    """Pieces of the map at or above `limit`, highest first, at most 64; none is searched for below the maximum.

    `scoring`: the places that may be part of one; None is all of them. `marked`: places that count whatever they score.
    """
    least = np.float32(limit)  # the map's own precision, or a cell exactly on the limit would be lost
    if marked is None and cv2.minMaxLoc(score_map)[1] < least:
        return ()
    found = score_map >= least if marked is None else (score_map >= least) | marked
    mask = (found if scoring is None else found & scoring).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    flat_labels, flat_scores = labels.ravel(), score_map.ravel()
    regions = []
    for index in range(1, count):
        left, top, width, height = (int(value) for value in stats[index, :4])
        cells = np.flatnonzero(flat_labels == index)
        scores = flat_scores[cells]
        regions.append(Region(Box(left, top, width, height), cells, scores, float(scores.max())))
    regions.sort(key=lambda region: (-region.peak, region.box.y, region.box.x))
    return tuple(regions[:MAX_DETECTIONS])


def peak_region(score_map: Floats, scoring: NDArray[np.bool_] | None = None) -> Region:
    """The highest cell alone: what an NG points at when no piece of the map reaches the limit."""
    mask = None if scoring is None else scoring.astype(np.uint8)
    _, peak, _, (x, y) = cv2.minMaxLoc(score_map, mask)
    cell = np.array([y * score_map.shape[1] + x], np.intp)
    return Region(Box(x, y, 1, 1), cell, score_map.ravel()[cell], float(peak))


def decide(
    scores: Scores,
    limits: Limits,
    way_back: Callable[[tuple[int, int]], WayBack],
    name: Callable[[Region], DefectClass],
    mask_from: float | None = None,
) -> Decision:
    """Judge one picture.

    Args:
        scores: calibrated scores.
        limits: the limits in force.
        way_back: from a map of (width, height) to the camera picture.
        name: the catalogue row of a region; cannot change the outcome.
        mask_from: the anomaly logit of a head from which a place is part of a region; the outcome is the score's alone.

    Returns:
        The outcome with one reason. OK has no detections, NG has at least one; boxes are in camera pixels.

    Raises:
        InferenceError: the score is not a finite number in [0, 1].
    """
    outcome = outcome_of(scores.image, limits)
    marked = None
    if mask_from is not None and scores.classes is not None:
        # A logit of the whole image has no place, so that what it finds may show on the map below the limit only.
        marked = np.asarray(scores.classes[0] >= np.float32(mask_from))
    found = find_regions(scores.map, limits.ok_below, scores.scoring, marked) if outcome is not Outcome.OK else ()
    complete = 0 < len(found) < MAX_DETECTIONS
    regions = found or ((peak_region(scores.map, scores.scoring),) if outcome is not Outcome.OK else ())
    back = way_back((scores.map.shape[1], scores.map.shape[0]))
    detections = tuple(_detection(region, name(region), back) for region in regions)
    return Decision(outcome, scores.image, (REASONS[outcome],), detections, limits, complete)


def _detection(region: Region, row: DefectClass, back: WayBack) -> Detection:
    return Detection(
        label=row.label,
        code=row.code,
        score=region.peak,
        box=back.box(region.box),
        mask_area_px=round(back.area_px(len(region.cells)), 1),
        severity=row.severity,
        length_mm=back.length_mm(region.cells),
        area_mm2=back.area_mm2(len(region.cells)),
    )
