#!/usr/bin/env python3
"""How synthetic defects look to the network beside real ones: the table of docs/synthesize.md.

    ./scripts/study_synthesis.py DATA [--class Pitting] [--pictures 80] [--seed 0]

DATA is a data set with one class of outlined defects, such as what `okng import` makes of bsdata. Squares around real
defects, around synthetic ones and at random places of good pictures go through the fp32 trunk (ImageNet weights). Told
are how far each kind lies from good squares of other pictures (its farthest place, in units of the median good square),
how well such a distance tells it from good ones (AUROC), and how well a linear classifier does that learned from the
synthetic defects of one half of the good pictures, on those of the other half and on the real defects.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from models.picture_file import read_picture
from training.data.dataset import Picture, open_dataset
from training.data.masks import defect_mask
from training.declared import Kind, SynthesizeSpec
from training.export import export_trunk
from training.features import Extractor
from training.logistic import fit_logistic
from training.metrics.ranking import auroc
from training.synthesis.foreground import foreground
from training.synthesis.generate import DRAWERS, synthesize
from training.synthesis.own import Crop, crops_of

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
_SIDE_PX = 128
_STRIDES = (8, 16)
_GOOD_A_PICTURE = 2


class Eye:
    """Squares → place vectors `(64, D)` of strides 8 and 16 on the coarser grid."""

    def __init__(self) -> None:
        self._extract = Extractor(export_trunk((_SIDE_PX, _SIDE_PX), _STRIDES), "onnxruntime", threads=2)

    def __call__(self, squares: Sequence[Image]) -> Floats:
        tensors = [square[None] for square in squares]
        return np.stack([_places(maps) for maps in self._extract(tensors)])


def _places(maps: Sequence[Floats]) -> Floats:
    fine, coarse = (np.squeeze(one) for one in maps)
    fine = fine.reshape(fine.shape[0], coarse.shape[1], 2, coarse.shape[2], 2).mean(axis=(2, 4))
    return np.concatenate((fine, coarse)).reshape(fine.shape[0] + coarse.shape[0], -1).T


def square(image: Image, centre: tuple[int, int]) -> Image:
    """`(128, 128, 3)` around (x, y), moved so that it lies inside the picture."""
    height, width = image.shape[:2]
    left, top = (
        min(max(0, at - _SIDE_PX // 2), side - _SIDE_PX) for at, side in zip(centre, (width, height), strict=True)
    )
    piece = image[top : top + _SIDE_PX, left : left + _SIDE_PX]
    return np.ascontiguousarray(piece if piece.ndim == 3 else cv2.cvtColor(piece, cv2.COLOR_GRAY2BGR))


def middle(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """(x, y) in the middle of a mask's largest piece."""
    _, _, rows, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    left, top, wide, high, _ = rows[1 + int(rows[1:, cv2.CC_STAT_AREA].argmax())]
    return int(left + wide // 2), int(top + high // 2)


def real(pictures: Sequence[Picture]) -> Iterator[Image]:
    for picture in pictures:
        mask = defect_mask(picture)
        if mask is not None and mask.any():
            yield square(read_picture(picture.path), middle(mask))


def good(pictures: Sequence[Picture], rng: np.random.Generator) -> Iterator[Image]:
    for picture in pictures:
        image = read_picture(picture.path)
        part = np.argwhere(foreground(image))
        for y, x in part[rng.integers(0, len(part), _GOOD_A_PICTURE)]:
            yield square(image, (int(x), int(y)))


def synthetic(pictures: Sequence[Picture], kind: Kind, crops: tuple[Crop, ...], seed: int) -> Iterator[Image]:
    spec = SynthesizeSpec(defects=(1, 1))
    for number, picture in enumerate(pictures):
        image = read_picture(picture.path)
        made = synthesize(image, foreground(image), kind, spec, np.random.default_rng([seed, number]), crops)
        if made is not None:
            yield square(made.image, middle(made.mask))


def study(data: Path, label: str | None, count: int, seed: int) -> Iterator[str]:
    known = open_dataset(data, one_size=False)
    rng = np.random.default_rng(seed)
    shuffled = [known.good[index] for index in rng.permutation(len(known.good))]
    bank_of, learn_of, test_of = (shuffled[index * count : (index + 1) * count] for index in range(3))
    shown = [one for one in known.defective if one.marks.outlined and label in (None, one.label)]
    shown = [shown[index] for index in rng.permutation(len(shown))]
    # What is cut out for `blend` is not among the real defects that are compared with.
    crops, real_of = tuple(crops_of(shown[:count])), shown[count : 2 * count]
    eye = Eye()
    vectors = eye(list(good(bank_of, rng)))
    flat = vectors.reshape(-1, vectors.shape[-1])
    bank, spread = flat[rng.permutation(len(flat))[:4000]], flat.std(axis=0) + 1e-3
    good_learn, good_test = (eye(list(good(half, rng))) for half in (learn_of, test_of))
    sets = {"real": eye(list(real(real_of)))}
    learned: dict[str, Floats] = {}
    for kind in (*DRAWERS, *((Kind.BLEND,) if crops else ())):
        squares = list(synthetic(test_of, kind, crops, seed))
        if squares:
            sets[kind] = eye(squares)
            learned[kind] = eye(list(synthetic(learn_of, kind, crops, seed + 1)))
    far_good = distances(good_test, bank, spread)
    unit = float(np.median(far_good))
    yield f"{len(good_test)} good squares of {len(test_of)} pictures, {len(sets['real'])} real defects"
    yield "what          squares  distance 10 % / 50 % / 90 %   AUROC by distance   linear: synthetic   linear: real"
    for name, places in {"good": good_test, **sets}.items():
        far = distances(places, bank, spread)
        low, half, high = np.quantile(far, (0.1, 0.5, 0.9)) / unit
        told = (
            f"{name:<14}{len(places):>6}   {low:>8.2f} / {half:.2f} / {high:.2f}  {100 * auroc(far_good, far):>18.1f}"
        )
        if name in learned:
            weights = fit_logistic(good_learn.max(axis=1), learned[name].max(axis=1))
            of_good, of_made, of_real = (linear(one, weights) for one in (good_test, places, sets["real"]))
            told += f"{100 * auroc(of_good, of_made):>20.1f}{100 * auroc(of_good, of_real):>15.1f}"
        yield told


def distances(squares: Floats, bank: Floats, spread: Floats) -> NDArray[np.float64]:
    """`(n,)`: how far the farthest place of each square is from its nearest good one."""
    scaled = bank / spread
    lengths = (scaled**2).sum(axis=1)
    found = []
    for one in squares / spread:
        apart = (one**2).sum(axis=1)[:, None] + lengths - 2 * one @ scaled.T
        found.append(float(np.sqrt(np.maximum(apart.min(axis=1), 0)).max()))
    return np.array(found)


def linear(squares: Floats, weights: Floats) -> NDArray[np.float64]:
    return np.asarray(squares.max(axis=1) @ weights[:-1] + weights[-1], np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--class", dest="label")
    parser.add_argument("--pictures", type=int, default=80)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    for line in study(asked.data, asked.label, asked.pictures, asked.seed):
        click.echo(line)


if __name__ == "__main__":
    main()
