"""Which network inputs a package carries as golden frames, and what is expected of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.decision import Limits, Outcome, Scores
from models.golden import encode_frame, expectation
from models.layout import Size
from models.manifest import GoldenExpectation
from models.runtimes.choose import REFERENCE
from training.config import GOLDEN_FRAMES
from training.errors import RefusedForSafety
from training.squares import in_squares
from training.text import Text


@dataclass(frozen=True, slots=True)
class Frame:
    """A network input `(1, H, W, 3)`; `view` is the region or tile that it shows, 0 where there is but one.

    `painted`: the pixels `(H, W)` that never score; None is none of them. `picture`: (width, height) of the camera
    picture, where what scores depends on it.
    """

    tensor: NDArray[np.uint8]
    view: int = 0
    painted: NDArray[np.bool_] | None = None
    picture: Size | None = None


Judges = Mapping[str, Callable[[Frame], Scores]]
_MARGIN_TOLERANCES = 2.0
_FEWEST = 4
# A device that replays a frame rounds a little otherwise again than what it was chosen with.
_TWIN_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Chosen:
    """A frame that is shipped: PNG, view, what is expected of it on each runtime, and its picture's size if needed."""

    png: bytes
    view: int
    expected: dict[str, GoldenExpectation]
    picture: Size | None = None


@dataclass(frozen=True, slots=True)
class Golden:
    """The frames of a package; `tolerance` is in calibrated units."""

    frames: tuple[Chosen, ...]
    tolerance: float


def tolerance_of(good_scores: NDArray[np.float64]) -> float:
    """A tenth of the spread of calibrated good scores, between 0.005 and 0.03."""
    low, high = np.quantile(good_scores, (0.25, 0.75))
    return float(np.clip(0.1 * (high - low), 0.005, 0.03))


def spoiled(frame: Frame) -> Frame:
    """A good frame inverted in the ninth that scores most, the middle first: an NG frame without any defect."""
    tensor, part = frame.tensor.copy(), _ninth(frame)
    tensor[0][part] = 255 - tensor[0][part]
    return replace(frame, tensor=tensor)


def chequered(frame: Frame) -> Frame:
    """The same ninth in squares of black and white, where inverting what is of a middle gray changes nothing."""
    return replace(frame, tensor=in_squares(frame.tensor, _ninth(frame)))


def covered(frame: Frame) -> Frame:
    """All of it in such squares, where parts differ so much that a ninth of one may look like anything."""
    return replace(frame, tensor=in_squares(frame.tensor))


def _ninth(frame: Frame) -> tuple[slice, slice]:
    height, width = frame.tensor.shape[1:3]
    left = np.ones((height, width), np.bool_) if frame.painted is None else ~frame.painted
    ninths = [
        np.s_[y * height // 3 : (y + 1) * height // 3, x * width // 3 : (x + 1) * width // 3]
        for y, x in sorted(np.ndindex(3, 3), key=lambda place: place != (1, 1))
    ]
    return max(ninths, key=lambda ninth: int(left[ninth].sum()))


def choose_golden(
    good: Sequence[Frame],
    defective: Sequence[Frame],
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
    for spoil in (spoiled, chequered, covered):
        if len(ng) < half:
            ng += search.find([spoil(frame) for frame in good], Outcome.NG, half - len(ng))
    if min(len(ok), len(ng)) < _FEWEST:
        raise RefusedForSafety(
            Text(
                f"only {len(ok)} good and {len(ng)} bad pictures are judged clearly by every runtime, {_FEWEST} of "
                "each are the least for a self-test",
                f"所有推理引擎都能明确判定的合格图像仅 {len(ok)} 张、不合格图像仅 {len(ng)} 张，自检各需 {_FEWEST} 张",
            ),
            "the package was not written: add good pictures, or look at the defects",
        )
    return Golden((*ok, *ng), tolerance)


@dataclass(frozen=True, slots=True)
class _Search:
    judges: Judges
    twins: Judges
    limits: Limits
    tolerance: float

    def find(self, frames: Sequence[Frame], outcome: Outcome, most: int) -> list[Chosen]:
        """The first of `frames` that are clearly of `outcome`, with what is expected of them."""
        found: list[Chosen] = []
        for frame in frames:
            if len(found) == most:
                break
            expected = {name: expectation(judge(frame), self.limits) for name, judge in self.judges.items()}
            clear = all(self._is_clear(one, outcome) for one in expected.values())
            if clear and all(self._repeats(twin(frame), expected[REFERENCE]) for twin in self.twins.values()):
                found.append(Chosen(encode_frame(frame.tensor), frame.view, expected, frame.picture))
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
