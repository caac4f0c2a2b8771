"""Which known defect a region looks like: nearest prototype with open-set rejection.

A region's vector is the mean residual of its places (how they differ from good), scaled to unit length. It takes the
class of the most similar prototype (cosine), or `unknown_defect` below the package's similarity threshold. A name never
changes an outcome.

Where the network has a head and its anomaly logit reaches `mask_from` in the region, the head names it: by the class of
the highest mean logit over those places, or `unknown_defect` where that class leads the next by less than `min_margin`.
A region that the distance from good alone found is one that the head does not know: prototypes may name it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.decision import DefectClass
from models.errors import PackageError
from models.manifest import UNKNOWN_DEFECT, HeadEntry, Manifest, ScorerEntry
from models.regions import Region
from models.scorers import Floats, RawScores, load_array

MAX_PROTOTYPES_PER_CLASS = 32


def region_vector(residuals: Floats, weights: Floats) -> Floats:
    """Unit vector `(d,)` of a region from the residuals `(n, d)` of its places, weighed by how unusual each is."""
    mean = weights.astype(np.float32) @ residuals
    length = float(np.linalg.norm(mean))
    return mean / np.float32(length) if length > 0 else mean


class Namer:
    """Region vectors → rows of the defect catalogue."""

    def __init__(
        self,
        classes: tuple[DefectClass, ...],
        vectors: Floats,
        codes: NDArray[np.int64],
        min_similarity: float,
    ) -> None:
        self._by_code = {row.code: row for row in classes}
        self._unknown = next(row for row in classes if row.label == UNKNOWN_DEFECT)
        self._vectors, self._codes, self._min_similarity = vectors, codes, min_similarity

    def __call__(self, vector: Floats) -> DefectClass:
        if len(self._codes) == 0:
            return self._unknown
        similarity = self._vectors @ vector
        best = int(similarity.argmax())
        if similarity[best] < self._min_similarity:
            return self._unknown
        return self._by_code[int(self._codes[best])]


class HeadNamer:
    """Logits of a region's places → a row of the defect catalogue, or None where the head sees nothing there."""

    def __init__(self, entry: HeadEntry, classes: Sequence[DefectClass]) -> None:
        by_label = {row.label: row for row in classes}
        self._rows = [by_label[label] for label in entry.classes]
        self._unknown = by_label[UNKNOWN_DEFECT]
        self._mask_from, self._min_margin = np.float32(entry.mask_from), entry.min_margin

    def __call__(self, classes: Floats, cells: NDArray[np.intp]) -> DefectClass | None:
        """`classes` `(1 + K, h, w)` logits, the anomaly's first; `cells` flat indices of its places."""
        own = classes.reshape(len(classes), -1)[:, cells]
        seen = own[1:, own[0] >= self._mask_from]
        if not self._rows or seen.shape[1] == 0:
            return None
        means = seen.mean(axis=1, dtype=np.float64)
        best = int(means.argmax())
        if len(means) > 1 and means[best] - np.partition(means, -2)[-2] < self._min_margin:
            return self._unknown
        return self._rows[best]


@dataclass(frozen=True, slots=True)
class Names:
    """The head's word for a region where it has one, else the prototypes'."""

    prototypes: Namer
    head: HeadNamer | None

    def __call__(self, raw: RawScores, region: Region) -> DefectClass:
        by_head = None if self.head is None or raw.classes is None else self.head(raw.classes, region.cells)
        return by_head or self.prototypes(region_vector(raw.residuals_of(region.cells), region.scores))


def load_names(manifest: Manifest, files: Mapping[str, bytes], dimensions: int) -> Names:
    """Raises PackageError: as `load_namer`."""
    head = manifest.scorer.head if isinstance(manifest.scorer, ScorerEntry) else None
    by_head = None if head is None else HeadNamer(head, [row.defect_class() for row in manifest.classes])
    return Names(load_namer(manifest, files, dimensions), by_head)


def load_namer(manifest: Manifest, files: Mapping[str, bytes], dimensions: int) -> Namer:
    """The namer a manifest describes; without prototypes every defect is unknown.

    Raises:
        PackageError: the prototypes do not fit the scorer or the catalogue.
    """
    classes = tuple(row.defect_class() for row in manifest.classes)
    entry = manifest.naming
    if entry is None:
        return Namer(classes, np.zeros((0, dimensions), np.float32), np.zeros(0, np.int64), 1.0)
    vectors = load_array(files, entry.vectors, np.float32, (2,)).astype(np.float32)
    codes = load_array(files, entry.codes, np.int64, (1,)).astype(np.int64)
    known = {row.code for row in classes}
    most = MAX_PROTOTYPES_PER_CLASS * len(classes)
    if vectors.shape != (len(codes), dimensions) or not set(codes.tolist()) <= known or len(codes) > most:
        raise PackageError("the package's defect prototypes do not fit its scorer and catalogue; export it again")
    return Namer(classes, vectors, codes, entry.min_similarity)
