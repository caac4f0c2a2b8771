"""Which known defect a region looks like: nearest prototype with open-set rejection.

A region's vector is the mean residual of its places (how they differ from good), scaled to unit length. It takes the
class of the most similar prototype (cosine), or `unknown_defect` below the package's similarity threshold. A name never
changes an outcome.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from models.decision import DefectClass
from models.errors import PackageError
from models.manifest import UNKNOWN_DEFECT, Manifest
from models.scorers import Floats, load_array

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
