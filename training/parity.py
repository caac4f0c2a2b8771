"""The parity gate: no runtime may judge a validation picture otherwise than the reference does."""

from __future__ import annotations

from dataclasses import dataclass

from models.decision import Limits, Outcome, outcome_of
from training.calibrate import Raws
from training.errors import RefusedForSafety

MAX_RECHECK_MOVES = 0.01


@dataclass(frozen=True, slots=True)
class Parity:
    """Pictures whose outcome differs between the reference and `runtime`; `disagreement`: why none can be compared."""

    runtime: str
    pictures: int
    flips: tuple[str, ...]
    moves: tuple[str, ...]
    largest_difference: float
    disagreement: str = ""

    @property
    def refusal(self) -> str:
        """Why the runtime may not judge, "" where it may."""
        if self.disagreement:
            return f"{self.runtime}: {self.disagreement}"
        if self.flips:
            shown = ", ".join(self.flips[:3])
            many = f"{len(self.flips)} of {self.pictures} pictures ({shown})"
            return f"{self.runtime} turns OK into NG or NG into OK on {many}"
        # One move is always allowed: below 100 pictures 1 % would be none, and one picture can sit on a limit.
        if len(self.moves) > max(1, int(self.pictures * MAX_RECHECK_MOVES)):
            moved = f"{self.runtime} moves {len(self.moves)} of {self.pictures} pictures to or from RECHECK"
            return f"{moved}, 1 % is the most"
        return ""

    @property
    def passed(self) -> bool:
        return not self.refusal


def compare(runtime: str, names: list[str], reference: Raws, own: Raws, limits: Limits) -> Parity:
    """Outcomes of calibrated scores on both runtimes, picture by picture."""
    flips, moves = [], []
    for name, left, right in zip(names, reference, own, strict=True):
        outcomes = {outcome_of(float(left), limits), outcome_of(float(right), limits)}
        if outcomes == {Outcome.OK, Outcome.NG}:
            flips.append(name)
        elif len(outcomes) > 1:
            moves.append(name)
    return Parity(runtime, len(names), tuple(flips), tuple(moves), float(abs(reference - own).max()))


def refuse_disparity(parity: Parity) -> None:
    """Let only a runtime pass that agrees.

    Raises:
        RefusedForSafety: with the pictures that were judged differently.
    """
    if parity.flips:
        raise RefusedForSafety(parity.refusal, "the package was not written: add pictures like these")
    if not parity.passed:
        raise RefusedForSafety(
            parity.refusal, "the package was not written: add good pictures, so that fewer lie near a limit"
        )


def left_out(parity: Parity) -> str:
    """What is said loudly of a runtime that may not judge."""
    return f"{parity.runtime.upper()} LEFT OUT: {parity.refusal}; the package is not for it"
