"""Place vectors out of feature maps: of good pictures, and where a defect is."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from models.masking import places_left
from models.scorers import Floats, Scorer, embed
from training.features import Seen
from training.fitting.candidates import Candidate
from training.fitting.sample import Mask, select

_POOL_VECTORS = 20_000
_UNMASKED_SHARE = 0.03


def good_places(candidate: Candidate, good: Sequence[Seen], rng: np.random.Generator) -> Floats:
    """Place vectors of good pictures, equally many from each; of places that score alone."""
    share = max(1, -(-_POOL_VECTORS // len(good)))
    parts = []
    for seen in good:
        chosen = select(seen, candidate.shape.strides)
        embedded = (embed(view, candidate.shape) for view in chosen.views)
        vectors = np.concatenate(
            [scoring(one, grid, painted) for (one, grid), painted in zip(embedded, chosen.painted, strict=True)]
        )
        parts.append(vectors[rng.choice(len(vectors), min(share, len(vectors)), replace=False)])
    return np.concatenate(parts)


def defect_places(plain: Scorer, candidate: Candidate, seen: Seen, masks: Sequence[Mask | None]) -> Floats:
    """Place vectors that a mask covers well: at least half as much as the place it covers most.

    Without a mask: the places that the scorer of good parts alone finds most unusual. `masks`: one a view.
    """
    vectors, weights = [], []
    for view, painted, mask in zip(select(seen, candidate.shape.strides).views, seen.painted, masks, strict=True):
        own, (height, width) = embed(view, candidate.shape)
        if mask is None:
            left = None if painted is None else places_left(painted, (height, width))
            weight = plain.of_vectors(own, (height, width), left).map
        else:
            weight = np.asarray(cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA))
        vectors.append(scoring(own, (height, width), painted))
        weights.append(scoring(weight.reshape(-1, 1), (height, width), painted).ravel())
    places, weighed = np.concatenate(vectors), np.concatenate(weights)
    if masks[0] is None:
        return places[weighed >= np.quantile(weighed, 1.0 - _UNMASKED_SHARE)]
    return places[weighed >= max(0.5 * float(weighed.max(initial=0)), 1e-6)]


def scoring(vectors: Floats, grid: tuple[int, int], painted: Mask | None) -> Floats:
    return vectors if painted is None else vectors[places_left(painted, grid).ravel()]
