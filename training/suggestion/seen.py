"""What a package says of pictures and how the pictures look to its network: all that a suggestion rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.decision import Limits, Outcome
from models.detector import Detector
from models.errors import BadPicture
from models.judge import start_judge
from models.package import open_package
from models.picture_file import read_picture
from models.runtimes.base import Placement
from models.runtimes.choose import REFERENCE
from models.scorers import Floats
from training.data.synthetic_mark import refuse_synthetic
from training.progress import Progress

_THREADS = 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """A picture that may be labelled; `name` is its path inside the data set."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Seen:
    """One candidate: its score in [0, 1], the verdict a station would give, and how it looks to the network.

    `unfit`: why the gate would not let it be judged, or "". `look`: `(D,)` float32, pooled features of all views.
    """

    candidate: Candidate
    score: float
    outcome: Outcome
    unfit: str
    look: Floats


class Eye:
    """A package on the reference runtime; used by one thread, closed after."""

    def __init__(self, package: Path) -> None:
        """Raises ModelError: as `Detector.load`."""
        self._detector = Detector.load(package, runtime=REFERENCE, threads=_THREADS)
        # The detector keeps features to itself; the same network is asked once more for them.
        self._judge = start_judge(open_package(package), Placement(REFERENCE, threads=_THREADS))
        self.limits: Limits = self._detector.info.limits
        self.package_hash = self._detector.info.hash

    def __enter__(self) -> Eye:
        return self

    def __exit__(self, *_: object) -> None:
        self._judge.runtime.close()
        self._detector.close()

    def see(self, candidates: Sequence[Candidate], progress: Progress) -> tuple[list[Seen], list[str]]:
        """Every candidate that can be read, and a sentence about each that cannot."""
        seen, broken = [], []
        for candidate in progress.each("judging pictures", candidates, len(candidates)):
            try:
                seen.append(self._one(candidate))
            except BadPicture as error:
                broken.append(f"{candidate.name}: {error}")
        return seen, broken

    def looks(self, paths: Sequence[Path], progress: Progress) -> Floats:
        """`(n, D)`: how pictures that are labelled already look; those that cannot be read are left out."""
        rows = []
        for path in progress.each("looking at labelled pictures", paths, len(paths)):
            try:
                rows.append(self._look(self._detector.prepare(read_picture(path)).inputs))
            except BadPicture:
                continue
        return np.stack(rows) if rows else np.zeros((0, 0), np.float32)

    def _one(self, candidate: Candidate) -> Seen:
        refuse_synthetic(candidate.path.name, candidate.path.read_bytes())
        found = self._detector.judge_anyway(read_picture(candidate.path))
        prepared, decision = found.prepared, found.decision
        outcome = Outcome.NO_PART if prepared.empty else decision.outcome
        unfit = "" if prepared.unfit is None or prepared.empty else prepared.unfit.value
        return Seen(candidate, decision.score, outcome, unfit, self._look(prepared.inputs))

    def _look(self, inputs: NDArray[np.uint8]) -> Floats:
        """Mean and greatest value of every channel, for each view and stride, one after another."""
        views = (self._judge.runtime.infer(inputs[index : index + 1]) for index in range(len(inputs)))
        return np.concatenate([_pooled(maps) for maps in views])


def _pooled(maps: Iterable[Floats]) -> Floats:
    """Feature maps `(C, h, w)` → `(2 * sum C,)`."""
    return np.concatenate([pooled for row in maps for pooled in (row.mean(axis=(1, 2)), row.max(axis=(1, 2)))])
