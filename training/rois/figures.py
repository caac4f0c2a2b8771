"""How often each named region is judged right, with exact intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.decision import Outcome
from training.data.dataset import Picture
from training.metrics.rate import Rate


@dataclass(frozen=True, slots=True)
class RegionJudged:
    """What was said of one region of one picture; `seen` is what it was taken for, `label` what it shows."""

    picture: Picture
    roi: str
    expected: str
    label: str
    score: float
    outcome: Outcome
    seen: str

    @property
    def good(self) -> bool:
        return self.label == self.expected

    @property
    def wrong(self) -> bool:
        """Called OK though it is not, NG though it is OK, or taken for another class."""
        opposite = Outcome.NG if self.good else Outcome.OK
        return self.outcome is opposite or self.seen != self.label


@dataclass(frozen=True, slots=True)
class RegionFigures:
    """Figures of one region, or of all. Escapes: not as expected but OK; overkill: as expected but NG."""

    name: str
    right: Rate
    escapes: Rate
    overkill: Rate
    recheck_good: Rate
    recheck_defective: Rate


def figures_of(name: str, judged: Sequence[RegionJudged]) -> RegionFigures:
    good = [one for one in judged if one.good]
    bad = [one for one in judged if not one.good]
    return RegionFigures(
        name,
        Rate(sum(not one.wrong for one in judged), len(judged)),
        _rate(bad, Outcome.OK),
        _rate(good, Outcome.NG),
        _rate(good, Outcome.RECHECK),
        _rate(bad, Outcome.RECHECK),
    )


def by_region(judged: Iterable[RegionJudged]) -> tuple[RegionFigures, ...]:
    """One row a region, in order, then one of all."""
    rows: dict[str, list[RegionJudged]] = {}
    for one in judged:
        rows.setdefault(one.roi, []).append(one)
    everything = [one for own in rows.values() for one in own]
    return (*(figures_of(name, own) for name, own in rows.items()), figures_of("all regions", everything))


def by_part(judged: Iterable[RegionJudged]) -> RegionFigures:
    """The same of whole parts: a part is as good as its worst region. A part is right when all its regions are."""
    parts: dict[str, list[RegionJudged]] = {}
    for one in judged:
        parts.setdefault(one.picture.name, []).append(one)
    worst = [part_of(own) for own in parts.values()]
    return figures_of("whole parts", worst)


def part_of(regions: Sequence[RegionJudged]) -> RegionJudged:
    """One part as if it were one region that is either complete or not."""
    worst = max(regions, key=lambda one: one.score)
    good, right = all(one.good for one in regions), not any(one.wrong for one in regions)
    label = "complete" if good else "incomplete"
    return RegionJudged(worst.picture, "", "complete", label, worst.score, worst.outcome, label if right else "")


def _rate(judged: Sequence[RegionJudged], outcome: Outcome) -> Rate:
    return Rate(sum(one.outcome is outcome for one in judged), len(judged))
