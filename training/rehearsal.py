"""Synthetic defects on held-out good pictures: by what scorers are compared where no defect was ever shown.

Only kinds that look like what goes wrong with parts, not those that merely make a training hard. Each is drawn on a
good picture and scored by a scorer that never saw that picture, and no scorer that is compared learns from any of them:
they choose between scorers, and are nowhere among the pictures that limits and certificates are made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from models.runtimes.choose import REFERENCE
from training.config import TrainConfig
from training.data.dataset import DataSet
from training.declared import Kind
from training.features import Extractor, Inputs, Shot, frames_of, grouped
from training.fitting.crossfit import CrossFit
from training.fitting.sample import FitData
from training.metrics.ranking import auroc
from training.progress import Progress
from training.synthesis.regions import where_of
from training.synthesis.series import Series

KINDS = (Kind.CRACK, Kind.CHIP, Kind.PIT, Kind.SCRATCH, Kind.STAIN)
PICTURES = 120
_LEAST = 20


def rehearse(features: FitData, network: bytes, data: DataSet, inputs: Inputs, config: TrainConfig) -> FitData:
    """The same with what the network sees of drawn defects; or unchanged, where real ones were shown."""
    if features.defective:
        return features
    drawn = _drawn(data, inputs, config)
    if len(drawn) < _LEAST:
        return features
    shots = [shot for _, shot in drawn]
    extract = Extractor(network, REFERENCE, threads=2)
    try:
        seen = list(grouped(extract(frames_of(shots)), shots))
    finally:
        extract.close()
    return replace(features, synthetic=[(index, one) for (index, _), one in zip(drawn, seen, strict=True)])


def _drawn(data: DataSet, inputs: Inputs, config: TrainConfig) -> list[tuple[int, Shot]]:
    """Pictures with a defect, each with the index of the good one it was drawn on."""
    spec = config.declared.synthesize
    kinds = [kind for kind in KINDS if kind in spec.kinds]
    if not kinds:
        return []
    index_of = {picture.sha256: index for index, picture in enumerate(data.good)}
    series = Series(data.good, kinds, spec, (), where_of(config.geometry, data), config.seed)
    made = [one.made for one in series.make(PICTURES)]
    found = [(index_of[one.made_from], one.image) for one in made]
    return [(index, inputs.changed(data.good[index], image)) for index, image in found]


def told(tried: Sequence[CrossFit], progress: Progress) -> None:
    """Say by what a scorer was chosen where no defect was shown."""
    count = len(tried[0].synthetic)
    if count:
        figures = "; ".join(f"{100 * auroc(one.good, one.synthetic):.1f} {one.candidate}" for one in tried)
        progress.say(f"{chosen_by(count)} AUROC, the chosen one first: {figures}")


def chosen_by(count: int) -> str:
    return (
        f"No defective picture was shown: the scorer was chosen by {count} synthetic defects drawn on held-out good "
        "pictures. No scorer learned from them, and no limit and no certificate counts them."
    )
