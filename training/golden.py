"""Which network inputs a package carries as golden frames, and what is expected of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.decision import Limits, Outcome, Scores
from models.golden import encode_frame, expectation
from models.manifest import GoldenExpectation
from models.runtimes.choose import REFERENCE
from training.config import GOLDEN_FRAMES
from training.errors import RefusedForSafety

Judges = Mapping[str, Callable[[NDArray[np.uint8]], Scores]]
_MARGIN_TOLERANCES = 2.0
_FEWEST = 4
# A device that replays a frame rounds a little otherwise again than what it was chosen with.
_TWIN_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Golden:
    """PNG and expectation per runtime of each frame; `tolerance` is in calibrated units."""

    frames: tuple[tuple[bytes, dict[str, GoldenExpectation]], ...]
    tolerance: float


def tolerance_of(good_scores: NDArray[np.float64]) -> float:
    """A tenth of the spread of calibrated good scores, between 0.005 and 0.03."""
    low, high = np.quantile(good_scores, (0.25, 0.75))
    return float(np.clip(0.1 * (high - low), 0.005, 0.03))


def spoiled(tensor: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A good network input with its middle inverted: an NG frame for data sets without defects."""
    frame = tensor.copy()
    height, width = frame.shape[1:3]
    middle = frame[:, height // 3 : 2 * height // 3, width // 3 : 2 * width // 3]
    middle[:] = 255 - middle
    return frame


def choose_golden(
    good: Sequence[NDArray[np.uint8]],
    defective: Sequence[NDArray[np.uint8]],
    judges: Judges,
    limits: Limits,
    tolerance: float,
    twins: Judges | None = None,
) -> Golden:
    """Half OK and half NG frames that every runtime judges alike, well away from both limits.

    `twins` have no expectation of their own, they will be held to the reference's: their answers must lie well within
    the tolerance of it.

    Raises:
        RefusedForSafety: too few such frames exist.
    """
    half = GOLDEN_FRAMES // 2
    search = _Search(judges, twins or {}, limits, tolerance)
    ok = search.find(good, Outcome.OK, half)
    ng = search.find(defective, Outcome.NG, half)
    if len(ng) < half:
        ng += search.find([spoiled(tensor) for tensor in good], Outcome.NG, half - len(ng))
    if min(len(ok), len(ng)) < _FEWEST:
        raise RefusedForSafety(
            f"only {len(ok)} good and {len(ng)} bad pictures are judged clearly by every runtime, {_FEWEST} of each "
            "are the least for a self-test",
            "the package was not written: add good pictures, or look at the defects",
        )
    return Golden((*ok, *ng), tolerance)


@dataclass(frozen=True, slots=True)
class _Search:
    judges: Judges
    twins: Judges
    limits: Limits
    tolerance: float

    def find(
        self, tensors: Sequence[NDArray[np.uint8]], outcome: Outcome, most: int
    ) -> list[tuple[bytes, dict[str, GoldenExpectation]]]:
        """The first of `tensors` that are clearly of `outcome`, with what is expected of them."""
        found: list[tuple[bytes, dict[str, GoldenExpectation]]] = []
        for tensor in tensors:
            if len(found) == most:
                break
            expected = {name: expectation(judge(tensor), self.limits) for name, judge in self.judges.items()}
            clear = all(self._is_clear(one, outcome) for one in expected.values())
            if clear and all(self._repeats(twin(tensor), expected[REFERENCE]) for twin in self.twins.values()):
                found.append((encode_frame(tensor), expected))
        return found

    def _is_clear(self, found: GoldenExpectation, outcome: Outcome) -> bool:
        margin = _MARGIN_TOLERANCES * self.tolerance
        if outcome is Outcome.OK:
            return found.outcome is outcome and found.score < self.limits.ok_below - margin
        return found.outcome is outcome and found.score >= self.limits.ng_from + margin

    def _repeats(self, scores: Scores, expected: GoldenExpectation) -> bool:
        found = expectation(scores, self.limits)
        off = max(abs(found.score - expected.score), abs(found.map_mean - expected.map_mean))
        return found.outcome is expected.outcome and off <= _TWIN_SHARE * self.tolerance
