"""How well a map of scores finds defective pixels, whatever the limits, from counts that do not grow with the pictures.

Pixel AUROC takes all pixels alike. AUPRO (Bergmann et al., "The MVTec Anomaly Detection Dataset", IJCV 129, 2021) takes
all defective regions alike, however small: the mean share of a region that is found, over the share of good pixels that
are called defective by mistake, up to 30 %.

Scores in [0, 1] are counted in 16,384 steps; what falls into the same step counts as equal.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_STEPS = 1 << 14
_MOST_FALSE = 0.3


class PixelTally:
    """Takes one picture after the other."""

    def __init__(self) -> None:
        self.regions = 0
        self._good, self._bad = np.zeros(_STEPS, np.int64), np.zeros(_STEPS, np.int64)
        self._found = np.zeros(_STEPS)

    def add(self, scores: NDArray[np.float32], mask: NDArray[np.bool_]) -> None:
        """`scores` `(H, W)` in [0, 1], `mask` `(H, W)` true on defects."""
        steps = np.minimum((scores * np.float32(_STEPS)).astype(np.intp), _STEPS - 1)
        self._good += np.bincount(steps[~mask], minlength=_STEPS)
        if not mask.any():
            return
        count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
        inside, of = steps[mask], labels[mask]
        for region in range(1, count):
            own = np.bincount(inside[of == region], minlength=_STEPS)
            self._bad += own
            self._found += own / own.sum()
        self.regions += count - 1

    def auroc(self) -> float:
        """0 to 1; NaN without both good and defective pixels."""
        good, bad = int(self._good.sum()), int(self._bad.sum())
        if not (good and bad):
            return float("nan")
        below = np.cumsum(self._good) - self._good / 2
        return float((self._bad / bad) @ (below / good))

    def aupro(self) -> float:
        """0 to 1; NaN without both good and defective pixels."""
        good = int(self._good.sum())
        if not (good and self.regions):
            return float("nan")
        false = np.append(0.0, np.cumsum(self._good[::-1]) / good)
        share = np.append(0.0, np.cumsum(self._found[::-1]) / self.regions)
        # The point where the curve is cut off lies between two steps.
        end = int(np.searchsorted(false, _MOST_FALSE))
        slope = (share[end] - share[end - 1]) / (false[end] - false[end - 1])
        x = np.append(false[:end], _MOST_FALSE)
        y = np.append(share[:end], share[end - 1] + slope * (_MOST_FALSE - false[end - 1]))
        return float((np.diff(x) * (y[1:] + y[:-1]) / 2).sum() / _MOST_FALSE)
