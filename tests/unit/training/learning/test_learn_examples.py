"""What a network is taught of a data set's pictures, and of those with drawn and pasted defects."""

from __future__ import annotations

import io

import numpy as np
import pytest

from models.geometry_entry import GeometrySpec
from models.layout import Layout
from tests.fakes.discs import write_discs
from training.data.cache import Memory
from training.data.dataset import DataSet, open_dataset
from training.data.part import Part
from training.data.pictures import Pictures
from training.declared import AugmentSpec, Kind, SynthesizeSpec
from training.features import Inputs
from training.framing import geometry_for, settle
from training.learning.course import UNKNOWN, UNNAMED, Example, LearnConfig
from training.learning.examples import covered, drawn_examples, examples_of
from training.learning.views import view
from training.progress import Progress
from training.sights import Sights

CLASSES = ("scratch", "stain")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    return open_dataset(write_discs(tmp_path_factory.mktemp("discs")))


@pytest.fixture(scope="module")
def inputs(data: DataSet) -> Inputs:
    store = Memory()
    geometry = geometry_for(settle(GeometrySpec(), data), (64, 64))
    found = Inputs(Sights(geometry, data, None, Pictures(store, data.pictures), store), AugmentSpec())
    found.sights.prepare(data, Progress(io.StringIO()))
    return found


def test_a_picture_teaches_what_is_known_of_it(data: DataSet, inputs: Inputs) -> None:
    found = {picture.label: next(examples_of(picture, inputs, CLASSES)) for picture in data.pictures}
    assert (found["good"].label, found["good"].mask) == (0, None)
    assert (found["stain"].label, found["stain"].mask) == (2, None)
    mask = found["scratch"].mask
    assert found["scratch"].label == 1 and mask is not None and set(np.unique(mask)) == {0, 1}


def test_a_class_that_is_not_learned_is_still_wrong(data: DataSet, inputs: Inputs) -> None:
    scratch, stain = (next(examples_of(picture, inputs, ())) for picture in (data.defective[0], data.defective[-1]))
    assert (scratch.label, stain.label) == (UNKNOWN, UNKNOWN)
    assert scratch.mask is not None and set(np.unique(scratch.mask)) == {0, UNNAMED}


def test_a_defect_smaller_than_a_pixel_is_not_lost() -> None:
    layout = Layout(GeometrySpec(), (640, 640), (64, 64))
    region = np.zeros((640, 640), np.bool_)
    region[321:324, 405:408] = True
    found = covered(region, layout, layout.views[0])
    assert np.argwhere(found).tolist() == [[32, 40]]
    assert not covered(np.zeros_like(region), layout, layout.views[0]).any()


def test_what_is_drawn_has_no_class_and_what_is_pasted_keeps_its_own(data: DataSet, inputs: Inputs) -> None:
    spec = SynthesizeSpec(kinds=(Kind.PIT, Kind.BLEND))
    made = list(drawn_examples(data.good, data.defective, inputs, CLASSES, spec, Part(), 0, 12))
    assert {one.label for one in made} == {UNKNOWN, 1}
    for one in made:
        assert one.mask is not None and set(np.unique(one.mask)) == {0, UNNAMED if one.label == UNKNOWN else one.label}
    again = list(drawn_examples(data.good, data.defective, inputs, CLASSES, spec, Part(), 0, 12))
    assert all(np.array_equal(left.pixels, right.pixels) for left, right in zip(made, again, strict=True))


def test_a_mask_goes_where_its_picture_goes() -> None:
    rng = np.random.default_rng(0)
    for quarters in (False, True):
        config = LearnConfig(mirror_x=True, mirror_y=True, quarters=quarters, noise_levels=0, gain=0, gamma=0)
        for _ in range(20):
            mask = np.zeros((64, 64), np.uint8)
            mask[20:40, 12:24] = 1
            seen = view(Example(np.repeat(mask[:, :, None] * np.uint8(200), 3, 2), mask, 1), config, rng)
            assert seen.mask is not None
            assert ((seen.pixels[:, :, 0] > 100) == (seen.mask > 0)).mean() > 0.98


def test_what_is_moved_out_of_the_picture_is_not_called_there() -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[:2, :2] = 1
    config = LearnConfig(shift=0.5, turn_deg=0, scale=0.0)
    labels = {
        view(Example(np.zeros((64, 64, 3), np.uint8), mask, 1), config, np.random.default_rng(seed)).label
        for seed in range(30)
    }
    assert labels == {0, 1}
