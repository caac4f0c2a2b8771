"""From a score map to a decision: which regions look defective, where they are in the camera picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.decision import Box, Decision, DefectClass, Detection, Limits, Outcome, Scores, outcome_of
from models.geometry import Geometry
from models.scorers import Floats

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


def find_regions(score_map: Floats, limit: float) -> tuple[Region, ...]:
    """Pieces of the map at or above `limit`, highest first, at most 64; none is searched for below the maximum."""
    least = np.float32(limit)  # the map's own precision, or a cell exactly on the limit would be lost
    if cv2.minMaxLoc(score_map)[1] < least:
        return ()
    mask = (score_map >= least).astype(np.uint8)
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


def peak_region(score_map: Floats) -> Region:
    """The highest cell alone: what an NG points at when no piece of the map reaches the limit."""
    _, peak, _, (x, y) = cv2.minMaxLoc(score_map)
    cell = np.array([y * score_map.shape[1] + x], np.intp)
    return Region(Box(x, y, 1, 1), cell, score_map.ravel()[cell], float(peak))


def decide(
    scores: Scores,
    limits: Limits,
    geometry: Geometry,
    picture_size: tuple[int, int],
    name: Callable[[Region], DefectClass],
) -> Decision:
    """Judge one picture.

    Args:
        scores: calibrated scores.
        limits: the limits in force.
        geometry: cuts the region that `scores.map` covers.
        picture_size: (width, height) of the camera picture.
        name: the catalogue row of a region; cannot change the outcome.

    Returns:
        The outcome with one reason. OK has no detections, NG has at least one; boxes are in camera pixels.

    Raises:
        InferenceError: the score is not a finite number in [0, 1].
    """
    outcome = outcome_of(scores.image, limits)
    found = find_regions(scores.map, limits.ok_below) if outcome is not Outcome.OK else ()
    complete = 0 < len(found) < MAX_DETECTIONS
    regions = found or ((peak_region(scores.map),) if outcome is not Outcome.OK else ())
    map_size = (scores.map.shape[1], scores.map.shape[0])
    cell_px = geometry.pixels_per_cell(map_size, picture_size)
    detections = []
    for region in regions:
        row = name(region)
        box = geometry.box_in_picture(region.box, map_size, picture_size)
        area = round(len(region.cells) * cell_px, 1)
        detections.append(Detection(row.label, row.code, region.peak, box, area, row.severity))
    return Decision(outcome, scores.image, (REASONS[outcome],), tuple(detections), limits, complete)
