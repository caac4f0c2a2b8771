"""Known defects → prototypes that name regions, and how often the name is right when a picture is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.decision import Scores
from models.naming import MAX_PROTOTYPES_PER_CLASS, region_vector
from models.regions import Region, find_regions, peak_region
from models.scorers import Floats, RawScores

_KNOWN_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Prototypes:
    """`vectors` `(n, d)` of unit length, `codes` `(n,)`; `right` of `asked` pictures are named right when left out."""

    vectors: Floats
    codes: NDArray[np.int64]
    min_similarity: float
    right: int
    asked: int


def defect_region(scores: Scores, ok_below: float, mask: NDArray[np.bool_] | None) -> Region:
    """The region that shows the defect: most of the mask where there is one, else the highest.

    `mask` spans what the map spans.
    """
    regions = find_regions(scores.map, ok_below, scores.scoring) or (peak_region(scores.map, scores.scoring),)
    if mask is None or not mask.any():
        return regions[0]
    height, width = scores.map.shape
    share = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA).ravel()
    return max(regions, key=lambda region: float(share[region.cells].sum()))


def vector_of(region: Region, raw: RawScores) -> Floats:
    """The region's vector, as the station computes it."""
    return region_vector(raw.residuals_of(region.cells), region.scores)


def build_prototypes(vectors: Sequence[Floats], codes: Sequence[int]) -> Prototypes | None:
    """Prototypes from one vector a defective picture; none without such pictures."""
    if not vectors:
        return None
    matrix, known = np.stack(vectors), np.array(codes, np.int64)
    similarity = matrix @ matrix.T
    np.fill_diagonal(similarity, -1.0)
    counts = {code: int((known == code).sum()) for code in set(codes)}
    asked = [index for index, code in enumerate(codes) if counts[code] > 1]
    right = sum(int(known[similarity[index].argmax()] == known[index]) for index in asked)
    own = [float(similarity[index][known == known[index]].max()) for index in asked]
    threshold = float(np.quantile(own, _KNOWN_SHARE)) - 0.05 if own else 0.5
    kept = np.concatenate([_spread_out(matrix, np.flatnonzero(known == code)) for code in sorted(counts)])
    return Prototypes(matrix[kept], known[kept], float(np.clip(threshold, 0.0, 0.95)), right, len(asked))


def _spread_out(matrix: Floats, members: NDArray[np.intp]) -> NDArray[np.intp]:
    """At most 32 of `members`, each next one the least similar to those picked."""
    if len(members) <= MAX_PROTOTYPES_PER_CLASS:
        return members
    vectors = matrix[members]
    picks = [0]
    nearest = vectors @ vectors[0]
    while len(picks) < MAX_PROTOTYPES_PER_CLASS:
        picks.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, vectors @ vectors[picks[-1]])
    return members[sorted(picks)]
