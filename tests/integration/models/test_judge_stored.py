"""What was prepared can be judged again, from a store: the same bits as on the line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.cameras.flange import draw
from models.decision import Limits, Outcome, Unfit
from models.detector import Detector, Judgement
from models.prepared import Prepared
from tests.fakes.line import DEMO_PACKAGE

SEED = 4_242
PARTS = ((1, None), (2, None), (3, "scratch"), (4, "chip"))


@pytest.fixture(scope="module", params=("onnxruntime", "openvino", "tflite"))
def detector(request: pytest.FixtureRequest) -> Iterator[Detector]:
    loaded = Detector.load(DEMO_PACKAGE, runtime=request.param)
    yield loaded
    loaded.close()


def stored(prepared: Prepared) -> Prepared:
    """The same after a way through a lossless picture file."""
    inputs = [cv2.imdecode(cv2.imencode(".png", view)[1], cv2.IMREAD_COLOR) for view in prepared.inputs]
    return replace(prepared, inputs=np.asarray(np.stack(inputs), np.uint8))


def bits(judgement: Judgement) -> tuple[object, ...]:
    scores = judgement.scores
    return scores.image, scores.raw, scores.map.tobytes(), judgement.decision


@pytest.mark.parametrize(("number", "kind"), PARTS)
def test_a_stored_input_gives_the_very_bits_of_the_line(detector: Detector, number: int, kind: str | None) -> None:
    picture = draw(SEED, number, kind=kind).image
    limits = Limits(0.35, 0.6)
    inspected = detector.inspect(picture, limits)
    detector.inspect(draw(SEED, 99, kind="stain").image)  # nothing of the next part may leak into the stored one
    assert isinstance(inspected, Judgement)
    for kept in (inspected.prepared, stored(inspected.prepared)):
        assert bits(detector.judge(kept, limits)) == bits(inspected)


def test_what_was_prepared_cannot_be_changed_and_owns_its_memory(detector: Detector) -> None:
    first = detector.prepare(draw(SEED, 1).image)
    before = first.inputs.copy()
    detector.prepare(draw(SEED, 2).image)
    width, height = detector.info.input_size
    assert np.array_equal(first.inputs, before) and first.inputs.shape == (1, height, width, 3)
    with pytest.raises(ValueError, match="read-only"):
        first.inputs[0, 0, 0, 0] = 1


def dark(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(picture * 0.05, np.uint8)


def test_the_network_is_not_asked_about_a_picture_that_proves_nothing(detector: Detector) -> None:
    found = detector.inspect(dark(draw(SEED, 1).image))
    assert found.prepared.unfit is Unfit.DARK
    assert (found.scores, found.decision, found.infer_ns, found.score_ns) == (None, None, 0, 0)
    assert found.preprocess_ns > 0


def test_figures_over_a_data_set_ask_the_network_about_every_picture(detector: Detector) -> None:
    found = detector.judge_anyway(dark(draw(SEED, 1).image))
    assert found.prepared.unfit is Unfit.DARK and 0 <= found.scores.image <= 1 and found.preprocess_ns > 0


def test_a_part_that_only_looks_moved_is_judged_because_it_may_be_ng(detector: Detector) -> None:
    moved = np.asarray(np.roll(draw(SEED, 1).image, 160, axis=1), np.uint8)
    found = detector.inspect(moved)
    assert found.prepared.unfit is Unfit.MOVED
    assert found.decision is not None and found.decision.outcome is not Outcome.NO_PART
