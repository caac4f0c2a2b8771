"""What a package says of its golden frames; see models/golden.py."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from models.artefact import RuntimeName
from models.decision import Outcome
from models.entry import Entry, FileName, Finite, Unit
from models.geometry_entry import PictureSize
from models.scorer_entry import UNKNOWN_DEFECT


class GoldenExpectation(Entry):
    raw: Finite
    score: Unit
    map_mean: Unit
    outcome: Outcome
    label: str = ""  # of a classifier: the class that is named


class GoldenFrame(Entry):
    """One network input, stored losslessly, and what each runtime must say of it; `view`: which of a picture's.

    `picture_px`: (width, height) of the picture, where they have several sizes and what scores depends on it.
    """

    file: FileName
    expected: dict[RuntimeName, GoldenExpectation]
    view: int = Field(0, ge=0, le=63)
    picture_px: PictureSize | None = None


class GoldenEntry(Entry):
    frames: tuple[GoldenFrame, ...] = Field(min_length=1, max_length=64)
    score_tolerance: float = Field(gt=0.0, le=0.1, allow_inf_nan=False)

    def refuse_blind(self, certified: Sequence[RuntimeName], classifier: bool) -> None:
        """Let only frames pass that prove something for each runtime that the package calls certified.

        Raises:
            ValueError: naming what they do not prove.
        """
        for frame in self.frames:
            if not frame.expected:
                raise ValueError(f"golden frame {frame.file} has no expectation, so that it would prove nothing")
        for name in certified:
            if not all(name in frame.expected for frame in self.frames):
                raise ValueError(f"{name} is certified without an expectation in every golden frame")
            expected = [frame.expected[name] for frame in self.frames]
            if classifier:
                _refuse_one_answer(name, expected)
            elif not {Outcome.OK, Outcome.NG} <= {one.outcome for one in expected}:
                raise ValueError(f"{name} is certified without both an OK and an NG golden frame")


def _refuse_one_answer(runtime: str, expected: Sequence[GoldenExpectation]) -> None:
    """A classifier's frames name at least two classes: one that always gives the same answer must not pass."""
    if any(one.outcome is Outcome.OK for one in expected):
        raise ValueError(f"{runtime} has a golden frame that is OK, but a classifier has no good class")
    if len({one.label for one in expected if one.outcome is Outcome.NG} - {"", UNKNOWN_DEFECT}) < 2:
        raise ValueError(f"{runtime} is certified without NG golden frames of two classes")
