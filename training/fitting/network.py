"""A small network that tells places of defects from good places (Liu et al., "SimpleNet", CVPR 2023; Rolih et al.,
"SuperSimpleNet", 2024), learned in seconds on features that are there already.

It learns from good places as they are and with noise, and from places of defects, synthetic and real. One false place
makes a good part NG, so what counts of a good picture is what of it looks worst.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, softplus

from models.discriminator import SLOPE
from models.scorers import Floats

UNITS = 16
PLACES = 256
LESSON_PLACES = 16
_STEPS = 120
_PICTURES = 16
_RATE = 4e-3
_DECAY = 1e-3
_HARDEST = 0.25
_NOISE = 0.5
_MOST_REAL = 0.75
_REAL_HALF = 20
_FEWEST_SPREAD = 1e-3


@dataclass(frozen=True, slots=True)
class Lessons:
    """What one network learns from: places of good pictures `(n, p, D)`, of synthetic and of real defects `(k, D)`."""

    good: Floats
    synthetic: Sequence[Floats]
    real: Sequence[Floats]


@dataclass(frozen=True, slots=True)
class Layers:
    """A leaky hidden layer and one logit for place vectors as they are; the last row of each is the bias."""

    hidden: Floats
    out: Floats

    def logits(self, vectors: Floats) -> Floats:
        """`(n,)` of place vectors `(n, D)`."""
        cells = vectors @ self.hidden[:-1] + self.hidden[-1]
        return np.asarray(np.maximum(cells, cells * np.float32(SLOPE)) @ self.out[:-1] + self.out[-1], np.float32)


def learn(lessons: Lessons, seed: int) -> Layers:
    """The same lessons and seed give the same bytes."""
    threads = torch.get_num_threads()
    # How sums are split among threads shows in their last bits.
    torch.set_num_threads(1)
    try:
        return _learn(lessons, seed)
    finally:
        torch.set_num_threads(threads)


def _learn(lessons: Lessons, seed: int) -> Layers:
    width = lessons.good.shape[2]
    flat = lessons.good.reshape(-1, width)
    mean = flat.mean(axis=0, dtype=np.float64).astype(np.float32)
    scale = flat.std(axis=0, dtype=np.float64).astype(np.float32) + np.float32(_FEWEST_SPREAD)
    known = Lessons(
        (lessons.good - mean) / scale,
        [(places - mean) / scale for places in lessons.synthetic],
        [(places - mean) / scale for places in lessons.real],
    )
    rng, chance = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    first, last = _layer(width, UNITS, chance), _layer(UNITS, 1, chance)
    optimizer = torch.optim.AdamW([*first, *last], lr=_RATE, weight_decay=_DECAY)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=_STEPS, pct_start=0.2)

    def logits(rows: Tensor) -> Tensor:
        return (leaky_relu(rows @ first[0] + first[1], SLOPE) @ last[0] + last[1])[..., 0]

    for _ in range(_STEPS):
        good = torch.from_numpy(known.good[rng.integers(0, len(known.good), _PICTURES)])
        places, covered = (torch.from_numpy(array) for array in drawn(known, rng))
        loss = _good_loss(logits(good)) + _defect_loss(logits(places), covered)
        loss = loss + 0.5 * softplus(-logits(_noisy(good.reshape(-1, width), chance))).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types there
        optimizer.step()
        pace.step()
    inner, bias, outer, end = (one.detach().numpy().astype(np.float64) for one in (*first, *last))
    inner = inner / scale[:, None]
    hidden = np.concatenate([inner, (bias - mean @ inner)[None]])
    return Layers(hidden.astype(np.float32), np.append(outer[:, 0], end).astype(np.float32))


def _layer(inputs: int, outputs: int, chance: torch.Generator) -> tuple[nn.Parameter, nn.Parameter]:
    weight = torch.randn((inputs, outputs), generator=chance) * (2.0 / inputs) ** 0.5
    return nn.Parameter(weight), nn.Parameter(torch.zeros(outputs))


def drawn(lessons: Lessons, rng: np.random.Generator) -> tuple[Floats, NDArray[np.bool_]]:
    """Places of some defects `(pictures, places, D)` and which of them there are; real ones the more there are."""
    real = len(lessons.real)
    share = _MOST_REAL * real / (real + _REAL_HALF) if lessons.synthetic else 1.0
    taught = np.zeros((_PICTURES, LESSON_PLACES, lessons.good.shape[2]), np.float32)
    covered = np.zeros((_PICTURES, LESSON_PLACES), np.bool_)
    for row in range(_PICTURES):
        pool = lessons.real if rng.random() < share else lessons.synthetic
        places = pool[int(rng.integers(len(pool)))]
        kept = places[rng.permutation(len(places))[:LESSON_PLACES]]
        taught[row, : len(kept)], covered[row, : len(kept)] = kept, True
    return taught, covered


def _good_loss(logits: Tensor) -> Tensor:
    """Of the worst quarter of all places, and of each picture's worst."""
    every = softplus(logits).flatten()
    return every.topk(max(1, int(_HARDEST * every.numel()))).values.mean() + softplus(logits.amax(1)).mean()


def _defect_loss(logits: Tensor, covered: Tensor) -> Tensor:
    """Of all places of a defect, each defect alike, and of the one that shows it best."""
    weights = covered / covered.sum(1, keepdim=True)
    best = logits.masked_fill(~covered, -torch.inf).amax(1)
    return (softplus(-logits) * weights).sum(1).mean() + softplus(-best).mean()


def _noisy(places: Tensor, chance: torch.Generator) -> Tensor:
    """Some good places with noise between a quarter and seven times a quarter of the usual one."""
    some = places[torch.randperm(len(places), generator=chance)[: len(places) // 4]]
    strength = _NOISE * (0.25 + 1.5 * torch.rand((len(some), 1), generator=chance))
    return some + strength * torch.randn(some.shape, generator=chance)
