"""What every kind of synthetic defect promises, on parts with an edge and on surfaces, gray and coloured."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fakes.plates import HOLE, plate, sheet
from training.data.part import Part
from training.declared import Kind, SynthesizeSpec
from training.errors import BadData
from training.synthesis.foreground import foreground
from training.synthesis.generate import DRAWERS, Made, possible, synthesize
from training.synthesis.own import Crop
from training.synthesis.surface import contrast

SPEC = SynthesizeSpec()
DRAWN = tuple(DRAWERS)
ON_SURFACES = tuple(kind for kind in DRAWN if kind is not Kind.CHIP)
BLOT = np.zeros((24, 24), np.bool_)
BLOT[8:16, 7:17] = True
CROP = Crop(np.where(BLOT, 30, 150).astype(np.uint8)[:, :, None], BLOT, "凹坑", "0" * 64)


def make(
    image: NDArray[np.uint8], part: NDArray[np.bool_], kind: Kind, seed: int, spec: SynthesizeSpec = SPEC
) -> Made | None:
    return synthesize(image, part, kind, spec, np.random.default_rng(seed), (CROP,))


def made(image: NDArray[np.uint8], part: NDArray[np.bool_], kind: Kind, seed: int) -> Made:
    found = make(image, part, kind, seed)
    assert found is not None, f"no {kind} with seed {seed}"
    return found


@pytest.mark.parametrize("coloured", [False, True])
@pytest.mark.parametrize("kind", [*DRAWN, Kind.BLEND])
def test_nothing_changes_outside_the_mask_and_the_mask_stays_on_the_part(kind: Kind, coloured: bool) -> None:
    image, part = plate(coloured=coloured)
    before = image.copy()
    # A bite takes the rim with it, which belongs to part and belt both.
    reach = cv2.dilate(part.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0 if kind is Kind.CHIP else part
    for seed in range(6):
        found = made(image, part, kind, seed)
        assert found.image.shape == image.shape and found.image.dtype == np.uint8 and found.mask.shape == part.shape
        assert np.array_equal(found.image[~found.mask], image[~found.mask])
        assert not (found.mask & ~reach).any()
    assert np.array_equal(image, before)


@pytest.mark.parametrize("kind", [*ON_SURFACES, Kind.BLEND])
@pytest.mark.parametrize("level", [25.0, 90.0, 150.0, 235.0])
def test_no_defect_is_too_faint_to_see_on_dark_or_light_surfaces(kind: Kind, level: float) -> None:
    image = sheet(level=level)
    seen = 0
    for seed, strength in enumerate(((0.05, 0.1), (0.05, 0.1), (0.05, 0.4), (0.2, 1.0))):
        spec = SPEC.model_copy(update={"strength": strength, "defects": (1, 1)})
        found = make(image, np.ones(image.shape, np.bool_), kind, seed, spec)
        if found is not None:
            change = found.image.astype(np.float32) - image
            assert contrast(change[:, :, None], found.mask) >= SPEC.least_contrast
            seen += 1
    assert seen or kind is Kind.BLEND


def test_a_defect_that_the_grain_would_hide_is_not_made() -> None:
    rng = np.random.default_rng(3)
    image = np.clip(rng.normal(120, 45, (192, 192)), 0, 255).astype(np.uint8)
    faint = SynthesizeSpec(strength=(0.05, 0.06), least_noise=10.0)
    assert all(make(image, np.ones(image.shape, np.bool_), Kind.STAIN, seed, faint) is None for seed in range(4))


@pytest.mark.parametrize("kind", [*DRAWN, Kind.BLEND])
def test_the_same_seed_makes_the_same_bytes_and_another_seed_others(kind: Kind) -> None:
    image, part = plate()
    first, again, other = (made(image, part, kind, seed) for seed in (5, 5, 6))
    assert np.array_equal(first.image, again.image) and np.array_equal(first.mask, again.mask)
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize(
    "kind", [Kind.CRACK, Kind.PIT, Kind.SCRATCH, Kind.STAIN, Kind.SCAR, Kind.CUTPASTE, Kind.TEXTURE]
)
def test_larger_defects_are_asked_for_and_come(kind: Kind) -> None:
    image = sheet(side=256)
    part = np.ones(image.shape, np.bool_)
    areas = []
    for size in ((0.4, 0.5), (2.0, 2.2)):
        spec = SPEC.model_copy(update={"size": size, "defects": (1, 1)})
        found = [make(image, part, kind, seed, spec) for seed in range(12)]
        areas.append(float(np.median([one.mask.sum() for one in found if one is not None])))
    assert areas[1] > 2 * areas[0]


@pytest.mark.parametrize("kind", ON_SURFACES)
def test_a_colourless_part_in_three_channels_stays_colourless(kind: Kind) -> None:
    image = np.repeat(sheet()[:, :, None], 3, axis=2)
    part = np.ones(image.shape[:2], np.bool_)
    for seed in range(4):
        found = made(image, part, kind, seed).image.astype(int)
        assert np.abs(found - found[:, :, :1]).max() <= 1


def test_a_chip_shows_what_is_behind_and_needs_an_edge() -> None:
    image, part = plate()
    for seed in range(8):
        found = made(image, part, Kind.CHIP, seed)
        bitten = found.mask & part
        # Most of the bite is as dark as the belt; its slope is the rest.
        assert float(np.median(found.image[bitten])) < 80
        assert (cv2.dilate(bitten.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0)[~part].any()
    whole = sheet()
    assert make(whole, np.ones(whole.shape, np.bool_), Kind.CHIP, 0) is None


@pytest.mark.parametrize("side", [1, 8, 33])
def test_pictures_too_small_for_a_defect_get_none_or_a_right_one(side: int) -> None:
    image = sheet(side=192)[:side, :side].copy()
    part = np.ones((side, side), np.bool_)
    for kind in (*DRAWN, Kind.BLEND):
        found = make(image, part, kind, 1)
        assert found is None or np.array_equal(found.image[~found.mask], image[~found.mask])


def test_parts_of_any_shape_get_none_or_a_right_one() -> None:
    image = sheet(side=160)
    for seed in range(25):
        rng = np.random.default_rng(seed)
        part = np.zeros(image.shape, np.uint8)
        centre, axes = rng.integers(0, 160, 2).tolist(), rng.integers(3, 70, 2).tolist()
        cv2.ellipse(part, centre, axes, float(rng.uniform(0, 180)), 0, 360, (1,), -1)
        for kind in (*DRAWN, Kind.BLEND):
            found = make(image, part > 0, kind, seed)
            if found is not None:
                near = part if kind is not Kind.CHIP else cv2.dilate(part, np.ones((9, 9), np.uint8))
                assert not (found.mask & (near == 0)).any()
                assert np.array_equal(found.image[~found.mask], image[~found.mask])


def test_where_no_part_is_nothing_is_drawn() -> None:
    image = sheet()
    assert all(make(image, np.zeros(image.shape, np.bool_), kind, 0) is None for kind in DRAWN)


def test_own_defects_keep_their_class_and_look_like_the_crop() -> None:
    image = sheet()
    for seed in range(6):
        found = made(image, np.ones(image.shape, np.bool_), Kind.BLEND, seed)
        assert found.label == "凹坑" and float(np.median(found.image[found.mask])) < 110


def test_kinds_that_are_no_defect_of_the_part_are_left_out() -> None:
    assert Kind.ILLUMINATION not in possible(SPEC, Part(light_varies=True), ())
    assert set(possible(SPEC, Part(), (CROP,))) == set(Kind)
    assert Kind.BLEND not in possible(SPEC, Part(light_varies=False), ())
    with pytest.raises(BadData, match="no kind of synthetic defect is left"):
        possible(SynthesizeSpec(kinds=(Kind.BLEND,)), Part(), ())


def test_the_part_is_told_from_a_plain_background_and_fills_the_picture_otherwise() -> None:
    for coloured in (False, True):
        image, part = plate(side=400, coloured=coloured)
        found = foreground(image)
        assert (found & part).sum() / (found | part).sum() > 0.96
        assert not found[round(HOLE[1] * 400 / 192), round(HOLE[0] * 400 / 192)]
        assert foreground(sheet(coloured=coloured)).all()
    assert foreground(np.full((50, 70), 7, np.uint8)).all()
