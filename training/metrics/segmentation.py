"""Pixels called by their class: intersection over union from one confusion matrix over all pictures.

IoU of a class is true / (shown + called - true) pixels, and mIoU its mean (PASCAL VOC: Everingham et al., IJCV 88,
2010, section 4.2; Long et al., CVPR 2015, section 5). Summed over all pictures first, so that a picture without a class
neither helps nor hurts it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


def confusion(truth: NDArray[np.uint8], called: NDArray[np.uint8], classes: int) -> Counts:
    """Pixels of two label maps `(H, W)`, values below `classes`; `(classes, classes)`, row truth, column called."""
    pairs = truth.ravel().astype(np.intp) * classes + called.ravel()
    return np.asarray(np.bincount(pairs, minlength=classes * classes).reshape(classes, classes), np.int64)


def ious(counts: NDArray[np.float64] | Counts) -> NDArray[np.float64]:
    """`(classes,)` from a confusion matrix; NaN for a class that is neither shown nor called."""
    right = np.diag(counts).astype(np.float64)
    union = counts.sum(0) + counts.sum(1) - right
    return np.asarray(np.divide(right, union, out=np.full(len(right), np.nan), where=union > 0), np.float64)


def mean_iou(counts: NDArray[np.float64] | Counts) -> float:
    """Over the classes that are shown or called, background among them; NaN where there is none."""
    found = ious(counts)
    known = found[np.isfinite(found)]
    return float(known.mean()) if len(known) else float("nan")
