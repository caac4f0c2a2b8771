"""What defects taught of single places: how much they raise a score, in numpy, the same for every runtime.

- `Discriminator`: a small network for each place (Liu et al., "SimpleNet", CVPR 2023; Rolih et al., "SuperSimpleNet",
  2024), one hidden layer wide. It learned from good places, from good places with noise, and from places of defects.
- `Logistic`: one weight a channel, as packages of earlier versions hold it.

Either gives a logit that is added to the distance from good where it is above zero, so that what was learned from
defects can only ever raise a score. How much it weighs and from where on it counts is folded into the last layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from models.errors import PackageError

Floats = NDArray[np.float32]
Raising = Callable[[Floats], Floats]
HIDDEN, OUT, KNOWN = "discriminator_hidden", "discriminator_out", "known"
ROLES = frozenset({HIDDEN, OUT, KNOWN})
SLOPE = 0.2
MAX_HIDDEN = 128
MAX_BYTES = 200_000


class Discriminator:
    """Leaky hidden layer, then one logit: `hidden` `(D + 1, H)` and `out` `(H + 1,)`, the last row of each the bias."""

    def __init__(self, hidden: Floats, out: Floats) -> None:
        self._hidden, self._bias = np.ascontiguousarray(hidden[:-1]), hidden[-1]
        self._out, self._last = out[:-1], out[-1]

    def __call__(self, vectors: Floats) -> Floats:
        """By how much each place vector `(n, D)` is raised, `(n,)`, never below 0."""
        cells = vectors @ self._hidden
        cells += self._bias
        np.maximum(cells, cells * np.float32(SLOPE), out=cells)
        return np.asarray(np.maximum(cells @ self._out + self._last, np.float32(0)), np.float32)


class Logistic:
    """One logit by weights `(D + 1,)`, the last of which is the bias."""

    def __init__(self, known: Floats) -> None:
        self._weights, self._bias = known[:-1], known[-1]

    def __call__(self, vectors: Floats) -> Floats:
        """By how much each place vector `(n, D)` is raised, `(n,)`, never below 0."""
        return np.asarray(np.maximum(vectors @ self._weights + self._bias, np.float32(0)), np.float32)


def load_raising(arrays: Mapping[str, NDArray[np.generic]], channels: int) -> Raising | None:
    """What of a scorer's arrays raises scores; None where defects taught nothing.

    Raises:
        PackageError: the arrays do not fit place vectors of so many channels, or are more than a station may afford.
    """
    found = {role: np.asarray(array, np.float32) for role, array in arrays.items() if role in ROLES}
    known, hidden, out = (found.get(role) for role in (KNOWN, HIDDEN, OUT))
    if known is not None:
        if known.shape != (channels + 1,) or hidden is not None or out is not None:
            raise PackageError("the weights of known defects do not fit the scorer; export the package again")
        return Logistic(known)
    if hidden is None and out is None:
        return None
    if hidden is None or out is None or hidden.ndim != 2 or hidden.shape[0] != channels + 1:
        raise PackageError("the discriminator does not fit the scorer; export the package again")
    if out.shape != (hidden.shape[1] + 1,):
        raise PackageError("the layers of the discriminator do not fit each other; export the package again")
    if hidden.shape[1] > MAX_HIDDEN or hidden.nbytes + out.nbytes > MAX_BYTES:
        raise PackageError(
            f"a discriminator of {hidden.shape[1]} hidden units and {hidden.nbytes + out.nbytes} bytes is too slow for "
            f"a station ({MAX_HIDDEN} units and {MAX_BYTES} bytes are allowed); train it again"
        )
    return Discriminator(hidden, out)
