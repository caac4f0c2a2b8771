"""Pictures of the empty belt or fixture → a check that tells when no part is there, or why none can be taught.

Cross-fitted like the scores: each empty picture is held against a model of the others, by group. Nothing is taught
unless every part that was shown, good or defective, lies twice as far from empty as the limit; a picture among the
empty ones that is unlike all others is named, because it may show a part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.decision import Box
from models.fitness import PARTS_ABOVE, PresenceEntry
from models.picture_file import read_picture
from models.presence import (
    EmptyModel,
    area,
    cells,
    deviations,
    fit_model,
    light_of,
    relative,
    small,
)
from models.quality import measure, reduced, seen_in
from models.scorers import Floats
from training.config import FOLDS, TrainConfig
from training.data.dataset import DataSet, Picture
from training.data.split import folds_by_group
from training.progress import Progress

MIN_EMPTY = 12
LIMIT = 1.2

_ODD = 2.5
_DARKEST, _LIGHTEST = 12.0, 245.0
_MEDIAN, _SPREAD = "presence/median.npy", "presence/spread.npy"
_NAMED = 5


Look = Callable[[Picture], NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was taught, or in `text` why nothing was; without empty pictures neither. `arrays`: file → array."""

    text: str = ""
    entry: PresenceEntry | None = None
    arrays: dict[str, Floats] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        return self.entry is None and bool(self.text)


class NotTaught(Exception):
    """The pictures prove no emptiness; says why, and what to do."""


def teach_presence(data: DataSet, config: TrainConfig, progress: Progress, look: Look | None = None) -> Lesson:
    """What `data.empty` teaches; `look`: the pixels of `looked_at` of a picture, where it was read before."""
    where = looked_at(data, config)
    if where is None:
        return Lesson(
            _refusal("the pictures have several sizes; take all with one camera setting") if data.empty else ""
        )
    try:
        return _teach(data, config, progress, look or (lambda picture: small(read_picture(picture.path), where)))
    except NotTaught as why:
        return Lesson(_refusal(str(why)))


def _refusal(why: str) -> str:
    return f"No presence check was taught: {why}. Without it every picture is judged as a part."


def looked_at(data: DataSet, config: TrainConfig) -> Box | None:
    """The part of the pictures that presence looks at; None where there is nothing to teach it."""
    return area(config.geometry.searched, data.size) if data.empty and len(data.sizes) == 1 else None


def _teach(data: DataSet, config: TrainConfig, progress: Progress, look: Look) -> Lesson:
    if len(data.empty) < MIN_EMPTY:
        raise NotTaught(f"empty/ holds {len(data.empty)} different pictures, {MIN_EMPTY} are the least")
    where = area(config.geometry.searched, data.size)
    pixels = [look(picture) for picture in progress.each("empty pictures", data.empty, len(data.empty))]
    empty = [cells(one) for one in pixels]
    _refuse_unlit(empty)
    held_out = _held_out(empty, data.empty, config.seed)
    _refuse_odd(held_out, data.empty)
    model, most = fit_model(empty), tuple(float(value) for value in held_out.max(axis=0))
    # The lamp must not tell parts from gaps: it may burn brighter tomorrow.
    parts = [cells(look(picture)) for picture in progress.each("parts or gaps", data.pictures, len(data.pictures))]
    apart = [relative(deviations(one, light_of(one, model), model), most) for one in parts]
    _refuse_alike(apart, data.pictures)
    lights = [light_of(one, model) for one in empty]
    entry = PresenceEntry(
        picture_size=data.size,
        area=(where.x, where.y, where.w, where.h),
        median=_MEDIAN,
        spread=_SPREAD,
        light=(min(lights), max(lights)),
        most=(most[0], most[1], most[2]),
        limit=LIMIT,
        nearest_part=min(apart),
        quality=seen_in([measure(reduced(one)) for one in pixels]),
        pictures=len(empty),
    )
    return Lesson(_told(entry, data), entry, {_MEDIAN: model.median, _SPREAD: model.spread})


def _refuse_unlit(empty: Sequence[Floats]) -> None:
    light = float(np.median([one[:, :, 1].mean() for one in empty]))
    if light < _DARKEST:
        raise NotTaught(
            f"the empty pictures are almost black ({light:.0f} of 255), so that a lamp that is off would look like a "
            "gap; give the background some light"
        )
    if light > _LIGHTEST:
        raise NotTaught(
            f"the empty pictures are almost white ({light:.0f} of 255), so that a part could be outshone; "
            "shorten the exposure"
        )


def _held_out(empty: Sequence[Floats], pictures: Sequence[Picture], seed: int) -> NDArray[np.float64]:
    """`(n, scales)`: each empty picture's largest deviations from the model of the others."""
    groups = [picture.group for picture in pictures]
    one_lot = len(set(groups)) < FOLDS
    fold_of = folds_by_group([picture.name for picture in pictures] if one_lot else groups, seed)
    models: list[EmptyModel] = [
        fit_model([one for one, fold in zip(empty, fold_of, strict=True) if fold != held]) for held in range(FOLDS)
    ]
    pairs = ((one, models[fold]) for one, fold in zip(empty, fold_of, strict=True))
    return np.array([deviations(one, light_of(one, model), model) for one, model in pairs], np.float64)


def _refuse_odd(held_out: NDArray[np.float64], pictures: Sequence[Picture]) -> None:
    unlike = (held_out / np.median(held_out, axis=0)).max(axis=1)
    odd = [picture.name for picture, value in zip(pictures, unlike, strict=True) if value > _ODD]
    if odd:
        raise NotTaught(
            f"{_named(odd)} unlike the other empty pictures; look whether a part, dirt or a shadow is on it, and "
            "remove it or clean the background"
        )


def _refuse_alike(apart: Sequence[float], pictures: Sequence[Picture]) -> None:
    alike = [picture.name for picture, value in zip(pictures, apart, strict=True) if value < PARTS_ABOVE * LIMIT]
    if alike:
        raise NotTaught(
            f"{_named(alike)} too much like an empty picture; look whether a part is on it, and give parts and "
            "background more contrast"
        )


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more} {'is' if len(names) == 1 else 'are'}"


def _told(entry: PresenceEntry, data: DataSet) -> str:
    return (
        f"Presence was taught by {entry.pictures} empty pictures: of {len(data.pictures)} parts, the one nearest to "
        f"empty is {entry.nearest_part / entry.limit:.1f} times as far from it as the limit."
    )
