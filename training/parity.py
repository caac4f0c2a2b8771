"""The parity gate: no runtime may judge a validation picture otherwise than the reference does."""

from __future__ import annotations

from dataclasses import dataclass

from models.decision import Limits, Outcome, outcome_of
from training.calibrate import Raws
from training.errors import RefusedForSafety
from training.text import Text

MAX_RECHECK_MOVES = 0.01


@dataclass(frozen=True, slots=True)
class Parity:
    """Pictures whose outcome differs between the reference and `runtime`; `disagreement`: why none can be compared."""

    runtime: str
    pictures: int
    flips: tuple[str, ...]
    moves: tuple[str, ...]
    largest_difference: float
    disagreement: Text | None = None

    @property
    def refusal(self) -> Text | None:
        """Why the runtime may not judge, None where it may."""
        name, all_of = self.runtime, self.pictures
        if self.disagreement is not None:
            return Text(f"{name}: {self.disagreement.en}", f"{name}：{self.disagreement.zh}")
        if self.flips:
            shown, many = ", ".join(self.flips[:3]), len(self.flips)
            return Text(
                f"{name} turns OK into NG or NG into OK on {many} of {all_of} pictures ({shown})",
                f"{name} 在 {all_of} 张图像中的 {many} 张上把 OK 判为 NG 或把 NG 判为 OK（{shown}）",
            )
        # One move is always allowed: below 100 pictures 1 % would be none, and one picture can sit on a limit.
        if len(self.moves) > max(1, int(self.pictures * MAX_RECHECK_MOVES)):
            moved = len(self.moves)
            return Text(
                f"{name} moves {moved} of {all_of} pictures to or from RECHECK, 1 % is the most",
                f"{name} 使 {all_of} 张图像中的 {moved} 张转入或转出复检，最多允许 1 %",
            )
        return None

    @property
    def passed(self) -> bool:
        return self.refusal is None


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
    if parity.refusal is None:
        return
    remedy = "add pictures like these" if parity.flips else "add good pictures, so that fewer lie near a limit"
    raise RefusedForSafety(parity.refusal, f"the package was not written: {remedy}")


def left_out(parity: Parity) -> str:
    """What is said loudly of a runtime that may not judge."""
    why = "" if parity.refusal is None else parity.refusal.en
    return f"{parity.runtime.upper()} LEFT OUT: {why}; the package is not for it"
