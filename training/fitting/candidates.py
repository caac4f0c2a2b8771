"""Which scorers a training tries."""

from __future__ import annotations

from dataclasses import dataclass

from models.scorers import ScorerShape


@dataclass(frozen=True, slots=True)
class Candidate:
    """A scorer to try.

    `scaling` is "deviation" (each channel by its own) or "whitened" (64 principal directions); `views` the augmented
    views of good pictures that are fitted on; `known` whether shown defects raise scores.
    """

    kind: str
    shape: ScorerShape
    scaling: str
    views: str
    known: bool

    def __str__(self) -> str:
        shape = self.shape
        strides = "+".join(str(stride) for stride in shape.strides)
        top = "peak" if shape.top_fraction < 0.001 else f"top {shape.top_fraction:.0%}"
        kind = f"{self.kind} of stride {strides} on grid {shape.grid_stride}, {self.scaling}"
        top = f"{top} smoothed {shape.smoothing_cells:g}"
        return f"{kind}, {top}, views {self.views}" + (", known defects" if self.known else "")


def _shape(grid: int, strides: tuple[int, ...], top: float = 0.01, smoothing: float = 0.7) -> ScorerShape:
    return ScorerShape(grid, strides, 3, smoothing, top)


_NEIGHBOUR, _GAUSSIAN = "nearest_neighbour", "gaussian"
# Without defective pictures nothing can be compared; this one did best over all data sets that were looked at.
DEFAULT = Candidate(_NEIGHBOUR, _shape(8, (8, 16)), "deviation", "shifted", False)
KINDS: tuple[tuple[str, ScorerShape, str], ...] = (
    (_NEIGHBOUR, _shape(8, (4, 8)), "deviation"),
    (_NEIGHBOUR, _shape(16, (16,)), "deviation"),
    (_NEIGHBOUR, _shape(16, (8, 16)), "deviation"),
    (_NEIGHBOUR, _shape(8, (8, 16)), "deviation"),
    (_NEIGHBOUR, _shape(8, (4, 8, 16)), "whitened"),
    (_GAUSSIAN, _shape(16, (16,)), "whitened"),
    (_GAUSSIAN, _shape(16, (8, 16)), "whitened"),
)
