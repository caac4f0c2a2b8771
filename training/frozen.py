"""The way of a network that does not learn: every picture is held out once, by group, and judged by the others."""

from __future__ import annotations

from dataclasses import replace

from training.calibrate import reference_map
from training.contest import Contest, Ground, features_of, only_views, shown_in, told
from training.data.dataset import DataSet
from training.data.part import read_part
from training.data.split import folds_by_group
from training.export import export_trunk, quantize
from training.features import ALL_STRIDES
from training.fitting import budget
from training.fitting.candidates import DEFAULT, Candidate
from training.fitting.choose import choose, choose_without_defects
from training.fitting.crossfit import CrossFit, cross_fit
from training.fitting.fit import Fitted
from training.fitting.sample import FitData
from training.fitting.taught import fit_taught
from training.made import make
from training.metrics.ranking import auroc
from training.progress import Progress
from training.rehearsal import rehearse
from training.rehearsal import told as told_of_rehearsal
from training.tensors import calibration_frames
from training.unquantized import Unquantized


def frozen(ground: Ground) -> Contest:
    """Quantize the trunk, then fit scorers to its features and cross-fit them.

    Raises:
        RefusedForSafety: the quantized network says nothing.
    """
    data, seed, progress = ground.data, ground.config.seed, ground.progress
    drawn = make(data.good, ground.inputs, ground.config.declared.synthesize, read_part(data.root), seed)
    made = list(progress.each("synthetic defects to teach with", drawn, len(data.good)))
    tensors = replace(ground.tensors, made=made)
    frames = calibration_frames(tensors)
    plain = export_trunk(ground.inputs.size, ALL_STRIDES, ground.config.backbone, frames)
    network = quantize(plain, frames)
    features = features_of(network, tensors, folds_of(data, seed), "INT8 features", progress)
    features = rehearse(features, network, data, ground.inputs, ground.config)
    tried = _choose(features, seed, progress)

    def fitted(best: CrossFit) -> Fitted:
        return fit_taught(best.candidate, features, seed)

    def unquantized(best: CrossFit, wanted: bool) -> tuple[float | None, Unquantized | None]:
        if not (tensors.defective or wanted):
            return None, None
        views = only_views(tensors, best.candidate)
        fp32 = features_of(plain, views, best.fold_of, "fp32 features, for comparison", progress)
        result = cross_fit(best.candidate, fp32, seed)
        reached = auroc(result.good, result.defective) if tensors.defective else None
        if not wanted:
            return reached, None
        own = fit_taught(best.candidate, fp32, seed)
        return reached, Unquantized(plain, own, reference_map(result.good))

    shown, taught_with = shown_in(data, features, tensors), sum(len(of_picture) for of_picture in made)
    return Contest(network, plain, data, tensors, tried, shown, fitted, unquantized, taught_with)


def folds_of(data: DataSet, seed: int) -> tuple[int, ...]:
    """Folds of good, then of defective pictures, by group; each kind is spread over all folds.

    Good pictures that are all of one group are split one by one: the report says what that is worth.
    """
    one_group = data.one_group
    good = folds_by_group([picture.name if one_group else picture.group for picture in data.good], seed)
    defective = folds_by_group([picture.group for picture in data.defective], seed)
    return (*good, *defective)


def _choose(features: FitData, seed: int, progress: Progress) -> list[CrossFit]:
    """All scorers tried, the one to ship first; only the default one where nothing can be compared."""
    views = [kind for kind in ("turned", "shifted", "none") if kind in features.views]

    def try_one(candidate: Candidate) -> CrossFit:
        return told(lambda: cross_fit(candidate, features, seed), candidate, progress)

    if features.defective:
        return _told_of_budget(choose(try_one, views, features.can_know, features.one_view), progress)
    usual = DEFAULT.views if DEFAULT.views in views else "none"
    if not features.synthetic:
        return _told_of_budget([try_one(replace(DEFAULT, views=usual))], progress)
    tried = choose_without_defects(try_one, usual, features.one_view, features.can_know)
    told_of_rehearsal(tried, progress)
    return _told_of_budget(tried, progress)


def _told_of_budget(tried: list[CrossFit], progress: Progress) -> list[CrossFit]:
    """The same, after a line where what judging costs mattered to the choice."""
    said = budget.said(tried)
    if said is not None:
        progress.say(said.en)
    return tried
