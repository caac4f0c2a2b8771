"""The gate that a scorer and every runtime pass before a package is written: same pictures, same verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from models.decision import Limits
from models.manifest import ScoreMap
from models.runtimes.choose import REFERENCE
from training.calibrate import (
    RawLimits,
    Raws,
    limits_in_unit,
    map_through_line,
    raw_limits,
    reference_map,
    refuse_constant,
    scores_in_unit,
)
from training.errors import RefusedForSafety
from training.features import Extractor, frames_of, grouped
from training.fitting.crossfit import CrossFit
from training.parity import Parity, compare, left_out
from training.progress import Progress
from training.squares import in_squares
from training.tensors import Tensors
from training.text import Text

_ATTEMPTS = 4
_COVERED = 9


@dataclass(frozen=True, slots=True)
class Calibration:
    """Held-out scores of every runtime in the unit [0, 1] (good first, then defective), maps, limits and parity.

    `names` are the pictures' names, in the order of the scores. `refused`: runtimes that judge otherwise than the
    reference, for which the package is not.
    """

    names: tuple[str, ...]
    raws: dict[str, Raws]
    scores: dict[str, Raws]
    maps: dict[str, ScoreMap]
    raw_limits: RawLimits
    limits: Limits
    parity: tuple[Parity, ...]
    refused: tuple[Parity, ...] = ()

    def with_runtime(self, judged: Judged) -> Calibration:
        """The same with one more runtime that passed."""
        name = judged.parity.runtime
        return replace(
            self,
            raws=self.raws | {name: judged.raws},
            scores=self.scores | {name: judged.scores},
            maps=self.maps | {name: judged.score_map},
            parity=(*self.parity, judged.parity),
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """What a network file on a runtime says of all held-out pictures, beside the reference."""

    raws: Raws
    scores: Raws
    score_map: ScoreMap
    parity: Parity


def _network_on(runtime: str) -> Text:
    return Text(f"the network on {runtime}", f"{runtime} 上的网络")


def judge(calibration: Calibration, runtime: str, raws: Raws, score_map: ScoreMap | None = None) -> Judged:
    """Hold a runtime's raw scores of all pictures against the reference, on a map of its own or a given one.

    Raises:
        RefusedForSafety: the scores say nothing, or another thing than the reference's.
    """
    refuse_constant(raws, _network_on(runtime))
    own = score_map or map_through_line(calibration.maps[REFERENCE], raws, calibration.raws[REFERENCE])
    scores = scores_in_unit({runtime: raws}, {runtime: own})[runtime]
    parity = compare(runtime, list(calibration.names), calibration.scores[REFERENCE], scores, calibration.limits)
    return Judged(raws, scores, own, parity)


def first_through_the_gate(
    names: Sequence[str],
    tensors: Tensors,
    network: bytes,
    tried: Sequence[CrossFit],
    runtimes: Sequence[str],
    progress: Progress,
) -> tuple[CrossFit, Calibration]:
    """The best scorer that every runtime agrees on; a scorer can magnify what two runtimes round differently.

    Where no scorer is agreed on, the best one of the reference, for those runtimes that agree: nobody is to lose a
    training for a runtime that a station need not use, and the others are left out loudly.

    Raises:
        RefusedForSafety: the reference itself says nothing.
    """
    reach = reach_of(tensors, network)
    found: list[tuple[CrossFit, Calibration]] = []
    silent: list[RefusedForSafety] = []
    for candidate in tried[:_ATTEMPTS]:
        try:
            calibration = of_reference(names, candidate, reach(candidate))
            for name in runtimes:
                calibration = _beside(calibration, name, _raws(tensors, network, name, candidate, progress))
        except RefusedForSafety as refusal:
            silent.append(refusal)
            continue
        if not calibration.refused:
            return candidate, calibration
        found.append((candidate, calibration))
    if not found:
        raise silent[0]
    best = found[0]
    for parity in best[1].refused:
        progress.say(left_out(parity))
    return best


def _beside(calibration: Calibration, runtime: str, raws: Raws) -> Calibration:
    """The calibration with a runtime that agrees with the reference, or with one more that is refused."""
    try:
        judged = judge(calibration, runtime, raws)
    except RefusedForSafety as refusal:
        own = Parity(runtime, len(raws), (), (), 1.0, refusal.reason)
        return replace(calibration, refused=(*calibration.refused, own))
    if judged.parity.passed:
        return calibration.with_runtime(judged)
    return replace(calibration, refused=(*calibration.refused, judged.parity))


class HeldOut(Protocol):
    """Held-out raw scores on the reference runtime: of what is good, and of what is not."""

    @property
    def good(self) -> Raws: ...
    @property
    def defective(self) -> Raws: ...


def of_reference(names: Sequence[str], best: HeldOut, reach: float | None = None) -> Calibration:
    """Map and limits from the reference's own scores; `reach`: as `raw_limits`.

    Raises:
        RefusedForSafety: the scores say nothing.
    """
    raws = {REFERENCE: np.concatenate([best.good, best.defective])}
    refuse_constant(raws[REFERENCE], _network_on(REFERENCE))
    maps = {REFERENCE: reference_map(best.good)}
    raw = raw_limits(best.good, best.defective, reach)
    limits = limits_in_unit(raw, maps[REFERENCE])
    return Calibration(tuple(names), raws, scores_in_unit(raws, maps), maps, raw, limits, ())


def reach_of(tensors: Tensors, network: bytes) -> Callable[[CrossFit], float | None]:
    """What a scorer says of what no part looks like, where no defect shows how far scores go: None where one does."""
    if tensors.defective:
        return lambda _: None
    shots = [replace(shot, inputs=in_squares(shot.inputs)) for shot in tensors.plain[:_COVERED]]
    extract = Extractor(network, REFERENCE, threads=2)
    try:
        seen = [*grouped(extract(frames_of(shots)), shots)]
    finally:
        extract.close()
    return lambda best: float(np.median([best.held_out(index, own) for index, own in enumerate(seen)]))


def _raws(tensors: Tensors, network: bytes, runtime: str, best: CrossFit, progress: Progress) -> Raws:
    """Raw scores of all pictures on a runtime, each by the scorer that never saw it."""
    frames = tensors.frames
    extract = Extractor(network, runtime, threads=2)
    try:
        maps = progress.each(f"parity on {runtime}", extract(frames), len(frames))
        return np.array([best.held_out(index, own) for index, own in enumerate(grouped(maps, tensors.plain))])
    finally:
        extract.close()
