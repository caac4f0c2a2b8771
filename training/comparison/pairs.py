"""The same pictures through two packages, by the station's own Detector, one picture after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.decision import Outcome
from models.detector import Detector, Judgement
from models.errors import BadPicture
from models.picture_file import read_picture
from training.data.dataset import Picture
from training.data.truth import known_masks, label_image
from training.evaluate import CAUGHT, judged_of
from training.metrics.segmentation import Counts, confusion
from training.progress import Progress
from training.rois.dataset import AssemblyData
from training.rois.evaluate import regions_judged
from training.rois.figures import part_of

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one package said of one picture. `wrong`: a good part called NG, or a defective one that goes on.

    `pixels`: a table of shown and called classes, where the package draws masks and the truth is known.
    """

    score: float
    outcome: Outcome
    named: str
    wrong: bool
    latency_ms: float
    pixels: Counts | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """One picture and both answers; `good`: whether the part is. `picture.label` is what it shows."""

    picture: Picture
    good: bool
    a: Answer
    b: Answer

    @property
    def differ(self) -> bool:
        """Whether the two verdicts do."""
        return self.a.outcome is not self.b.outcome


@dataclass(frozen=True, slots=True)
class Paired:
    """Pairs of all pictures that both can judge; `left_out`: the others, and why. `runtimes`: of `a` and `b`."""

    pairs: tuple[Pair, ...]
    left_out: tuple[tuple[str, str], ...]
    runtimes: tuple[str, str] = ("", "")


# What a package says of a picture, in the data set's own terms: (whether the part is good, the answer).
Answering = Callable[[Picture, Judgement, Detector], tuple[bool, Answer]]


@dataclass(frozen=True, slots=True)
class WholeParts:
    """Pictures of good/ and of one folder a defect; `labels`: all classes that masks may have, none without masks."""

    labels: tuple[str, ...] = ()

    def __call__(self, picture: Picture, found: Judgement, detector: Detector) -> tuple[bool, Answer]:
        judged = judged_of(picture, found)
        wrong = judged.outcome is Outcome.NG if picture.good else judged.outcome not in CAUGHT
        pixels = self._pixels(picture, found, detector)
        return picture.good, Answer(judged.score, judged.outcome, judged.named, wrong, judged.latency_ms, pixels)

    def _pixels(self, picture: Picture, found: Judgement, detector: Detector) -> Counts | None:
        masks = known_masks(picture) if self.labels and detector.mask_classes is not None else None
        if masks is None:
            return None
        # Each package numbers its classes its own way.
        number = np.array([0, *(1 + self.labels.index(label) for label in detector.mask_classes or ())], np.uint8)
        called = number[detector.label_map(found)]
        return confusion(label_image(picture, masks, self.labels), called, 1 + len(self.labels))


@dataclass(frozen=True, slots=True)
class NamedRegions:
    """Pictures of an assembly: a part is as good as its worst region, and wrong where any region is."""

    data: AssemblyData
    _labels: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._labels.update({one.picture.name: one.labels for one in self.data.pictures})

    def __call__(self, picture: Picture, found: Judgement, _detector: Detector) -> tuple[bool, Answer]:
        regions = regions_judged(picture, self._labels[picture.name], self.data.rois, found)
        part = part_of(regions)
        named = ", ".join(one.roi for one in regions if one.outcome is not Outcome.OK)
        latency_ms = (found.preprocess_ns + found.infer_ns + found.score_ns) / 1e6
        return part.good, Answer(part.score, part.outcome, named, part.wrong, latency_ms)


def pair_up(
    packages: tuple[Path, Path],
    runtime: str,
    threads: int,
    pictures: Sequence[Picture],
    answering: Answering,
    progress: Progress,
) -> Paired:
    """Judge every picture with both packages; which of them goes first alternates, so that neither gains by it.

    A picture that one of them cannot judge (too small for its region, say) is left out for both.

    Raises:
        ModelError: a package cannot be loaded, or a runtime failed.
    """
    pairs: list[Pair] = []
    left_out: list[tuple[str, str]] = []
    with ExitStack() as stack:
        detectors = [
            stack.enter_context(closing(Detector.load(package, runtime=runtime, threads=threads)))
            for package in packages
        ]
        for picture in progress.each("pictures through both packages", pictures, len(pictures)):
            try:
                first, second = _both(detectors, read_picture(picture.path), turned=bool(len(pairs) % 2))
            except BadPicture as error:
                left_out.append((picture.name, str(error)))
                continue
            good, a = answering(picture, first, detectors[0])
            pairs.append(Pair(picture, good, a, answering(picture, second, detectors[1])[1]))
        a_name, b_name = (detector.info.runtime for detector in detectors)
    return Paired(tuple(pairs), tuple(left_out), (a_name, b_name))


def _both(detectors: Sequence[Detector], image: Image, turned: bool) -> tuple[Judgement, Judgement]:
    order: Iterable[int] = (1, 0) if turned else (0, 1)
    found = {at: detectors[at].judge_anyway(image) for at in order}
    return found[0], found[1]
