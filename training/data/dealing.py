"""Groups → subsets, so that every class has the asked share everywhere and no group is torn.

This is multi-way number partitioning with a vector (pictures of each class) for every group, which is NP-hard, so that
two known heuristics are joined:

- the start is stratified as by Sechidis, Tsoumakas, Vlahavas ("On the Stratification of Multi-Label Data", ECML PKDD
  2011): what can be dealt in proportion is, the rest goes group by group, the largest first, where it is missed most;
- it is improved by passes of Fiduccia and Mattheyses ("A Linear-Time Heuristic for Improving Network Partitions", DAC
  1982): always the best move, also one that makes it worse, each moved group then locked; the best prefix is kept.
  Where no pass gains anything, pairs of moves are tried (an exchange is two moves that are bad alone).

Groups with equal counts are interchangeable and counted as one kind, so that 100,000 single pictures are a few kinds.

Cost: the sum over classes and subsets of (n/N - share)² / share, with n of a class's N pictures in the subset, weighted
by class, plus penalties where a class has no group at all in a subset that wants one.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_PASSES, _MOVES, _PAIRS = 20, 48, 24
# So many starts for so many kinds of groups: few of them are tried often, in another order every time.
_STARTS = ((16, 48), (200, 6), (5000, 3))
_DECIMALS = 9  # what sums differ by from machine to machine must decide nothing
_FREE = -1

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
_Move = tuple[int, int, int]  # kind, from, to


@dataclass(frozen=True, slots=True)
class Wanted:
    """`shares` `(S,)`, all above 0, sum 1; `weights` `(C,)`: what a class counts beside others.

    `penalties` `(C, S)`: what it costs when a class has no group there. `fixed` `(G,)`: the subset that a group has and
    keeps, or -1.
    """

    shares: Floats
    weights: Floats
    penalties: Floats
    fixed: Counts


def deal(counts: Counts, wanted: Wanted, seed: int) -> Counts:
    """The subset `(G,)` of each group; `counts` `(G, C)` are its pictures of each class, none all zero.

    Groups of equal counts are dealt in the order in which they stand.
    """
    free = wanted.fixed == _FREE
    dealt = wanted.fixed.copy()
    if not free.any():
        return dealt
    kinds, kind_of = np.unique(counts[free], axis=0, return_inverse=True)
    best: _Table | None = None
    starts = next((many for most, many in _STARTS if len(kinds) <= most), 1)
    for start in range(starts):
        table = _Table(kinds, np.bincount(kind_of.reshape(-1)), counts[~free], wanted)
        table.fill(random.Random(f"{seed}/{start}"), start / starts)
        table.improve()
        if best is None or round(table.cost(), _DECIMALS) < round(best.cost(), _DECIMALS):
            best = table
    assert best is not None  # there is at least one start
    places = np.flatnonzero(free)
    for kind, placed in enumerate(best.placed):
        dealt[places[kind_of.reshape(-1) == kind]] = np.repeat(np.arange(len(placed)), placed)
    return dealt


class _Table:
    """How many groups of each kind lie in each subset, and what that costs."""

    def __init__(self, kinds: Counts, many: Counts, kept: Counts, wanted: Wanted) -> None:
        self._shares, self._penalties, self._weights = wanted.shares, wanted.penalties, wanted.weights
        self._many = many
        fixed = wanted.fixed[wanted.fixed != _FREE]
        totals = np.maximum(kinds.T @ many + kept.sum(0), 1)
        # Pictures as shares of their class (kinds, C), and whether the kind has any of it.
        self._parts, self._holds = kinds / totals, (kinds > 0).astype(np.float64)
        self._sizes = kinds.sum(1)
        self.placed = np.zeros((len(kinds), len(wanted.shares)), np.int64)
        self._off = np.repeat(-wanted.shares[None, :], kinds.shape[1], axis=0)
        self._groups = np.zeros_like(self._off)
        for subset in range(len(wanted.shares)):
            here = kept[fixed == subset]
            self._off[:, subset] += here.sum(0) / totals
            self._groups[:, subset] += (here > 0).sum(0)

    def cost(self) -> float:
        missing = self._penalties[self._groups == 0].sum()
        return float((self._weights @ (self._off**2 / self._shares)).sum() + missing)

    def fill(self, rng: random.Random, disorder: float) -> None:
        """What goes in proportion, then the rest one by one, the largest first, but for `disorder` (0 to 1).

        Penalties are left to `improve`: for them a small group is as good as a large one, which must not be spent so.
        """
        self._put(np.floor(self._many[:, None] * self._shares[None, :] + 1e-9).astype(np.int64))
        rest = np.repeat(np.arange(len(self._many)), self._many - self.placed.sum(1))
        order = sorted((-float(self._sizes[kind]) * (1 - disorder * rng.random()), int(kind)) for kind in rest)
        for _, kind in order:
            misfit = np.round(self._misfit(slice(kind, kind + 1), 1)[0], _DECIMALS)
            self._put_one(kind, int(np.argmin(misfit)), 1)

    def improve(self) -> None:
        """Passes, and pairs of moves, until they gain nothing."""
        for _ in range(_PASSES):
            before = round(self.cost(), _DECIMALS)
            self._pass()
            if round(self.cost(), _DECIMALS) >= before and not self._pair():
                return

    def _pair(self) -> bool:
        """Make the best pair of moves that starts with one of the cheapest; whether one gains anything."""
        free = np.zeros_like(self.placed)
        best, chosen = round(self.cost(), _DECIMALS), None
        for first in self._cheapest(self._changes(free), _PAIRS):
            self._make(first)
            (second,) = self._cheapest(self._changes(free), 1)
            self._make(second)
            now = round(self.cost(), _DECIMALS)
            if now < best:
                best, chosen = now, (first, second)
            self._unmake(second)
            self._unmake(first)
        for move in chosen or ():
            self._make(move)
        return chosen is not None

    def _pass(self) -> None:
        locked = np.zeros_like(self.placed)
        moves: list[_Move] = []
        best, kept = round(self.cost(), _DECIMALS), 0
        for _ in range(_MOVES):
            for move in self._cheapest(self._changes(locked), 1):
                self._make(move)
                locked[move[0], move[2]] += 1
                moves.append(move)
            now = round(self.cost(), _DECIMALS)
            if now < best:
                best, kept = now, len(moves)
        for move in reversed(moves[kept:]):
            self._unmake(move)

    def _changes(self, locked: Counts) -> Floats:
        """`(kinds, from, to)`: what each move would cost; infinite where there is nothing to move."""
        every = slice(None)
        taking = np.where(self.placed > locked, self._taking(every), np.inf)
        change = np.round(taking[:, :, None] + self._adding(every)[:, None, :], _DECIMALS)
        same = np.arange(change.shape[1])
        change[:, same, same] = np.inf
        return change

    @staticmethod
    def _cheapest(changes: Floats, many: int) -> list[_Move]:
        """At most so many moves, the cheapest first."""
        flat = changes.reshape(-1)
        if many == 1:
            chosen = [int(np.argmin(flat))] if flat.size else []
        else:
            chosen = [int(at) for at in np.argsort(flat, kind="stable")[:many]]
        found = [np.unravel_index(at, changes.shape) for at in chosen if np.isfinite(flat[at])]
        return [(int(kind), int(source), int(target)) for kind, source, target in found]

    def _make(self, move: _Move) -> None:
        kind, source, target = move
        self._put_one(kind, source, -1)
        self._put_one(kind, target, 1)

    def _unmake(self, move: _Move) -> None:
        kind, source, target = move
        self._make((kind, target, source))

    def _adding(self, kinds: slice) -> Floats:
        """What one more group of each kind would cost in each subset."""
        return np.asarray(self._misfit(kinds, 1) - self._holds[kinds] @ (self._penalties * (self._groups == 0)))

    def _taking(self, kinds: slice) -> Floats:
        """What one group of each kind less would cost in each subset."""
        return np.asarray(self._misfit(kinds, -1) + self._holds[kinds] @ (self._penalties * (self._groups == 1)))

    def _misfit(self, kinds: slice, count: int) -> Floats:
        """What one group more (1) or less (-1) of each kind changes of the squared misfit, in each subset."""
        parts = self._parts[kinds]
        weighed = parts * self._weights
        own = (weighed * parts).sum(1)[:, None]
        return np.asarray((own + 2 * count * weighed @ self._off) / self._shares)

    def _put(self, more: Counts) -> None:
        self.placed += more
        self._off += self._parts.T @ more
        self._groups += self._holds.T @ more

    def _put_one(self, kind: int, subset: int, count: int) -> None:
        self.placed[kind, subset] += count
        self._off[:, subset] += count * self._parts[kind]
        self._groups[:, subset] += count * self._holds[kind]
