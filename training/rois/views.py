"""Labelled pictures → views: network inputs, one a region, as the station cuts them, and augmented ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.decision import Box
from models.geometry_entry import piece
from models.preprocess import Preprocessor
from models.quality import Quality, measure, reduced
from training.config import CALIBRATION_PICTURES, input_size
from training.data.augment import lit
from training.data.pictures import Pictures
from training.features import views_per_picture
from training.progress import Progress
from training.rois.catalogue import Roi
from training.rois.dataset import AssemblyData

Tensor = NDArray[np.uint8]
_LEAST_VIEWS = 2
_MOST_SHIFT = 0.08
_MOST_TURN_DEG = 12.0
_MOST_SCALE = 0.06


@dataclass(frozen=True, slots=True)
class RegionViews:
    """Views of all regions of all pictures, a picture's regions together: `plain`, and some `moved` ones of each.

    `pictures`: the quality of each whole picture.
    """

    size: tuple[int, int]
    plain: list[Tensor]
    moved: list[list[Tensor]]
    pictures: list[Quality]

    def calibration_frames(self) -> list[Tensor]:
        """Network inputs that set the activation ranges."""
        frames = [*self.plain, *(tensors[0] for tensors in self.moved)]
        step = max(1, len(frames) // (2 * CALIBRATION_PICTURES))
        return frames[::step][: 2 * CALIBRATION_PICTURES]


def read_views(data: AssemblyData, size_px: int, seed: int, progress: Progress, pictures: Pictures) -> RegionViews:
    """Read every picture once.

    Raises:
        BadData: naming all pictures that cannot be used.
    """
    size = view_size(data.rois, size_px)
    count = max(_LEAST_VIEWS, views_per_picture(len(data.pictures) * len(data.rois)))
    found = RegionViews(size, [], [], [])
    read = pictures.each(one.picture for one in data.pictures)
    for picture, image in progress.each("reading pictures", read, len(data.pictures)):
        rng = np.random.default_rng([seed, int(picture.sha256[:12], 16)])
        found.pictures.append(measure(reduced(image)))
        for roi in data.rois:
            found.plain.append(_tensor(piece(image, roi.box), size))
            found.moved.append([_tensor(region, size) for region in _moved(image, roi.box, count, rng)])
    return found


def view_size(rois: tuple[Roi, ...], size_px: int) -> tuple[int, int]:
    """(width, height) of the network input: the area of a square of `size_px`, the regions' mean proportions."""
    stretch = float(np.exp(np.mean([np.log(roi.box.w / roi.box.h) for roi in rois])))
    return input_size((stretch, 1.0), size_px)


def _tensor(region: NDArray[np.uint8], size: tuple[int, int]) -> Tensor:
    return Preprocessor(*size)(region).copy()


def _moved(image: NDArray[np.uint8], box: Box, count: int, rng: np.random.Generator) -> Iterator[NDArray[np.uint8]]:
    """The region as if the part lay a little otherwise: what comes into sight is the picture's, not made up."""
    for _ in range(count):
        middle = (box.x + box.w / 2 - 0.5, box.y + box.h / 2 - 0.5)
        scale = 1.0 + float(rng.uniform(-_MOST_SCALE, _MOST_SCALE))
        turn = np.asarray(
            cv2.getRotationMatrix2D(middle, float(rng.uniform(-_MOST_TURN_DEG, _MOST_TURN_DEG)), scale), np.float64
        )
        turn[:, 2] += rng.uniform(-_MOST_SHIFT, _MOST_SHIFT, 2) * (box.w, box.h) - (box.x, box.y)
        region = cv2.warpAffine(image, turn, (box.w, box.h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        yield lit(region, rng)
