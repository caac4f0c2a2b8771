"""What a run needs of its pictures, all from one decoding of each, kept in the cache for the next run.

picture ─geometry─▶ network inputs │ pose, quality │ what presence looks at
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models import presence
from models.decision import Box
from models.geometry import Geometry
from models.pose import Pose, as_rows
from models.quality import Quality, measure, reduced
from training.data.cache import Making, Pixels, Store
from training.data.dataset import EMPTY, DataSet, Picture
from training.data.pictures import Pictures
from training.progress import Progress

# Numbers of a sight in a row of bytes: all of a pose and a quality, bit by bit.
_FACTS = np.dtype(
    [("aligned", "u1"), ("placed", "u1"), ("pose", "<f8", 10), ("quality", "<f8", 8), ("thumbnail", "<f4", 1024)],
    align=True,
)
_PLACED = ("similarity_before", "similarity", "shift_px", "angle_deg")
_MEASURED = ("light", "contrast", "saturated", "focus", "blackened", "blank")


@dataclass(frozen=True, slots=True)
class Sight:
    """`inputs`: `(views, H, W, 3)` uint8, write-protected; `pose` and `aligned` are those of a `Framed`."""

    inputs: Pixels
    quality: Quality
    pose: Pose | None
    aligned: bool


class Sights:
    """Sights of a data set by one geometry; `area`: what presence looks at, where it is taught."""

    def __init__(self, geometry: Geometry, data: DataSet, area: Box | None, pictures: Pictures, store: Store) -> None:
        size, parts = data.size, len(data.pictures)
        # Rows stand by a picture's content, which has one size: with several, no name of one is needed.
        of = size if len(data.sizes) == 1 else "each size"
        self.geometry, self.pictures, self._area = geometry, pictures, area
        self._found: dict[str, Sight] = {}
        self._around: dict[str, Pixels] = {}
        how = f"{geometry.spec.digest()} of {of}"
        width, height = geometry.size
        shape = (len(geometry.layout(size).views), height, width, 3)
        self._inputs = store.shelf(Making("inputs", shape, how), parts)
        self._facts = store.shelf(Making("facts", (_FACTS.itemsize,), f"{how} in {geometry.size}"), parts)
        seen = np.zeros((1, 1, 3), np.uint8) if area is None else presence.small(np.zeros(size[::-1], np.uint8), area)
        self._surroundings = store.shelf(Making("around", seen.shape, f"{area} of {size}"), parts + len(data.empty))

    def prepare(self, data: DataSet, progress: Progress) -> None:
        """Look at every picture of parts, and of none where presence is taught, once.

        Raises:
            BadData: naming all pictures that cannot be used.
        """
        pictures = [*data.good, *data.defective, *(data.empty if self._area is not None else ())]
        missing = [picture for picture in pictures if not self._remembered(picture)]
        if len(missing) < len(pictures):
            progress.say(f"taken from the cache: {len(pictures) - len(missing)} of {len(pictures)} pictures")
        found = self.pictures.each(missing)
        for picture, image in progress.each("reading pictures", found, len(missing)):
            self._look(picture, image)

    def of(self, picture: Picture) -> Sight:
        """What `prepare` found of a picture of a part."""
        return self._found[picture.sha256]

    def around(self, picture: Picture) -> Pixels:
        """`(h, w, 3)`: what presence looks at, as `models.presence.small` gives it."""
        return self._around[picture.sha256]

    def _remembered(self, picture: Picture) -> bool:
        """Take it from the cache, if all of it is there."""
        key = picture.sha256
        around = None if self._area is None else self._surroundings.get(key)
        if around is None and self._area is not None:
            return False
        if around is not None:
            self._around[key] = around
        if picture.label == EMPTY:
            return around is not None
        inputs, facts = self._inputs.get(key), self._facts.get(key)
        if inputs is None or facts is None:
            return False
        self._found[key] = _sight(inputs, facts)
        return True

    def _look(self, picture: Picture, image: Pixels) -> None:
        key = picture.sha256
        if self._area is not None:
            self._around[key] = self._surroundings.put(key, presence.small(image, self._area))
        if picture.label == EMPTY:
            return
        framed = self.geometry.frame(image)
        quality = measure(reduced(framed.overview), framed.pose)
        framed.inputs.setflags(write=False)
        inputs = self._inputs.put(key, framed.inputs)
        self._found[key] = Sight(inputs, quality, framed.pose, framed.aligned)
        self._facts.put(key, _facts(self._found[key]))


def _facts(sight: Sight) -> Pixels:
    row = np.zeros((), _FACTS)
    row["aligned"], quality = sight.aligned, sight.quality
    if sight.pose is not None:
        pose = sight.pose
        row["placed"] = True
        row["pose"] = [*pose.matrix[0], *pose.matrix[1], *(getattr(pose, name) for name in _PLACED)]
    row["quality"] = [*(getattr(quality, name) for name in _MEASURED), *quality.tint]
    row["thumbnail"] = quality.thumbnail
    return np.frombuffer(row.tobytes(), np.uint8)


def _sight(inputs: Pixels, facts: Pixels) -> Sight:
    row = facts.view(_FACTS)[0]
    numbers = row["pose"].tolist()
    placed = dict(zip(_PLACED, numbers[6:], strict=True))
    pose = Pose(as_rows(np.array(numbers[:6]).reshape(2, 3)), **placed) if row["placed"] else None
    *measured, blue, red = row["quality"].tolist()
    quality = Quality(
        **dict(zip(_MEASURED, measured, strict=True)),
        thumbnail=row["thumbnail"].copy(),
        tint=(blue, red),
        shift_px=None if pose is None else pose.shift_px,
        angle_deg=None if pose is None else pose.angle_deg,
    )
    return Sight(inputs, quality, pose, bool(row["aligned"]))
