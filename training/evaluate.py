"""Every picture of a data set through the station's own Detector, and what that proves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.decision import Limits, Outcome
from models.detector import Detector, Judgement
from models.manifest import UNKNOWN_DEFECT, Manifest
from models.picture_file import read_picture
from models.runtimes.choose import installed_runtimes
from training.data.dataset import Picture
from training.map_figures import MapFigures
from training.metrics.ranking import auroc, average_precision
from training.metrics.rate import Rate
from training.name_figures import NameFigures, name_figures

CAUGHT = frozenset({Outcome.NG, Outcome.RECHECK})


@dataclass(frozen=True, slots=True)
class Judged:
    """What the Detector said of one picture; `named` is the first detection's label or ""."""

    picture: Picture
    score: float
    outcome: Outcome
    named: str
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one runtime. Escapes are defective pictures called OK, overkill good pictures called NG.

    `overlooked`: pictures of parts called NO_PART; `gaps`: pictures of nothing called so. By class: `auroc_per_class`
    against the good pictures, `recall_per_class` the defective ones that are NG or RECHECK. `names`: where every
    picture shows a defect; `maps`: where it was asked for.
    """

    runtime: str
    auroc: float | None
    escapes: Rate
    overkill: Rate
    recheck_good: Rate
    recheck_defective: Rate
    named_right: Rate
    overlooked: Rate
    gaps: Rate
    per_class: dict[str, Rate]
    latency_p50_ms: float
    latency_p99_ms: float
    average_precision: float | None = None
    auroc_per_class: dict[str, float] = field(default_factory=dict)
    recall_per_class: dict[str, Rate] = field(default_factory=dict)
    names: NameFigures | None = None
    maps: MapFigures | None = None

    def rows(self) -> list[tuple[str, str]]:
        """(what, how many) for people."""
        value = "none without both good and defective pictures" if self.auroc is None else f"{100 * self.auroc:.2f}"
        return [
            ("AUROC", value),
            *([] if self.average_precision is None else [("avg. precision", f"{100 * self.average_precision:.2f}")]),
            *((f"AUROC, {label}", f"{100 * own:.2f}") for label, own in self.auroc_per_class.items()),
            ("escapes", str(self.escapes)),
            ("overkill", str(self.overkill)),
            *((f"escapes, {label}", str(rate)) for label, rate in self.per_class.items()),
            ("recheck, good", str(self.recheck_good)),
            ("recheck, defect", str(self.recheck_defective)),
            ("named right", str(self.named_right)),
            *([] if self.names is None else self.names.rows()),
            *([] if self.maps is None else self.maps.rows()),
            ("overlooked", str(self.overlooked)),
            ("gaps found", str(self.gaps)),
            ("latency", f"p50 {self.latency_p50_ms:.1f} ms, p99 {self.latency_p99_ms:.1f} ms"),
        ]

    def figures(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "runtime": self.runtime,
            "auroc": self.auroc,
            "average_precision": self.average_precision,
            "auroc_per_class": self.auroc_per_class,
            "recall_per_class": {label: rate.figures() for label, rate in self.recall_per_class.items()},
            "escapes": self.escapes.figures(),
            "escapes_per_class": {label: rate.figures() for label, rate in self.per_class.items()},
            "overkill": self.overkill.figures(),
            "recheck_good": self.recheck_good.figures(),
            "recheck_defective": self.recheck_defective.figures(),
            "named_right": self.named_right.figures(),
            "overlooked": self.overlooked.figures(),
            "gaps": self.gaps.figures(),
            "names": None if self.names is None else self.names.figures(),
            "maps": None if self.maps is None else self.maps.figures(),
            "latency_p50_ms": round(self.latency_p50_ms, 3),
            "latency_p99_ms": round(self.latency_p99_ms, 3),
        }


def proven_here(manifest: Manifest) -> tuple[str, ...]:
    """Runtimes that the package was proven on and that are installed; on any other its golden frames may differ."""
    formats = {artefact.format for artefact in manifest.artefacts}
    return tuple(name for name in installed_runtimes(formats) if name in manifest.score_maps)


def judge_pictures(
    detector: Detector,
    pictures: Iterable[Picture],
    limits: Limits | None = None,
    also: Callable[[Picture, Judgement], None] | None = None,
) -> list[Judged]:
    """Run every picture through the detector; `also` takes what of each is not kept, its map above all."""
    judged = []
    for picture in pictures:
        found = detector.judge_anyway(read_picture(picture.path), limits)
        judged.append(judged_of(picture, found))
        if also is not None:
            also(picture, found)
    return judged


def judged_of(picture: Picture, found: Judgement) -> Judged:
    """What of a judgement every figure needs."""
    decision = found.decision
    took_ms = (found.preprocess_ns + found.infer_ns + found.score_ns) / 1e6
    named = decision.detections[0].label if decision.detections else ""
    outcome = Outcome.NO_PART if found.prepared.empty else decision.outcome
    return Judged(picture, decision.score, outcome, named, took_ms)


def count_gaps(detector: Detector, empty: Sequence[Picture]) -> Rate:
    """How many pictures of nothing the detector knows for what they are."""
    return Rate(sum(detector.prepare(read_picture(picture.path)).empty for picture in empty), len(empty))


def summarize(
    runtime: str, judged: list[Judged], known: frozenset[str], gaps: Rate, maps: MapFigures | None = None
) -> Evaluation:
    """Figures of judged pictures; `known` are the labels of the catalogue (others may only be named unknown)."""
    good = [one for one in judged if one.picture.good]
    bad = [one for one in judged if not one.picture.good]
    found = [one for one in bad if one.named]
    right = sum(one.named == (one.picture.label if one.picture.label in known else UNKNOWN_DEFECT) for one in found)
    by_label = {label: [one for one in bad if one.picture.label == label] for label in _labels(bad)}
    both = bool(good and bad)
    latencies = [one.latency_ms for one in judged]
    return Evaluation(
        runtime=runtime,
        auroc=auroc(scores_of(good), scores_of(bad)) if both else None,
        escapes=_rate(bad, Outcome.OK),
        overkill=_rate(good, Outcome.NG),
        recheck_good=_rate(good, Outcome.RECHECK),
        recheck_defective=_rate(bad, Outcome.RECHECK),
        named_right=Rate(right, len(found)),
        overlooked=_rate(judged, Outcome.NO_PART),
        gaps=gaps,
        per_class={label: _rate(own, Outcome.OK) for label, own in by_label.items()},
        latency_p50_ms=float(np.quantile(latencies, 0.5)),
        latency_p99_ms=float(np.quantile(latencies, 0.99)),
        average_precision=average_precision(scores_of(good), scores_of(bad)) if both else None,
        auroc_per_class={label: auroc(scores_of(good), scores_of(own)) for label, own in by_label.items() if both},
        recall_per_class={
            label: Rate(sum(one.outcome in CAUGHT for one in own), len(own)) for label, own in by_label.items()
        },
        names=None if good or not bad else name_figures([(one.picture.label, one.named) for one in bad]),
        maps=maps,
    )


def _labels(judged: Iterable[Judged]) -> list[str]:
    return sorted({one.picture.label for one in judged})


def scores_of(judged: Iterable[Judged]) -> NDArray[np.float64]:
    return np.array([one.score for one in judged], np.float64)


def confusion(judged: list[Judged]) -> dict[str, Counter[str]]:
    """Folder → how many pictures got which outcome."""
    table: dict[str, Counter[str]] = {}
    for one in judged:
        table.setdefault(one.picture.label, Counter())[one.outcome.value] += 1
    return table


def _rate(judged: list[Judged], outcome: Outcome) -> Rate:
    return Rate(sum(one.outcome is outcome for one in judged), len(judged))
