"""One decoding of each picture gives all that a training needs, the same from the cache as from the file."""

from __future__ import annotations

import io
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from models import presence
from models.errors import BadPicture
from models.geometry import Geometry
from models.picture_file import read_picture, whole_size
from models.quality import measure, reduced
from tests.fakes.discs import disc, write_discs
from training.config import TrainConfig
from training.data.cache import Cache, Memory, Store
from training.data.dataset import DataSet, open_dataset
from training.data.pictures import Pictures, decode_known, room_for_whole
from training.errors import BadData
from training.framing import geometry_for, read_geometry, settle
from training.presence import looked_at
from training.progress import Progress
from training.sights import Sights
from training.tensors import worth_keeping

ALIGNED = """
roi = [12, 12, 72, 72]
masks = [[[12, 12], [28, 12], [28, 28], [12, 28]]]
[tiles]
width_px = 64
height_px = 64
overlap_px = 16
[align]
method = "phase"
max_shift_px = 12
"""


@pytest.fixture(params=["", "roi = [0, 0, 96, 90]", ALIGNED])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> TrainConfig:
    file = tmp_path / "geometry.toml"
    file.write_text(request.param)
    return TrainConfig(geometry=read_geometry(file), size_px=64)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_discs(tmp_path / "discs", good=12, scratches=2, stains=2, empty=3)


def looked(root: Path, config: TrainConfig, store: Store) -> tuple[DataSet, Geometry, Sights, Pictures, str]:
    """A data set and its sights, as a training has them; and what it said."""
    data = open_dataset(root, size_of=whole_size)
    pictures = Pictures(store, worth_keeping(data, room_for_whole(store, data.size)))
    settled = settle(config.geometry, data, pictures.read)
    geometry = geometry_for(settled, config.input_size(data.size))
    sights = Sights(geometry, data, looked_at(data, config), pictures, store)
    said = io.StringIO()
    sights.prepare(data, Progress(said))
    return data, geometry, sights, pictures, said.getvalue()


def same_as_from_the_files(data: DataSet, geometry: Geometry, sights: Sights, config: TrainConfig) -> None:
    area = looked_at(data, config)
    assert area is not None
    for picture in data.pictures:
        image = read_picture(picture.path)
        framed, seen = geometry.frame(image), sights.of(picture)
        quality = measure(reduced(framed.overview), framed.pose)
        assert (seen.inputs == framed.inputs).all() and not seen.inputs.flags.writeable
        assert (seen.pose, seen.aligned) == (framed.pose, framed.aligned)
        assert (seen.quality.thumbnail == quality.thumbnail).all()
        assert asdict(replace(seen.quality, thumbnail=None)) == asdict(replace(quality, thumbnail=None))  # type: ignore[arg-type]
    for picture in (*data.pictures, *data.empty):
        assert (sights.around(picture) == presence.small(read_picture(picture.path), area)).all()


def test_all_is_the_same_from_the_file_and_from_the_cache(root: Path, config: TrainConfig, tmp_path: Path) -> None:
    for turn in range(2):
        data, geometry, sights, pictures, said = looked(root, config, Cache(tmp_path / "cache", print, 10**9))
        same_as_from_the_files(data, geometry, sights, config)
        assert pictures.decoded == (0 if turn else 19)
        assert ("taken from the cache: 19 of 19 pictures" in said) == bool(turn)


def test_without_a_cache_each_picture_is_decoded_once_too(root: Path, config: TrainConfig) -> None:
    data, geometry, sights, pictures, _ = looked(root, config, Memory())
    for picture in data.pictures:
        assert (pictures.read(picture) == read_picture(picture.path)).all()
    same_as_from_the_files(data, geometry, sights, config)
    assert pictures.decoded == 19


def test_another_picture_under_the_same_name_is_another_one(root: Path, config: TrainConfig, tmp_path: Path) -> None:
    store = Cache(tmp_path / "cache", print, 10**9)
    data, _, _, _, _ = looked(root, config, store)
    data.good[3].path.write_bytes(cv2.imencode(".png", disc(4711)[0])[1].tobytes())
    data, geometry, sights, pictures, _ = looked(root, config, store)
    same_as_from_the_files(data, geometry, sights, config)
    assert pictures.decoded == 1


def test_a_damage_that_only_decoding_shows_is_refused_before_training(
    root: Path, config: TrainConfig, tmp_path: Path
) -> None:
    whole = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 256, (96, 96)).astype(np.uint8))[1].tobytes()
    middle = len(whole) // 2
    (root / "good" / "龙 hole.jpg").write_bytes(whole[:middle] + whole[middle + 400 :])
    (root / "stain" / "deep.png").write_bytes(cv2.imencode(".png", np.ones((96, 96), np.uint16))[1].tobytes())
    for _ in range(2):
        with pytest.raises(
            BadData, match=r"2 pictures cannot be used: good/龙 hole.jpg is damaged.*stain/deep.png has 16"
        ):
            looked(root, config, Cache(tmp_path / "cache", print, 10**9))


def test_a_picture_that_changes_or_goes_after_it_was_opened_is_refused(root: Path) -> None:
    first, second, *_ = open_dataset(root).good
    first.path.write_bytes(second.path.read_bytes())
    with pytest.raises(BadPicture, match="was changed while it was read"):
        decode_known(first)
    second.path.unlink()
    with pytest.raises(BadPicture, match=r"cannot be read \(No such file"):
        decode_known(second)
    with pytest.raises(BadPicture, match="not as large as its header says"):
        decode_known(replace(open_dataset(root, min_good=11).good[5], size=(96, 97)))


def test_only_what_is_read_again_is_kept_whole_where_there_is_no_room_for_all(root: Path) -> None:
    data = open_dataset(root)
    assert worth_keeping(data, 19) == [*data.good, *data.defective, *data.empty]
    assert worth_keeping(data, 13)[:12] == list(data.good) and len(worth_keeping(data, 13)) == 13
    assert worth_keeping(data, 0) == []
