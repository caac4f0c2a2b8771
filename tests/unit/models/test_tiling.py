"""Tiles cover their region, share what they were told to share, and no tile talks down another's defect."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.geometry_entry import GeometrySpec
from models.layout import Layout
from models.preprocess import inputs_of
from models.tiling import Mosaic, pitch, starts


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(1, 60), st.data())
def test_tiles_cover_the_whole_length_and_overlap_as_told(length: int, tile: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, tile - 1))
    found = starts(length, tile, overlap)
    assert found[0] == 0 and found[-1] + tile == max(length, tile)
    assert all(0 < there - here <= tile - overlap for here, there in pairwise(found))


@pytest.mark.parametrize(("tile_px", "input_px"), [(100, 256), (511, 256), (65, 64)])
def test_a_tile_whose_places_are_no_whole_pixels_is_refused_with_sizes_that_would_do(
    tile_px: int, input_px: int
) -> None:
    with pytest.raises(ValueError, match="choose") as refused:
        pitch(tile_px, input_px)
    *_, low, _, high = str(refused.value).split()
    assert pitch(int(low), input_px) and pitch(int(high), input_px)


def tiled(roi: tuple[int, int, int, int], side: int, overlap: int, size: tuple[int, int] = (64, 64)) -> Layout:
    tiles = {"width_px": side, "height_px": side, "overlap_px": overlap}
    spec = GeometrySpec.model_validate({"roi": roi, "tiles": tiles})
    return Layout(spec, (roi[0] + roi[2], roi[1] + roi[3]), size)


@settings(deadline=None)
@given(st.integers(64, 128), st.integers(64, 128), st.sampled_from([32, 64]), st.integers(0, 12))
def test_every_pixel_of_the_region_is_seen_by_a_tile_that_may_score(
    width: int, height: int, side: int, overlap: int
) -> None:
    layout = tiled((3, 5, width, height), side, overlap, (32, 32))
    seen = np.zeros((height, width), np.bool_)
    for view in layout.views:
        box = view.box
        rows, columns = np.arange(min(box.h, height - box.y)), np.arange(min(box.w, width - box.x))
        looked = np.ones((32, 32), np.bool_) if view.painted is None else ~view.painted
        seen[np.ix_(box.y + rows, box.x + columns)] |= looked[np.ix_(rows * 32 // side, columns * 32 // side)]
    assert seen.all()
    left = layout.mosaic((2, 2)).left
    assert left is None or left.all(), "what reaches beyond the region is less than one place"


def test_a_tile_is_cut_where_its_places_say() -> None:
    layout = tiled((0, 0, 150, 70), 64, 16)
    ramp = np.add.outer(np.arange(70), np.arange(150)).astype(np.uint8)
    inputs = inputs_of(ramp, layout)
    mosaic = layout.mosaic((4, 4))
    assert len(layout.views) == 6 and inputs.shape == (6, 64, 64, 3)
    for view, (y, x), tile in zip(layout.views, mosaic.offsets, inputs, strict=True):
        assert (view.box.x, view.box.y) == (16 * x, 16 * y)
        rows, columns = min(64, 70 - view.box.y), min(64, 150 - view.box.x)
        part = ramp[view.box.y : view.box.y + rows, view.box.x : view.box.x + columns]
        assert np.array_equal(tile[:rows, :columns, 0], part)
        assert (tile[rows:] == 127).all() and (tile[:, columns:] == 127).all()


MAPS = arrays.arrays(np.float32, (4, 4, 4), elements=st.floats(0, 1, width=32))


@settings(deadline=None)
@given(MAPS)
def test_the_higher_score_stands_and_its_place_is_known(maps: np.ndarray) -> None:
    mosaic = Mosaic((6, 6), ((0, 0), (0, 2), (2, 0), (2, 2)), (None,) * 4)
    whole, source = mosaic.join(list(maps))
    for (y, x), own in zip(mosaic.offsets, maps, strict=True):
        assert (whole[y : y + 4, x : x + 4] >= own).all()
    assert np.array_equal(whole, maps.reshape(-1)[source]) and mosaic.left is None


def test_so_many_tiles_that_no_part_would_be_in_time_are_refused() -> None:
    with pytest.raises(ValueError, match="takes 81 tiles, 64 are the most"):
        tiled((0, 0, 576, 576), 64, 0)
