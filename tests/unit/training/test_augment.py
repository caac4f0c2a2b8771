"""Views of good parts: as far as declared and allowed, the same for the same seed, and masks go along."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from training.data.augment import draw_way, kinds_of_views, lit_as
from training.data.part import Part, limited
from training.declared import AugmentSpec

SIZE = (64, 64)


def letter() -> NDArray[np.uint8]:
    """A shape that differs from its mirror picture in every rotation."""
    image = np.full((64, 64), 40, np.uint8)
    image[12:52, 16:24] = 200
    image[44:52, 24:48] = 200
    return image


def views(part: Part, count: int = 40) -> list[NDArray[np.uint8]]:
    spec, rng = limited(AugmentSpec(gain=0.0), part), np.random.default_rng(5)
    return [draw_way(kind, spec, SIZE, rng).of(letter()) for kind in kinds_of_views(spec) for _ in range(count)]


def difference(view: NDArray[np.uint8], image: NDArray[np.uint8]) -> float:
    return float(np.abs(view.astype(float) - image).mean())


def nearest_turn(view: NDArray[np.uint8], mirrored: bool) -> float:
    """How well the view is told by a turned letter alone, or by a mirrored one: mean gray levels off."""
    image = np.ascontiguousarray(letter()[:, ::-1]) if mirrored else letter()
    best = 255.0
    for angle in range(0, 360, 3):
        turn = cv2.getRotationMatrix2D((31.5, 31.5), angle, 1.0)
        turned = cv2.warpAffine(image, turn, SIZE, borderMode=cv2.BORDER_REPLICATE)
        best = min(best, difference(np.asarray(turned, np.uint8), view))
    return best


@pytest.mark.parametrize("part", [Part(), Part(chiral=True), Part(chiral=True, rotation="any", mirrored="ng")])
def test_no_view_of_a_part_is_mirrored_unless_that_is_good(part: Part) -> None:
    turned = [view for view in views(part) if nearest_turn(view, mirrored=False) > nearest_turn(view, mirrored=True)]
    assert turned == []


def test_some_views_are_mirrored_where_that_is_good() -> None:
    seen = views(Part(chiral=False, rotation="any"))[:40]
    mirrored = sum(nearest_turn(view, mirrored=True) < nearest_turn(view, mirrored=False) for view in seen)
    assert 8 <= mirrored <= 32


def test_a_part_that_always_lies_alike_is_not_turned() -> None:
    assert kinds_of_views(limited(AugmentSpec(), Part(rotation="none"))) == ("shifted",)
    assert max(difference(view, letter()) for view in views(Part(rotation="none"))) < 25


def test_quarters_are_turned_by_about_quarters() -> None:
    quarters = [np.rot90(letter(), times) for times in range(4)]
    found = [min(range(4), key=lambda at: difference(view, quarters[at])) for view in views(Part(rotation="quarter"))]
    assert set(found) == {0, 1, 2, 3}
    assert all(min(difference(view, one) for one in quarters) < 25 for view in views(Part(rotation="quarter")))


def test_a_mask_goes_the_way_of_its_picture() -> None:
    spec = AugmentSpec(scale=0.1, shift=0.1)
    for kind in kinds_of_views(spec):
        way = draw_way(kind, spec, SIZE, np.random.default_rng(3))
        mask = way.of(np.asarray(letter() > 100, np.uint8) * np.uint8(255)) > 127
        assert float(np.mean(mask == (way.of(letter()) > 120))) > 0.99


def test_light_stays_within_what_is_declared() -> None:
    gray = np.full((32, 32), 100, np.uint8)
    same = AugmentSpec(gain=0.0)
    assert np.array_equal(lit_as(gray, same, np.random.default_rng(0)), gray)
    means = [lit_as(gray, AugmentSpec(gain=0.2), np.random.default_rng(seed)).mean() for seed in range(50)]
    assert 79 <= min(means) < 90 and 110 < max(means) <= 121


def test_every_way_to_light_a_picture_changes_it_and_keeps_its_shape() -> None:
    image = np.random.default_rng(1).integers(0, 256, (32, 40, 3)).astype(np.uint8)
    for name, value in {"gamma": 0.4, "noise_levels": 10.0, "blur_px": 2.0, "jpeg_quality": 40}.items():
        spec = AugmentSpec.model_validate({"gain": 0.0, name: value})
        for one in (image, image[:, :, 0].copy()):
            seen = [lit_as(one, spec, np.random.default_rng(seed)) for seed in (4, 4, 5)]
            assert seen[0].shape == one.shape and not np.array_equal(seen[0], one), name
            assert np.array_equal(seen[0], seen[1]) and not np.array_equal(seen[0], seen[2]), name
