"""What stands to be judged: a network, the scorers tried on its features, and pictures that neither of them saw.

A frozen network (`training.frozen`) lets every picture be held out once, by folds; one that learned
(`training.learned`) only those that were kept from it. From here on a run goes the same way with either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from models.runtimes.choose import REFERENCE
from training.calibrate import refuse_constant
from training.config import TrainConfig
from training.data.dataset import DataSet
from training.features import Extractor, Inputs, Seen, frames_of, grouped
from training.fitting.candidates import Candidate
from training.fitting.choose import noise
from training.fitting.crossfit import CrossFit
from training.fitting.fit import Fitted
from training.fitting.sample import FitData, Mask
from training.metrics.ranking import auroc
from training.progress import Progress
from training.quantization.ladder import Climb, Loss
from training.scratch import Scratch
from training.tensors import Tensors
from training.text import Text
from training.unquantized import Unquantized

INT8_NETWORK = Text("the INT8 network", "INT8 网络")
FP32_NETWORK = Text("the fp32 network", "fp32 网络")


@dataclass(frozen=True, slots=True)
class Shown:
    """A defective picture that names regions like it: its features, mask and class."""

    seen: Seen
    mask: Mask | None
    label: str


@dataclass(frozen=True, slots=True)
class Contest:
    """`network`, `plain`: INT8 and fp32, with all outputs. `tried`: scorers with what they say of pictures they never
    saw, the best first.

    `held_out`: those pictures, `tensors` theirs. `fitted`: the scorer to ship of one that was tried. `shown`: what
    prototypes are made of. `unquantized`: what fp32 reaches, and its twin with such a scorer where that is wanted.
    `drawn`: how many synthetic defects were made to teach with. `climb`: how the network came to INT8, None where that
    was not judged.
    """

    network: bytes
    plain: bytes
    held_out: DataSet
    tensors: Tensors
    tried: Sequence[CrossFit]
    shown: Sequence[Shown]
    fitted: Callable[[CrossFit], Fitted]
    unquantized: Callable[[CrossFit, bool], tuple[float | None, Unquantized | None]]
    drawn: int
    climb: Climb | None = None

    @property
    def compared(self) -> int:
        """How many scorers had a say on the held-out pictures, those of other networks included."""
        return len(self.tried) if self.climb is None else self.climb.counted(len(self.tried))

    @property
    def names(self) -> list[str]:
        """Of the held-out pictures, in the order of their scores."""
        return [picture.name for picture in (*self.held_out.good, *self.held_out.defective)]


@dataclass(frozen=True, slots=True)
class Ground:
    """What a training stands on, whichever way it goes."""

    data: DataSet
    tensors: Tensors
    inputs: Inputs
    config: TrainConfig
    progress: Progress


def features_of(network: bytes, tensors: Tensors, fold_of: tuple[int, ...], step: str, progress: Progress) -> FitData:
    """What a network on the reference runtime makes of all pictures and views."""
    extract, scratch = Extractor(network, REFERENCE, threads=2), Scratch()
    try:
        found = progress.each(step, scratch.each(extract(tensors.frames)), len(tensors.frames))
        maps = list(grouped(found, tensors.plain))
        views = {
            kind: [list(grouped(scratch.each(extract(frames_of(own))), own)) for own in per_picture]
            for kind, per_picture in tensors.views.items()
        }
        made = [
            list(zip(grouped(scratch.each(extract(frames_of(shots))), shots), masks, strict=True))
            for shots, masks in (([one.shot for one in own], [one.masks for one in own]) for own in tensors.made)
        ]
    finally:
        extract.close()
    count = len(tensors.good)
    return FitData(maps[:count], views, maps[count:], tensors.view_masks, fold_of, made=made)


def loss_of(exact: CrossFit, rounded: CrossFit) -> Loss:
    """What INT8 loses of AUROC on the same pictures, each network with the scorer that is best for it."""
    fp32, int8 = (auroc(one.good, one.to_tell) for one in (exact, rounded))
    return Loss(fp32, int8, noise(exact, rounded), ("AUROC", "AUROC"))


def shown_in(data: DataSet, features: FitData, tensors: Tensors) -> tuple[Shown, ...]:
    """Every defective picture of a data set."""
    found = zip(features.defective, tensors.map_masks, data.defective, strict=True)
    return tuple(Shown(seen, mask, picture.label) for seen, mask, picture in found)


def told(work: Callable[[], CrossFit], candidate: object, progress: Progress) -> CrossFit:
    """A scorer tried, with a line of progress.

    Raises:
        RefusedForSafety: it says nothing.
    """
    (result,) = progress.each(f"held-out scores, {candidate}", (work() for _ in range(1)), 1)
    refuse_constant(result.good, INT8_NETWORK)
    return result


def only_views(tensors: Tensors, candidate: Candidate) -> Tensors:
    """With the views alone that a candidate is fitted on."""
    kinds: Iterable[str] = {candidate.views, "none"}
    return replace(tensors, views={kind: tensors.views[kind] for kind in kinds})
