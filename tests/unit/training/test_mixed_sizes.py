"""Pictures of several sizes come through the geometry of their own, and what names pixels of one is refused."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.errors import PackageError
from models.geometry import Geometry
from models.geometry_entry import GeometrySpec
from models.picture_file import read_picture
from tests.fakes.discs import write_discs, write_wide_discs
from training.config import TrainConfig
from training.data.cache import Cache, Memory, Store
from training.data.dataset import DataSet, open_dataset
from training.data.pictures import Pictures
from training.declared import AugmentSpec
from training.errors import BadData
from training.features import Inputs, grouped
from training.framing import geometry_for, settle
from training.presence import looked_at, teach_presence
from training.progress import Progress
from training.sights import Sights
from training.tensors import Tensors, read_tensors


@pytest.fixture
def data(tmp_path: Path) -> DataSet:
    return open_dataset(write_wide_discs(write_discs(tmp_path / "discs", good=12, stains=0, empty=1)), one_size=False)


def read(data: DataSet, store: Store) -> tuple[Tensors, Pictures]:
    geometry = geometry_for(settle(GeometrySpec(), data), (64, 64))
    pictures = Pictures(store, data.pictures)
    inputs = Inputs(Sights(geometry, data, None, pictures, store), AugmentSpec(rotation="none"))
    return read_tensors(data, inputs, 0, Progress(io.StringIO())), pictures


def test_proportions_that_differ_are_padded_and_near_ones_stretched(data: DataSet) -> None:
    assert data.sizes == {(96, 96), (144, 96)} and data.size == (96, 96)
    assert settle(GeometrySpec(), data).spec == GeometrySpec(fit="pad")
    assert settle(GeometrySpec(fit="stretch"), data).spec.fit == "stretch"
    near = replace(data, pictures=tuple(replace(one, size=(96, 96)) for one in data.pictures), empty=())
    near = replace(near, pictures=(replace(near.pictures[0], size=(100, 96)), *near.pictures[1:]))
    assert settle(GeometrySpec(), near).spec == GeometrySpec()


def test_pictures_of_many_sizes_are_each_cut_along_their_part_and_stretched(data: DataSet) -> None:
    def of_sizes(count: int) -> DataSet:
        """Twelve good pictures and as many proportions, in turn."""
        pictures = (data.pictures * 12)[:12]
        sized = tuple(replace(one, size=(96 + 16 * (at % count), 96)) for at, one in enumerate(pictures))
        return replace(data, pictures=sized, empty=())

    for few in (2, 4, 6):
        assert settle(GeometrySpec(), of_sizes(few)).spec == GeometrySpec(fit="pad")
        assert settle(GeometrySpec(fit="stretch"), of_sizes(few)).spec == GeometrySpec(fit="stretch")
    for many in (7, 12):
        assert settle(GeometrySpec(), of_sizes(many)).spec == GeometrySpec()
        assert settle(GeometrySpec(fit="pad"), of_sizes(many)).spec == GeometrySpec(fit="pad")
        assert settle(GeometrySpec(fit="stretch"), of_sizes(many)).spec.fit == "stretch"
    with pytest.raises(BadData, match="have 12 sizes"):
        settle(GeometrySpec(roi=(0, 0, 64, 64)), of_sizes(12))


def test_what_is_in_pixels_of_one_size_is_refused(data: DataSet) -> None:
    with pytest.raises(BadData, match=r"have 2 sizes, and roi of the geometry is in pixels of one; take all"):
        settle(GeometrySpec(roi=(0, 0, 64, 64)), data)
    tiled = GeometrySpec.model_validate({"tiles": {"width_px": 64, "height_px": 64}, "picture_px": (96, 96)})
    with pytest.raises(BadData, match="picture_px, tiles of the geometry are in pixels"):
        settle(tiled, data)


def test_each_picture_is_padded_as_its_own_size_asks(data: DataSet) -> None:
    tensors, _ = read(data, Memory())
    geometry = tensors.geometry
    assert len(tensors.plain) == len(data.pictures) == len(tensors.sizes)
    for shot, picture in zip(tensors.plain, [*data.good, *data.defective], strict=True):
        assert (shot.inputs == geometry.frame(read_picture(picture.path)).inputs).all()
        for left in (shot.mosaics((4, 4)).left, geometry.alone(0, picture.size)((4, 4)).left):
            assert (16 if left is None else left.sum()) == (16 if picture.size == (96, 96) else 12)
    (seen, *_) = grouped(iter([()] * len(tensors.plain)), tensors.plain)
    assert seen.mosaics((4, 4)).grid == (4, 4)
    wide = next(row for row, one in zip(tensors.map_masks, data.defective, strict=True) if one.size == (144, 96))
    assert wide is not None and wide.shape == (143, 144) and not wide[96:].any()


def test_the_cache_gives_back_pictures_of_every_size(data: DataSet, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", pytest.fail, 10**8)
    first, fresh = read(data, cache)
    again, known = read(data, Cache(tmp_path / "cache", pytest.fail, 10**8))
    assert fresh.decoded == len(data.pictures) and known.decoded == 0
    assert all((a.inputs == b.inputs).all() for a, b in zip(first.plain, again.plain, strict=True))


def test_pictures_of_many_sizes_are_decoded_again(tmp_path: Path, data: DataSet) -> None:
    for index in range(9):
        shape = (96, 97 + index)
        (tmp_path / "discs/good" / f"{index}.png").write_bytes(cv2.imencode(".png", np.full(shape, index, np.uint8))[1])
    many = open_dataset(data.root, one_size=False)
    pictures = Pictures(Memory(), many.pictures)
    for _ in range(2):
        assert pictures.read(many.pictures[0]).shape[:2] == many.pictures[0].size[::-1]
    assert pictures.decoded == 2


def test_presence_is_not_taught_and_that_is_said(data: DataSet) -> None:
    config = TrainConfig()
    assert looked_at(data, config) is None
    lesson = teach_presence(data, config, Progress(io.StringIO()))
    assert lesson.refused and "several sizes" in lesson.text


def test_padding_needs_no_known_size_but_masks_do() -> None:
    geometry = Geometry(GeometrySpec(fit="pad"), (64, 64))
    assert geometry.views == 1 and geometry.alone(0)((4, 4)).left is None
    with pytest.raises(PackageError, match="masks and tiles need roi"):
        Geometry(GeometrySpec(masks=(((0, 0), (9, 0), (9, 9)),)), (64, 64))
