"""What a finished run is told by, gathered once for the summary, the figures, the page and the card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.certificate import Certificate
from training.config import TIMED_PICTURES
from training.evaluate import Judged
from training.proof import proof
from training.report.latency import Latency, latencies
from training.report.ranks import Ranged, auroc_of
from training.report.scored import Scored, held_out, judged_pictures
from training.report.tried import Contender, contenders
from training.report.unseen import on_reference
from training.run import TrainingRun
from training.text import Text


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that `training.check` found in the data."""

    code: str
    weight: Text
    title: Text
    found: Text
    remedy: Text


@dataclass(frozen=True, slots=True)
class Account:
    """`findings`: what was found in the data. `held_out`: what limits rest on. `tested`: pictures never seen, if any.

    Both are scored on the reference runtime.
    """

    run: TrainingRun
    findings: tuple[Remark, ...]
    held_out: Scored
    tested: tuple[Judged, ...]
    latency: tuple[Latency, ...]
    contenders: tuple[Contender, ...]
    proven: Certificate
    auroc: Ranged | None

    @property
    def test(self) -> Scored | None:
        return judged_pictures(self.tested) if self.tested else None


def account_of(run: TrainingRun, findings: Sequence[Remark]) -> Account:
    """Measure and count what the run itself did not; blocks for some seconds."""
    images = [run.pictures.read(picture) for picture in run.data.pictures[:TIMED_PICTURES]]
    held = held_out(run.manifest)
    return Account(
        run,
        tuple(findings),
        held,
        on_reference(run.unseen),
        tuple(latencies(run.request.package, tuple(run.manifest.score_maps), images)),
        tuple(contenders(run)),
        proof(run.manifest),
        auroc_of(held),
    )
