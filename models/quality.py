"""Is a picture fit to be judged? Light, contrast, focus and place, against what the good pictures showed.

- Focus is the variance of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", 2000)
  over the variance of the picture itself, so that a dimmer lamp is not taken for a blurred lens.
- Place is the normalized correlation of a 32 x 32 gray thumbnail with the mean of the good ones. It is taught only
  where every good picture is much like that mean: parts in a fixture, or turned about the picture's middle.

The margins are wide on purpose: this finds a lamp that is off, a lens or camera that was knocked, a shutter left open,
and not a part that only looks unusual; that is the model's work. A blur of 1.5 pixels of the network input leaves at
most 0.41 of the smallest focus among the good pictures of four public data sets, other good ones at least 0.86 of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.decision import Unfit
from models.errors import PackageError
from models.manifest import QualityEntry
from models.scorers import Floats, load_array

_SATURATED = 250
_LIGHT_KEPT = 0.6
_HEADROOM_USED = 0.4
_MORE_SATURATED = 0.2
_CONTRAST_KEPT = 0.4
_FOCUS_KEPT = 0.5
_THUMBNAIL = 32
_ALIKE = 0.85
_LIKENESS_MARGIN = 0.05


@dataclass(frozen=True, slots=True)
class Quality:
    """`light` and `contrast`: mean and standard deviation of the gray values, 0..255; `saturated`: share of pixels at
    the white end; `focus`: relative variance of the Laplacian, 0 for a picture without any edge; `thumbnail`:
    `(1024,)` of zero mean and unit length.
    """

    light: float
    contrast: float
    saturated: float
    focus: float
    thumbnail: Floats


def measure(tensor: NDArray[np.uint8]) -> Quality:
    """Quality of a network input `(1, H, W, 3)` uint8 BGR; a third of a millisecond at 320 px."""
    gray = cv2.cvtColor(tensor[0], cv2.COLOR_BGR2GRAY)
    mean, deviation = (float(value[0, 0]) for value in cv2.meanStdDev(gray))
    edges = float(cv2.meanStdDev(cv2.Laplacian(gray, cv2.CV_16S))[1][0, 0])
    saturated = float(np.count_nonzero(gray >= _SATURATED)) / gray.size
    small = cv2.resize(gray, (_THUMBNAIL, _THUMBNAIL), interpolation=cv2.INTER_AREA)
    focus = (edges / deviation) ** 2 if deviation > 0 else 0.0
    return Quality(mean, deviation, saturated, focus, _unit(small.astype(np.float32).reshape(-1)))


def seen_in(pictures: Sequence[Quality], reference_name: str) -> tuple[QualityEntry, Floats | None]:
    """What good pictures look like, for the package: its entry and the reference thumbnail, if there can be one.

    How like the reference a good picture is, is measured without it: each against the mean of all others.
    """
    total = np.stack([one.thumbnail for one in pictures]).sum(axis=0)
    alike = sorted(max(0.0, float(_unit(total - one.thumbnail) @ one.thumbnail)) for one in pictures)
    taught = alike[0] >= _ALIKE
    entry = QualityEntry(
        light=(min(one.light for one in pictures), max(one.light for one in pictures)),
        contrast_min=min(one.contrast for one in pictures),
        saturated_max=max(one.saturated for one in pictures),
        focus_min=min(one.focus for one in pictures),
        reference=reference_name if taught else None,
        likeness=(min(1.0, alike[0]), min(1.0, alike[len(alike) // 2])) if taught else None,
    )
    return entry, _unit(total) if taught else None


class Gate:
    """Whether network inputs are fit to be judged; one thread at a time."""

    def __init__(self, seen: QualityEntry, reference: Floats | None) -> None:
        self._seen, self._reference = seen, reference

    def __call__(self, tensor: NDArray[np.uint8]) -> Unfit | None:
        """The first thing that keeps a network input `(1, H, W, 3)` from being judged, or None."""
        return self.of(measure(tensor))

    def of(self, picture: Quality) -> Unfit | None:
        seen = self._seen
        darkest, brightest = seen.light
        if picture.light < _LIGHT_KEPT * darkest:
            return Unfit.DARK
        if picture.light > brightest + _HEADROOM_USED * (255 - brightest):
            return Unfit.BRIGHT
        if picture.saturated > seen.saturated_max + _MORE_SATURATED:
            return Unfit.BRIGHT
        if picture.contrast < _CONTRAST_KEPT * seen.contrast_min:
            return Unfit.FLAT
        if picture.focus < _FOCUS_KEPT * seen.focus_min:
            return Unfit.BLURRED
        return Unfit.MOVED if self._moved(picture) else None

    def _moved(self, picture: Quality) -> bool:
        if self._reference is None or self._seen.likeness is None:
            return False
        least, median = self._seen.likeness
        return float(self._reference @ picture.thumbnail) < least - max(_LIKENESS_MARGIN, 2 * (median - least))


def load_gate(entry: QualityEntry, files: Mapping[str, bytes]) -> Gate:
    """The gate a manifest describes.

    Raises:
        PackageError: the reference thumbnail has another type or shape.
    """
    if entry.reference is None:
        return Gate(entry, None)
    reference = load_array(files, entry.reference, np.float32, (1,)).astype(np.float32)
    if reference.shape != (_THUMBNAIL**2,):
        raise PackageError(f"{entry.reference} in the package is no thumbnail; export the package again")
    return Gate(entry, _unit(reference))


def _unit(vector: Floats) -> Floats:
    centred = vector - vector.mean(dtype=np.float64)
    length = float(np.linalg.norm(centred))
    return np.asarray(centred / length if length > 0 else centred, np.float32)
