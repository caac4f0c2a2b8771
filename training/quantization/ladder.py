"""INT8 that is repaired where it loses too much on validation pictures, by as little as suffices.

rounding alone → the layers that cost most stay in floating point → learning goes on with INT8 in sight

The first rung that loses no more than `LIMIT_POINTS` against fp32 is taken; where none does, the one that loses least.
Every network is judged on the same pictures as fp32 is, so that the loss is a difference in pairs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from training.progress import Progress
from training.quantization.plan import QuantPlan
from training.quantization.quantize import quantize
from training.quantization.sensitivity import rank_layers, shares

Asked = Literal["auto", "static", "aware"]
Frames = Sequence[NDArray[np.uint8]]

LIMIT_POINTS = 0.5
# Of all multiply-adds: what stays in floating point takes about twice its time.
MOST_PLAIN = 0.1
_MOST_LAYERS = 8
_RANKED_ON = 12
# The share of the risk that a certificate gives to rounding alone; all other networks have the rest among them.
_USUAL_SHARE = 0.75


class Rung(StrEnum):
    """How a network came to INT8."""

    STATIC = "static"
    PLAIN = "plain"
    AWARE = "aware"


@dataclass(frozen=True, slots=True)
class Loss:
    """What fp32 and INT8 reach on the same pictures, 0 to 1; `error`: of their difference, in points, if known.

    `figure`: what they reach of, in English and Chinese.
    """

    fp32: float
    int8: float
    error: float | None
    figure: tuple[str, str]

    @property
    def points(self) -> float:
        """What INT8 loses; below zero where it gains."""
        return 100.0 * (self.fp32 - self.int8)

    @property
    def bearable(self) -> bool:
        # A millionth of a point is how numbers are stored.
        return self.points <= LIMIT_POINTS + 1e-6


@dataclass(frozen=True, slots=True)
class Step:
    """One network that was judged.

    `layers`: those that stay in floating point, `share` of all multiply-adds; `seconds`: to make and judge it.
    """

    rung: Rung
    network: bytes
    loss: Loss
    layers: tuple[str, ...] = ()
    share: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Climb:
    """All steps as they were taken, and the one whose network is used; `possible`: how many might have been judged."""

    asked: Asked
    steps: tuple[Step, ...]
    taken: Step
    possible: int

    def counted(self, scorers: int) -> int:
        """For how many scorers a certificate must allow that had a say on the pictures which it rests on.

        Which network is used was chosen on them too. Rounding alone, which nearly always suffices, has three quarters
        of the risk; all that could have been taken in its place share the rest.
        """
        if self.possible == 1:
            return scorers
        if self.taken.rung is Rung.STATIC:
            return ceil(scorers / _USUAL_SHARE)
        return ceil(scorers * (self.possible - 1) / (1 - _USUAL_SHARE))


@dataclass(frozen=True, slots=True)
class Ladder:
    """What a climb needs.

    `plain`: the network in fp32. `frames`: network inputs that ranges and rounding come from; `validation`: others, for
    ranking layers. `judge`: what a network loses. `aware`: makes one that learned with INT8 in sight; None where
    nothing learns.
    """

    plain: bytes
    frames: Frames
    validation: Frames
    judge: Callable[[bytes], Loss]
    aware: Callable[[], bytes] | None
    progress: Progress

    def climb(self, asked: Asked) -> Climb:
        """Blocks for minutes where rounding alone does not suffice."""
        steps = [self._step(Rung.STATIC, lambda: quantize(self.plain, self.frames))]
        possible = 1
        if asked == "auto":
            possible += _MOST_LAYERS + (self.aware is not None)
            if not steps[0].loss.bearable:
                steps += self._plain()
        if self.aware is not None and (asked == "aware" or (asked == "auto" and not _suffices(steps))):
            possible = max(possible, 2)
            steps.append(self._step(Rung.AWARE, self.aware))
        taken = _taken(steps, asked)
        tell_loss(taken.loss, self.progress)
        return Climb(asked, tuple(steps), taken, possible)

    def _plain(self) -> list[Step]:
        """The most layers first; if they suffice, the fewest that do, by halving."""
        layers, share_of = self._affordable()
        found: list[Step] = []

        def suffice(count: int) -> bool:
            own = tuple(layers[:count])
            step = self._step(
                Rung.PLAIN,
                lambda: quantize(self.plain, self.frames, QuantPlan(plain=own)),
                own,
                sum(share_of[layer] for layer in own),
            )
            found.append(step)
            return step.loss.bearable

        low, high = 0, len(layers)
        if layers and suffice(high):
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if suffice(middle) else (middle, high)
        return found

    def _affordable(self) -> tuple[list[str], dict[str, float]]:
        """The layers that cost most accuracy, as many as may stay in floating point, and what each costs in time."""
        share_of, left = shares(self.plain, self.validation[0]), MOST_PLAIN
        found: list[str] = []
        for one in rank_layers(self.plain, self.frames, self.validation[:_RANKED_ON]):
            if len(found) < _MOST_LAYERS and share_of[one.layer] <= left:
                found.append(one.layer)
                left -= share_of[one.layer]
        return found, share_of

    def _step(self, rung: Rung, make: Callable[[], bytes], layers: tuple[str, ...] = (), share: float = 0.0) -> Step:
        begun = time.monotonic()
        network = make()
        loss = self.judge(network)
        step = Step(rung, network, loss, layers, share, time.monotonic() - begun)
        self.progress.say(f"INT8, {said(step)}: {told_loss(loss)}")
        return step


def _suffices(steps: Sequence[Step]) -> bool:
    return any(step.loss.bearable for step in steps)


def _taken(steps: Sequence[Step], asked: Asked) -> Step:
    """The lowest rung that suffices, of that the fewest layers; else what loses least. What was asked for if it does
    not lose more than the other.
    """
    least = min(step.loss.points for step in steps)
    if asked == "aware" and steps[-1].loss.points <= least:
        return steps[-1]
    if asked == "aware":
        return min(steps, key=lambda step: step.loss.points)
    enough = [step for step in steps if step.loss.bearable]
    if enough:
        return min(enough, key=lambda step: (list(Rung).index(step.rung), len(step.layers)))
    return min(steps, key=lambda step: step.loss.points)


def said(step: Step) -> str:
    """How a network was made, in a few words."""
    if step.rung is Rung.PLAIN:
        return f"{len(step.layers)} layers in floating point ({step.share:.1%} of the multiply-adds)"
    return "rounding alone" if step.rung is Rung.STATIC else "taught on with INT8 in sight"


def told_loss(loss: Loss) -> str:
    """The difference to fp32, with how sure it is."""
    error = "" if loss.error is None else f" +- {loss.error:.2f}"
    return f"{loss.figure[0]} {100 * loss.int8:.2f}, fp32 {100 * loss.fp32:.2f}, lost {loss.points:.2f}{error} points"


def tell_loss(loss: Loss, progress: Progress) -> None:
    """Say loudly that INT8 loses too much."""
    if not loss.bearable:
        progress.say(
            f"WARNING: INT8 LOSES {loss.points:.2f} POINTS of {loss.figure[0]} on held-out pictures "
            f"({100 * loss.int8:.2f}, fp32 {100 * loss.fp32:.2f}); train with more pictures, or with another size"
        )
