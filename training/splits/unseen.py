"""What a finished package says of pictures that its training never saw, by the station's own code.

Two kinds: test pictures, on which nothing was chosen and whose figures are therefore honest; and the regression set,
which decides: a package that calls an old escape OK is not written unless somebody answers for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Generic, TypeVar

from models.decision import Outcome
from models.detector import Detector
from models.manifest import Manifest
from models.package import write_package
from training.data.dataset import DataSet, listed
from training.errors import RefusedForSafety
from training.evaluate import CAUGHT, Judged, count_gaps, judge_pictures, proven_here, summarize
from training.map_figures import MapTally
from training.progress import Progress
from training.splits.parted import Data, Parted
from training.text import Text

Answer = TypeVar("Answer")
_THREADS = 2


@dataclass(frozen=True, slots=True)
class Sheet:
    """Figures of the test pictures on one runtime, as (what, how many) for people and as JSON for programs.

    `judged`: every one of them, where whole pictures are judged.
    """

    runtime: str
    rows: tuple[tuple[str, str], ...]
    figures: Mapping[str, object]
    judged: tuple[Judged, ...] = ()


@dataclass(frozen=True, slots=True)
class Caught:
    """The regression set on one runtime: its defective pictures, and those that were neither NG nor RECHECK."""

    runtime: str
    defective: int
    missed: tuple[str, ...]
    good_rejected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unseen:
    """`test` and `regression`: one entry a runtime, none where there are no such pictures.

    `accepted`: why a package that misses old escapes was written all the same.
    """

    split: str = ""
    split_sha256: str | None = None
    pictures: int = 0
    test: tuple[Sheet, ...] = ()
    regression: tuple[Caught, ...] = ()
    accepted: str = ""
    notes: tuple[str, ...] = ()

    @property
    def missed(self) -> tuple[str, ...]:
        """Old escapes that are missed on any runtime."""
        return tuple(sorted({name for one in self.regression for name in one.missed}))


@dataclass(frozen=True, slots=True)
class Jury(Generic[Data]):
    """How pictures of one kind of data set are judged; `size`: how many pictures there are to judge."""

    test: Callable[[Detector, Data], Sheet]
    regression: Callable[[Detector, Data], Caught]
    size: Callable[[Data], int]


def judge_unseen(
    parted: Parted[Data],
    jury: Jury[Data],
    manifest: Manifest,
    files: Mapping[str, bytes],
    accepted: str,
    progress: Progress,
) -> Unseen:
    """Judge what training never saw with a package that is not written yet, on every runtime it was proven on; blocks.

    `accepted`: why it may be written though it misses old escapes.

    Raises:
        RefusedForSafety: it misses some, and nobody answers for that.
        ModelError: the package cannot be loaded, or a picture is none that it can judge.
    """
    tests, escapes = jury.size(parted.test), jury.size(parted.regression)
    if not tests and not escapes:
        return Unseen()

    def ask(detector: Detector) -> tuple[Sheet | None, Caught | None]:
        sheet = jury.test(detector, parted.test) if tests else None
        return sheet, jury.regression(detector, parted.regression) if escapes else None

    with TemporaryDirectory(prefix="okng-") as folder:
        package = Path(folder) / "trial.okng"
        write_package(package, manifest, files)
        runtimes = proven_here(manifest)
        counted = progress.each("pictures that training never saw", runtimes, len(runtimes))
        judged = [on_runtime(package, runtime, _THREADS, ask) for runtime in counted]
    unseen = Unseen(
        split=parted.split,
        split_sha256=parted.split_sha256,
        pictures=tests,
        test=tuple(sheet for sheet, _ in judged if sheet is not None),
        regression=tuple(caught for _, caught in judged if caught is not None),
        notes=parted.notes,
    )
    refuse_escapes(unseen, accepted)
    return replace(unseen, accepted=accepted if unseen.missed else "")


def on_runtime(package: Path, runtime: str, threads: int, ask: Callable[[Detector], Answer]) -> Answer:
    """What `ask` makes of a detector, which is closed afterwards.

    Raises:
        ModelError: the package cannot be loaded.
    """
    detector = Detector.load(package, runtime=runtime, threads=threads)
    try:
        return ask(detector)
    finally:
        detector.close()


def refuse_escapes(unseen: Unseen, accepted: str) -> None:
    """Let only a package pass that catches every old escape, or one that somebody answers for.

    Raises:
        RefusedForSafety: naming the pictures.
    """
    if unseen.missed and not accepted:
        named = listed([*unseen.missed])
        raise RefusedForSafety(
            Text(
                f"the package was not written: it calls {len(unseen.missed)} old escapes good: {named}",
                f"未写入模型包：它把 {len(unseen.missed)} 个曾漏检的图像判为合格：{named}",
            ),
            'add pictures like them to training, or answer for it with --accept-escapes "reason"',
        )


def pictures_sheet(detector: Detector, data: DataSet) -> Sheet:
    """Whole pictures."""
    known = frozenset(row.label for row in detector.info.classes)
    tally = MapTally(detector, data.pictures)
    judged = judge_pictures(detector, data.pictures, also=tally.add)
    found = summarize(detector.info.runtime, judged, known, count_gaps(detector, data.empty), tally.figures())
    return Sheet(found.runtime, tuple(found.rows()), found.figures(), tuple(judged))


def catch_pictures(detector: Detector, data: DataSet) -> Caught:
    """Whole pictures."""
    return caught_of(detector.info.runtime, judge_pictures(detector, data.pictures))


def caught_of(runtime: str, judged: Sequence[Judged]) -> Caught:
    """What of judged pictures is caught; NO_PART is not: the part goes on."""
    missed = [one.picture.name for one in judged if not one.picture.good and one.outcome not in CAUGHT]
    rejected = [one.picture.name for one in judged if one.picture.good and one.outcome is Outcome.NG]
    return Caught(runtime, sum(not one.picture.good for one in judged), tuple(missed), tuple(rejected))


def _parts(data: DataSet) -> int:
    return len(data.pictures)


PICTURES = Jury(pictures_sheet, catch_pictures, _parts)
