"""Finds pictures of one and the same part: copies, pictures taken twice, and series in other light.

A factory's parts of one product look alike by design; only the same surface (its grain, its scratches) makes a series.
Names, classes and groups are not looked at. The steps:

    texture     what is left of each picture when light and all that the product's parts share are taken out
    candidates  for each picture the few whose texture has the nearest spectrum, wherever it lies in the picture
    likeness    each candidate is moved onto the picture; both textures must agree, and in every part of it
    linkage     pairs that agree become groups; one pair alone never ties two groups together

How far a pair must stand out is not a number made for one product: pairs drawn at random, nearly all of different
parts, show how alike two parts of this product are; see limits.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from training.check.candidates import candidates, signatures_of
from training.check.likeness import NOTHING_ALIKE, Likeness, likeness
from training.check.limits import limits_from
from training.check.linkage import linked
from training.check.look import Look
from training.check.shelf import Shelf
from training.check.texture import (
    SIDE_PX,
    Spectrum,
    Stored,
    moved,
    shape_of,
    shift_between,
    spectrum_of,
    texture_of,
    without_common,
)
from training.progress import Progress
from training.side_by_side import in_order

Read = Callable[[int], NDArray[np.uint8]]

_FEWEST = 8
_DRAWN = 48
_COMPARED = 9
_CHANCE_PAIRS = 600
_SAMPLED = 50
_BRIGHTER = 1.15
_SAME_RATIO = 0.01
_SEED = 20


class SeriesKind(StrEnum):
    """COPY: the same pixels. NEAR: saved again, or the same part taken again. EXPOSURE: the same part, other light."""

    COPY = "copy"
    NEAR = "near"
    EXPOSURE = "exposure"


@dataclass(frozen=True, slots=True)
class Series:
    """Pictures that show one part. `members`: sorted indices, two at least; `why`: what was measured, in a sentence."""

    members: tuple[int, ...]
    kind: SeriesKind
    why: str


def find_series(looks: Sequence[Look], read: Read, progress: Progress) -> tuple[Series, ...]:
    """All series among the pictures, disjoint and sorted by their first member.

    Args:
        looks: one a picture; those with a fault stand in no series.
        read: the picture of an index, `(H, W)` gray or `(H, W, 3)` BGR uint8; called once for each, by two threads.
        progress: told of each step.

    Raises:
        BadPicture: what `read` raises.
    """
    copies: dict[str, list[int]] = {}
    for index, look in enumerate(looks):
        if not look.fault:
            copies.setdefault(look.pixels or look.sha256 or look.name, []).append(index)
    firsts = [same[0] for same in copies.values()]
    alike = _alike([looks[index] for index in firsts], lambda index: read(firsts[index]), progress)
    members = {firsts[index] for group in alike for index in group}
    found = [
        _described(tuple(sorted(index for one in group for index in _same(copies, looks, firsts[one]))), looks)
        for group in alike
    ]
    found += [
        Series(tuple(same), SeriesKind.COPY, "the pixels are equal")
        for same in copies.values()
        if len(same) > 1 and same[0] not in members
    ]
    return tuple(sorted(found, key=lambda series: series.members))


def _same(copies: dict[str, list[int]], looks: Sequence[Look], index: int) -> list[int]:
    look = looks[index]
    return copies[look.pixels or look.sha256 or look.name]


def _described(members: tuple[int, ...], looks: Sequence[Look]) -> Series:
    light = [float(looks[index].thumbnail.mean()) + 1 for index in members]
    ratio = max(light) / min(light)
    if ratio > _BRIGHTER:
        return Series(members, SeriesKind.EXPOSURE, f"the same texture, up to {ratio:.1f} times as bright")
    return Series(members, SeriesKind.NEAR, "the same texture in the same light")


def _alike(looks: Sequence[Look], read: Read, progress: Progress) -> tuple[tuple[int, ...], ...]:
    """Groups among pictures that differ in their pixels; of too few nobody can tell what the product looks like."""
    if len(looks) < _FEWEST:
        return ()
    own = _Textures(_own(_textures(looks, read, progress), progress))
    pairs = candidates(signatures_of(own.textures))
    limits = limits_from(_by_chance(own, len(looks)), own.clearest(), len(pairs))
    compared = in_order(lambda pair: own.likeness(*pair), pairs)
    likes = progress.each("comparing textures", compared, len(pairs))
    links = [(like.peak, one, other) for (one, other), like in zip(pairs, likes, strict=True) if limits.passed_by(like)]
    return linked(len(looks), links)


def _textures(looks: Sequence[Look], read: Read, progress: Progress) -> Shelf:
    textures = Shelf([shape_of(look.size, scale) for look, scale in zip(looks, _scales(looks), strict=True)])

    def fill(index: int) -> None:
        whole = textures[index]
        textures.put(index, texture_of(read(index), (whole.shape[0], whole.shape[1])))

    _all(progress, "reading textures", fill, len(looks))
    return textures


def _scales(looks: Sequence[Look]) -> NDArray[np.float64]:
    """One scale for all, so that crops keep their grain; whole frames, most of which have one ratio of width to
    height, are brought to one size, so that a picture saved smaller is found."""
    sides = np.array([math.sqrt(look.size[0] * look.size[1]) for look in looks])
    ratios = np.array([look.size[0] / look.size[1] for look in looks])
    usual = np.abs(ratios / np.median(ratios) - 1) < _SAME_RATIO
    common = np.full(len(looks), SIDE_PX / np.median(sides))
    return np.where(usual, SIDE_PX / sides, common) if usual.mean() > 0.5 else common


def _all(progress: Progress, step: str, work: Callable[[int], None], count: int) -> None:
    for _ in progress.each(step, in_order(work, range(count)), count):
        continue


class _Textures:
    """Textures, and their spectra as far as they were needed of late."""

    def __init__(self, textures: Sequence[Stored]) -> None:
        self.textures = textures
        self.spectrum: Callable[[int], Spectrum] = lru_cache(maxsize=512)(self._spectrum)

    def _spectrum(self, index: int) -> Spectrum:
        return spectrum_of(self.textures[index])

    def likeness(self, one: int, other: int) -> Likeness:
        shift = shift_between(self.spectrum(one), self.spectrum(other))
        if shift.peak <= 0:
            return NOTHING_ALIKE
        return likeness(self.textures[one], self.textures[other], shift)

    def clearest(self) -> float:
        """The peak of a typical picture with itself: no other picture of its part can stand out further."""
        some = range(0, len(self.textures), max(1, len(self.textures) // _SAMPLED))
        return float(np.median([shift_between(self.spectrum(index), self.spectrum(index)).peak for index in some]))


def _own(textures: Shelf, progress: Progress) -> Shelf:
    """Each texture without what it shares with others of the product."""
    known, signatures, count = _Textures(textures), signatures_of(textures), len(textures)
    result = Shelf([(texture.shape[0], texture.shape[1]) for texture in textures])
    rng = np.random.default_rng(_SEED)
    # A third at most: of few pictures a series would else be half of those drawn, and be taken for the product.
    drawn = [rng.choice(count, min(_DRAWN, count // 3), replace=False) for _ in range(count)]

    def fill(index: int) -> None:
        others = drawn[index][drawn[index] != index]
        nearest = others[np.argsort(-(signatures[others] @ signatures[index]))[:_COMPARED]].tolist()
        shifts = [shift_between(known.spectrum(index), known.spectrum(other)) for other in nearest]
        whole = textures[index]
        shape = whole.shape[0], whole.shape[1]
        placed = [moved(textures[other], shift, shape) for other, shift in zip(nearest, shifts, strict=True)]
        result.put(index, without_common(whole, placed))

    _all(progress, "leaving out the product", fill, count)
    return result


def _by_chance(textures: _Textures, count: int) -> list[Likeness]:
    """How alike pairs drawn at random are; nearly all are of different parts."""
    rng = np.random.default_rng(_SEED)
    drawn = rng.integers(count, size=(_CHANCE_PAIRS, 2)).tolist()
    return [textures.likeness(one, other) for one, other in drawn if one != other]
