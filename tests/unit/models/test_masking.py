"""What is masked has no share in any score; what is not masked is never left out."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.decision import Box
from models.geometry_entry import GeometrySpec
from models.layout import Layout
from models.masking import at_input, filled, places_left
from models.preprocess import inputs_of
from models.scorers import Distance, Floats, Gaussian, Scorer, ScorerShape
from models.tiling import one_view


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 40), st.integers(1, 40), st.integers(0, 30))
def test_a_rectangle_fills_its_own_pixels_and_no_other(x: int, y: int, w: int, h: int, corner: int) -> None:
    box = Box(corner, corner, 50, 50)
    expected = np.zeros((100, 100), np.bool_)
    expected[y : y + h, x : x + w] = True
    found = filled(((x, y), (x + w, y), (x + w, y + h), (x, y + h)), box)
    assert np.array_equal(found, expected[corner : corner + 50, corner : corner + 50])


def test_a_notch_is_outside() -> None:
    bits = filled(((0, 0), (30, 0), (30, 30), (20, 30), (20, 10), (10, 10), (10, 30), (0, 30)), Box(0, 0, 30, 30))
    assert not bits[10:, 10:20].any() and bits[:10].all() and bits[:, :10].all() and bits[:, 20:].all()


@pytest.mark.parametrize("size", [(32, 32), (64, 48), (160, 128)])
def test_an_input_pixel_with_any_share_of_a_hidden_one_is_painted_over(size: tuple[int, int]) -> None:
    hidden = np.zeros((96, 100), np.bool_)
    hidden[41, 33] = True
    how = cv2.INTER_AREA if size[0] <= 100 and size[1] <= 96 else cv2.INTER_LINEAR
    painted = at_input(hidden, size, how)
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (96, 100)).astype(np.uint8)
    changed = picture.copy()
    changed[41, 33] ^= 255
    before, after = (cv2.resize(one, size, interpolation=how) for one in (picture, changed))
    assert painted.any() and not (before != after)[~painted].any()


def test_a_place_is_left_out_only_where_all_of_it_is_painted() -> None:
    painted = np.zeros((32, 32), np.bool_)
    painted[:16, :16] = True
    painted[16:, 16:] = True
    painted[20, 20] = False
    assert places_left(painted, (2, 2)).tolist() == [[False, True], [True, True]]


SPECS = st.sampled_from(
    [
        {"masks": [[[30, 20], [70, 20], [70, 60], [30, 60]]]},
        {"polygon": [[10, 10], [90, 15], [60, 75], [15, 70]]},
        {"fit": "pad", "masks": [[[0, 0], [40, 0], [40, 40]]]},
        {"masks": [[[30, 20], [70, 20], [70, 60]]], "tiles": {"width_px": 48, "height_px": 48, "overlap_px": 8}},
    ]
)


@settings(deadline=None)
@given(SPECS, st.integers(0, 2**31))
def test_no_hidden_pixel_changes_a_network_input(said: dict[str, object], seed: int) -> None:
    spec = GeometrySpec.model_validate(said | {"picture_px": [100, 80]})
    layout = Layout(spec, (100, 80), (32, 32))
    assert layout.hidden is not None
    rng = np.random.default_rng(seed)
    one, other = (rng.integers(0, 256, (layout.roi.h, layout.roi.w, 3)).astype(np.uint8) for _ in range(2))
    other[~layout.hidden] = one[~layout.hidden]
    assert np.array_equal(inputs_of(one, layout), inputs_of(other, layout))


def scorer(smoothing: float, distance: Distance) -> Scorer:
    shape = ScorerShape(16, (16,), 1, smoothing, 0.25)
    return Scorer(shape, np.zeros(1, np.float32), np.ones(1, np.float32), distance, None)


def features(cells: Floats) -> tuple[Floats, ...]:
    return (cells[np.newaxis],)


@settings(deadline=None)
@given(st.sampled_from([0.0, 0.7, 2.0]), st.integers(0, 2**31))
def test_a_masked_place_has_no_share_in_score_map_or_neighbours(smoothing: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scoring = rng.random((6, 6)) < 0.6
    scoring[0, 0] = True
    cells = rng.random((6, 6)).astype(np.float32)
    loud = np.where(scoring, cells, np.float32(1000))
    score = scorer(smoothing, Gaussian())
    mosaic = one_view((6, 6))
    masked = type(mosaic)(mosaic.grid, mosaic.offsets, (scoring,))
    found = [score.join([score.places(features(one), scoring)], masked) for one in (cells, loud)]
    assert found[0].raw == found[1].raw
    assert np.array_equal(found[0].map[scoring], found[1].map[scoring])
    assert found[0].scoring is not None and np.array_equal(found[0].scoring, scoring)


def test_without_masks_a_score_is_what_it_always_was() -> None:
    cells = np.random.default_rng(1).random((6, 6)).astype(np.float32)
    score = scorer(0.7, Gaussian())
    whole = np.ones((6, 6), np.bool_)
    plain, masked = score(features(cells)), score.join([score.places(features(cells), whole)], one_view((6, 6)))
    assert plain.map == pytest.approx(masked.map, abs=1e-6)


def test_a_view_that_is_all_padding_but_a_strip_scores_by_the_strip() -> None:
    layout = Layout(GeometrySpec(fit="pad", picture_px=(100, 10)), (100, 10), (64, 64))
    left = layout.mosaic((4, 4)).left
    assert left is not None and left[0].all() and not left[1:].any()


def test_masks_that_leave_no_input_pixel_are_refused() -> None:
    sliver = {"picture_px": [100, 80], "masks": [[[0, 0], [99, 0], [99, 80], [0, 80]]]}
    with pytest.raises(ValueError, match="nothing could score"):
        Layout(GeometrySpec.model_validate(sliver), (100, 80), (32, 32))
