"""Where a package looks: its score map as colour over the picture."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector import Detector

WIDTH_PX = 320


def heat_over(detector: Detector, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The region of a picture, small, `(h, w, 3)` BGR, with its score map over it where that is high."""
    score_map = detector.judge_anyway(image).scores.map
    region = detector.geometry.cut(image).region
    canvas = detector.geometry.layout((image.shape[1], image.shape[0])).canvas
    height = max(1, round(WIDTH_PX * region.shape[0] / region.shape[1]))
    small = cv2.resize(region, (WIDTH_PX, height), interpolation=cv2.INTER_AREA)
    if small.ndim == 2:
        small = cv2.cvtColor(small, cv2.COLOR_GRAY2BGR)
    spans = (math.ceil(WIDTH_PX * canvas[0] / region.shape[1]), math.ceil(height * canvas[1] / region.shape[0]))
    heat = cv2.resize(score_map, spans, interpolation=cv2.INTER_LINEAR)[:height, :WIDTH_PX]
    coloured = cv2.applyColorMap(np.asarray(heat * 255, np.uint8), cv2.COLORMAP_JET)
    share = np.clip((heat - 0.4) / 0.4, 0.0, 0.6)[..., None]
    return np.asarray(small * (1 - share) + coloured * share, np.uint8)
