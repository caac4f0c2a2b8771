"""Which pictures to label next, for three reasons that never mix.

- `audit`: a simple random sample of all candidates, drawn first and without looking at anything. Every candidate has
  the same known probability of being in it, so its labels alone may estimate escapes and overkill (Lohr, "Sampling",
  chapter 2); labels from the two other lists are picked for being odd and would flatter or blacken every figure.
- `near`: where a label moves the limits most: pictures whose score lies nearest to them, in ranks so that a crowded
  side of the scale counts no less. Among the nearest few times as many, those are taken that differ most (below).
- `novel`: pictures unlike any that has a label: greedy k-centre in feature space (Sener and Savarese, "Active learning
  for convolutional neural networks: a core-set approach", ICLR 2018), begun from all labelled pictures and what was
  taken before, so that no two suggestions show the same thing.

Pictures that the gate refuses or that show no part teach a model nothing; only the audit draws from them too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from models.decision import Limits, Outcome
from models.scorers import Floats
from training.suggestion.seen import Seen

_CROWD = 4
_LEAST_DEVIATION = 1e-6


class Why(StrEnum):
    AUDIT = "audit"
    NEAR = "near"
    NOVEL = "novel"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One picture to label. `distance`: to the most similar picture with a label or taken before it, 1 is the usual
    distance between two candidates; `probability`: of being drawn for the audit, None for the other reasons."""

    seen: Seen
    why: Why
    distance: float
    probability: float | None


def shares_of(count: int, shares: Mapping[Why, float]) -> dict[Why, int]:
    """How many of `count` go to each reason: the largest remainders are rounded up."""
    exact = {why: count * share / sum(shares.values()) for why, share in shares.items()}
    whole = {why: int(value) for why, value in exact.items()}
    for why in sorted(exact, key=lambda why: whole[why] - exact[why])[: count - sum(whole.values())]:
        whole[why] += 1
    return whole


def suggest(
    seen: Sequence[Seen], labelled: Floats, limits: Limits, counts: Mapping[Why, int], seed: int
) -> list[Suggestion]:
    """At most as many as `counts` asks for: the audit first, then the nearest, then the most novel.

    `labelled`: `(n, D)`, how pictures that have a label look; n may be 0.
    """
    looks, known = _scaled(seen, labelled)
    rng = np.random.default_rng(seed)
    drawn = min(counts.get(Why.AUDIT, 0), len(seen))
    audit = sorted(int(index) for index in rng.choice(len(seen), drawn, replace=False)) if drawn else []
    spread = _Spread(looks, known)
    found = [Suggestion(seen[index], Why.AUDIT, spread.take(index), drawn / len(seen)) for index in audit]
    fit = [index for index in range(len(seen)) if not seen[index].unfit and seen[index].outcome is not Outcome.NO_PART]
    for why, few in ((Why.NEAR, _nearest(seen, limits)), (Why.NOVEL, None)):
        taken = {id(one.seen) for one in found}
        left = [index for index in fit if id(seen[index]) not in taken]
        wanted = counts.get(why, 0)
        pool = left if few is None else sorted(left, key=lambda index: (few[index], index))[: _CROWD * wanted]
        found += [Suggestion(seen[index], why, distance, None) for index, distance in spread.farthest(pool, wanted)]
    return found


def _scaled(seen: Sequence[Seen], labelled: Floats) -> tuple[Floats, Floats]:
    """Looks of candidates and labelled pictures in units in which the usual distance of two candidates is 1."""
    looks = np.stack([one.look for one in seen])
    centre, deviation = looks.mean(axis=0), looks.std(axis=0)
    # Twice the variance, summed over the dimensions, is the mean square distance of two draws.
    unit = np.maximum(deviation, _LEAST_DEVIATION) * np.sqrt(2 * max(1, int((deviation > _LEAST_DEVIATION).sum())))
    known = labelled if len(labelled) else looks[:0]
    return np.asarray((looks - centre) / unit, np.float32), np.asarray((known - centre) / unit, np.float32)


def _nearest(seen: Sequence[Seen], limits: Limits) -> NDArray[np.intp]:
    """Rank of each by how many other scores lie between it and the nearer limit; between the limits it is 0."""
    scores = np.array([one.score for one in seen])
    ordered = np.sort(scores)
    low, high = (int(np.searchsorted(ordered, limit)) for limit in (limits.ok_below, limits.ng_from))
    below = low - np.searchsorted(ordered, scores, side="left")
    above = np.searchsorted(ordered, scores, side="right") - high
    return np.maximum(0, np.maximum(below, above)).astype(np.intp)


class _Spread:
    """Greedy k-centre: how far each candidate is from all that is known, kept up while more becomes known."""

    def __init__(self, looks: Floats, known: Floats) -> None:
        self._looks = looks
        self._distance = np.full(len(looks), np.inf, np.float32)
        for row in known:
            self._near(row)
        if not len(known):
            # Nothing is labelled: what lies in the middle is not novel.
            self._near(looks[int(np.einsum("nd,nd->n", looks, looks).argmin())])

    def take(self, index: int) -> float:
        distance = float(self._distance[index])
        self._near(self._looks[index])
        return distance

    def farthest(self, pool: Sequence[int], count: int) -> list[tuple[int, float]]:
        """`count` of `pool`, each the farthest from everything known when it was taken."""
        rest = list(pool)
        found: list[tuple[int, float]] = []
        while rest and len(found) < count:
            index = max(rest, key=lambda one: float(self._distance[one]))
            rest.remove(index)
            found.append((index, self.take(index)))
        return found

    def _near(self, row: Floats) -> None:
        offset = self._looks - row
        self._distance = np.minimum(self._distance, np.sqrt(np.einsum("nd,nd->n", offset, offset)))
