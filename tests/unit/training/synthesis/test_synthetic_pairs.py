"""Synthetic defects for a training: by content, seed and epoch alone, and of good pictures alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.fakes.plates import plate
from training.data.dataset import DataSet, open_dataset
from training.data.part import Part
from training.declared import Kind, SynthesizeSpec
from training.errors import BadData
from training.synthesis.own import crops_of
from training.synthesis.pairs import synthetic_pairs
from training.synthesis.surface import Synthetic

SPEC = SynthesizeSpec()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    """Plates, and two with a dark blot that a mask outlines."""
    root = tmp_path_factory.mktemp("plates")
    for folder in ("good", "blot", "ground_truth/blot"):
        (root / folder).mkdir(parents=True)
    for seed in range(6):
        image, _ = plate(seed=seed)
        mask = np.zeros(image.shape, np.uint8)
        if seed >= 4:
            cv2.circle(mask, (110, 100 + seed), 7, (255,), -1)
            image[mask > 0] = 60
            (root / "ground_truth" / "blot" / f"{seed}.png").write_bytes(cv2.imencode(".png", mask)[1].tobytes())
        folder = "blot" if seed >= 4 else "good"
        (root / folder / f"{seed}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return open_dataset(root, min_good=1)


def same(first: Synthetic, other: Synthetic) -> bool:
    return first.kind == other.kind and np.array_equal(first.image, other.image)


def test_one_of_each_good_picture_in_order(data: DataSet) -> None:
    found = list(synthetic_pairs(data.good, SPEC, 0))
    assert [one.made_from for one in found] == [picture.sha256 for picture in data.good]
    assert all(one.mask.any() and one.label == one.kind for one in found)


def test_what_is_made_depends_on_content_seed_and_epoch_alone(data: DataSet) -> None:
    first = list(synthetic_pairs(data.good, SPEC, 1))
    backwards = list(synthetic_pairs(tuple(reversed(data.good)), SPEC, 1))
    assert all(same(one, other) for one, other in zip(first, reversed(backwards), strict=True))
    for other in (synthetic_pairs(data.good, SPEC, 2), synthetic_pairs(data.good, SPEC, 1, epoch=1)):
        assert not any(np.array_equal(one.image, two.image) for one, two in zip(first, other, strict=True))


def test_a_defective_picture_is_refused(data: DataSet) -> None:
    with pytest.raises(ValueError, match=r"blot/4\.png is no good picture"):
        list(synthetic_pairs(data.defective, SPEC, 0))


def test_own_defects_are_cut_out_and_blended(data: DataSet) -> None:
    crops = tuple(crops_of(data.defective))
    assert [crop.label for crop in crops] == ["blot", "blot"] and all(crop.on_part == 1.0 for crop in crops)
    assert {crop.taken_from for crop in crops} == {picture.sha256 for picture in data.defective}
    spec = SynthesizeSpec(kinds=(Kind.BLEND,))
    found = list(synthetic_pairs(data.good, spec, 0, crops=crops))
    assert len(found) == 4 and {one.label for one in found} == {"blot"}


def test_kinds_that_are_no_defect_of_the_part_are_not_made(data: DataSet) -> None:
    spec = SynthesizeSpec(kinds=(Kind.ILLUMINATION, Kind.PIT))
    found = [one for epoch in range(3) for one in synthetic_pairs(data.good, spec, 0, epoch=epoch)]
    assert {one.kind for one in found} == {Kind.ILLUMINATION, Kind.PIT}
    steady = Part(light_varies=True)
    assert {one.kind for one in synthetic_pairs(data.good, spec, 0, part=steady)} == {Kind.PIT}
    with pytest.raises(BadData, match="no kind"):
        list(synthetic_pairs(data.good, SynthesizeSpec(kinds=(Kind.ILLUMINATION,)), 0, part=steady))


def test_a_picture_that_no_kind_fits_is_left_out(data: DataSet) -> None:
    nowhere = np.zeros((192, 192), np.bool_)
    assert list(synthetic_pairs(data.good, SPEC, 0, where=lambda _image, _picture: nowhere)) == []
