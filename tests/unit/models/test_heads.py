"""Networks with heads: what their terms add up to, that none can talk another down, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.errors import InferenceError
from models.geometry import Geometry
from models.geometry_entry import GeometrySpec, TilesEntry
from models.heads import Head, Logits
from models.manifest import HeadEntry, ScoreMap, TermEntry
from models.scorers import Floats, Gaussian, Scorer, ScorerShape, calibrated, score_views
from models.tiling import Mosaic, one_view
from tests.fakes.packages import parsed, small_files, small_manifest

RNG = np.random.default_rng(0)
SHAPE = ScorerShape(16, (8, 16), 1, 0.0, 1e-6)
NOTHING = TermEntry(weight=0.0, above=0.0)
LINEAR = TermEntry(weight=1.0, above=-100.0)


def entry(**changes: Any) -> HeadEntry:
    settings = {
        "classes": ("scratch", "dent"),
        "stride": 4,
        "image": True,
        "distance": TermEntry(weight=1.0, above=0.5),
        "map": TermEntry(weight=2.0, above=0.0),
        "image_logit": TermEntry(weight=0.5, above=-1.0),
        "mask_from": 0.0,
    }
    return HeadEntry.model_validate(settings | changes)


def scorer(head: HeadEntry | None, shape: ScorerShape = SHAPE) -> Scorer:
    """Of 2 channels at stride 8 and 3 at stride 16."""
    own = None if head is None else Head(head, shape.strides)
    return Scorer(shape, np.zeros(5, np.float32), np.ones(5, np.float32), Gaussian(), None, own)


def outputs(rng: np.random.Generator = RNG, classes: int = 2, image: bool = True) -> tuple[Floats, ...]:
    """Of a 64 x 32 input: strides 8 and 16, a head at stride 4, an image head."""
    shapes = [(2, 4, 8), (3, 2, 4), (1 + classes, 8, 16), *([(1 + classes, 1, 1)] if image else [])]
    return tuple(rng.normal(size=shape).astype(np.float32) for shape in shapes)


def test_a_raw_score_is_the_sum_of_its_terms() -> None:
    given_ = outputs()
    statistic = scorer(None)(given_[:2])
    found = scorer(entry())(given_)
    peak, image = float(given_[2][0].max()), float(given_[3][0, 0, 0])
    assert found.raw == pytest.approx(max(statistic.raw - 0.5, 0) + 2 * max(peak, 0) + 0.5 * max(image + 1, 0))
    wide = cv2.resize(statistic.map, (16, 8), interpolation=cv2.INTER_LINEAR)
    assert found.map == pytest.approx(np.maximum(wide - 0.5, 0) + 2 * np.maximum(given_[2][0], 0), abs=1e-5)
    assert found.classes is not None and np.array_equal(found.classes, given_[2])


def test_the_logits_outlive_the_runtimes_memory() -> None:
    given_ = outputs()
    found = scorer(entry())(given_)
    assert found.classes is not None
    before = found.classes.copy()
    given_[2][:] = 7
    assert np.array_equal(found.classes, before)


def test_a_calibrated_score_carries_the_logits() -> None:
    found = scorer(entry())(outputs())
    scores = calibrated(found, ScoreMap(raw=(0.0, 50.0), score=(0.0, 1.0)))
    assert scores.classes is found.classes and scores.map.shape == (8, 16)
    assert calibrated(scorer(None)(outputs()[:2]), ScoreMap(raw=(0.0, 1.0), score=(0.0, 1.0))).classes is None


def test_a_place_of_the_head_has_the_residual_of_the_place_it_lies_in() -> None:
    given_ = outputs()
    found, statistic = scorer(entry())(given_), scorer(None)(given_[:2])
    cells = np.array([0, 3, 4, 3 * 16 + 15, 4 * 16, 7 * 16 + 15], np.intp)
    assert np.array_equal(found.residuals_of(cells), statistic.residuals[0][[0, 0, 1, 3, 4, 7]])


def test_a_head_coarser_than_the_statistic_is_added_on_its_own_grid() -> None:
    shape = ScorerShape(8, (8, 16), 1, 0.0, 1e-6)
    given_ = (*outputs()[:2], np.zeros((3, 2, 4), np.float32), np.zeros((3, 1, 1), np.float32))
    found = scorer(entry(stride=16), shape)(given_)
    assert found.map.shape == (2, 4)
    assert np.array_equal(found.residuals_of(np.array([7])), scorer(None, shape)(given_[:2]).residuals[0][[2 * 8 + 6]])


WEIGHTS = st.floats(0, 10, width=32)
BOUNDS = st.floats(-100, 100, width=32)


@given(st.integers(0, 2**32 - 1), st.lists(st.tuples(WEIGHTS, BOUNDS), min_size=3, max_size=3), st.floats(-50, 50))
def test_no_head_talks_down_what_the_distance_says(seed: int, terms: list[tuple[float, float]], shift: float) -> None:
    """Whatever the logits: with the distance's weight in force, the score is never below what it alone gives."""
    given_ = outputs(np.random.default_rng(seed))
    for logits in given_[2:]:
        logits += np.float32(shift)
    distance, head_map, image = (TermEntry(weight=weight, above=above) for weight, above in terms)
    distance = TermEntry(weight=distance.weight + 0.01, above=distance.above)
    with_head = scorer(entry(distance=distance, map=head_map, image_logit=image))(given_)
    alone = scorer(entry(distance=distance, map=NOTHING, image_logit=NOTHING))(given_)
    statistic = scorer(None)(given_[:2])
    assert with_head.raw >= alone.raw >= 0
    assert alone.raw == pytest.approx(distance.weight * max(statistic.raw - distance.above, 0))
    assert (with_head.map >= alone.map).all() and (alone.map >= 0).all()
    score_map = ScoreMap(raw=(0.0, 5.0, 2000.0), score=(0.0, 0.5, 1.0))
    assert calibrated(with_head, score_map).image >= calibrated(alone, score_map).image


@pytest.mark.parametrize("where", [2, 3])
@pytest.mark.parametrize("channel", [0, 2])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("weights", [NOTHING, LINEAR])
def test_a_logit_that_is_no_number_raises(where: int, channel: int, value: float, weights: TermEntry) -> None:
    """Also of a class, which no score is made of, and where its term weighs nothing."""
    given_ = outputs()
    given_[where][channel, -1, -1] = value
    with pytest.raises(InferenceError, match="no number"):
        scorer(entry(map=weights, image_logit=weights))(given_)


def test_a_sum_past_all_numbers_raises() -> None:
    given_ = outputs()
    given_[2][0, 0, 0] = 3e38
    with pytest.raises(InferenceError, match="no number"):
        scorer(entry(map=TermEntry(weight=10_000.0, above=0.0)))(given_)


@pytest.mark.parametrize(
    "wrong",
    [
        outputs()[:3],
        outputs()[:2],
        (*outputs(), outputs()[3]),
        outputs(classes=1),
        (*outputs()[:2], np.zeros((3, 4, 8), np.float32), outputs()[3]),
        (*outputs()[:3], np.zeros((3, 2, 1), np.float32)),
        (*outputs()[:2], outputs()[3], outputs()[2]),
    ],
)
def test_outputs_that_do_not_fit_are_refused(wrong: tuple[Floats, ...]) -> None:
    with pytest.raises(ValueError, match="instead of"):
        scorer(entry())(wrong)


def test_a_head_needs_no_image_logit() -> None:
    found = scorer(entry(image=False, image_logit=NOTHING))(outputs(image=False))
    assert found.classes is not None and found.raw > 0


def test_a_head_without_classes_tells_anomalies_alone() -> None:
    found = scorer(entry(classes=()))(outputs(classes=0))
    assert found.classes is not None and found.classes.shape == (1, 8, 16)


def two_tiles(*views: Logits, scoring: tuple[Any, Any] = (None, None)) -> tuple[Any, ...]:
    """The head's answer for two views of 2 x 2 places of which the middle column is shared."""
    head = Head(entry(distance=NOTHING), (8, 16))
    statistic = scorer(None)(outputs()[:2])
    mosaic = Mosaic((2, 3), ((0, 0), (0, 1)), scoring)
    found = head.join(statistic, views, lambda grid: mosaic)
    return found, head.evidence(statistic, views, lambda grid: mosaic)


def logits(anomaly: list[list[float]], image: float) -> Logits:
    """The second and third channel say whose they are: 10 times the anomaly."""
    plane = np.array(anomaly, np.float32)
    return Logits(np.stack([plane, 10 * plane, 20 * plane]), np.full(3, image, np.float32))


def test_where_tiles_overlap_the_logits_of_the_higher_anomaly_stand() -> None:
    found, evidence = two_tiles(logits([[1, 2], [3, 4]], -3.0), logits([[5, 6], [0, 7]], 2.0))
    assert found.classes[0].tolist() == [[1, 5, 6], [3, 4, 7]]
    assert found.classes[1].tolist() == [[10, 50, 60], [30, 40, 70]]
    assert (evidence.map, evidence.image) == (7.0, 2.0) and found.raw == pytest.approx(14 + 1.5)


def test_what_is_masked_has_no_say() -> None:
    hidden, seen = np.zeros((2, 2), np.bool_), np.array([[True, True], [True, False]])
    found, evidence = two_tiles(logits([[1, 2], [3, 4]], -1.0), logits([[0, 9], [0, 9]], 9.0), scoring=(seen, hidden))
    assert (evidence.map, evidence.image) == (3.0, -1.0) and found.raw == pytest.approx(6.0)
    assert found.scoring.tolist() == [[True, True, False], [True, False, False]]


def test_masked_places_of_the_statistic_have_no_share_in_the_heads_grid() -> None:
    """Paint may look as unusual as it likes: beside it counts what is seen there."""
    given_ = [np.zeros_like(one) for one in outputs()]
    given_[1][:, 0, 0] = 100.0
    painted = np.zeros((32, 64), np.bool_)
    painted[:16, :16] = True
    left = {16: ~painted[::16, ::16], 4: ~painted[::4, ::4]}

    def mosaic_of(grid: tuple[int, int]) -> Mosaic:
        return Mosaic(grid, ((0, 0),), (left[32 // grid[0]],))

    found = score_views(scorer(entry(distance=LINEAR)), [given_], mosaic_of)
    assert found.map[left[4]] == pytest.approx(100.0)


def test_tiles_of_a_geometry_lie_alike_on_the_statistics_grid_and_the_heads() -> None:
    """A bright place in the second tile's own part is found there, with its own residual."""
    spec = GeometrySpec(picture_px=(112, 32), tiles=TilesEntry(width_px=64, height_px=32, overlap_px=16))
    geometry = Geometry(spec, (64, 32))
    views = [[np.zeros_like(one) for one in outputs()] for _ in range(2)]
    views[1][1][:, 1, 3] = 3.0
    views[1][2][0, 5, 13] = 8.0
    found = score_views(scorer(entry()), views, geometry.layout((112, 32)).mosaic)
    assert found.map.shape == (8, 28) and int(found.map.argmax()) == 5 * 28 + 12 + 13
    residual = found.residuals_of(np.array([5 * 28 + 12 + 13]))
    assert residual.tolist() == [[0, 0, 3, 3, 3]]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"map": {"weight": -1.0, "above": 0.0}}, "weight"),
        ({"map": {"weight": float("inf"), "above": 0.0}}, "weight"),
        ({"map": {"weight": 1.0, "above": float("nan")}}, "above"),
        ({"map": {"weight": 1.0, "above": -1e6}}, "above"),
        ({"mask_from": float("nan")}, "mask_from"),
        ({"min_margin": -0.1}, "min_margin"),
        ({"distance": NOTHING, "map": NOTHING, "image_logit": NOTHING}, "weigh nothing"),
        ({"image": False}, "does not give"),
        ({"classes": ("scratch", "scratch")}, "unique"),
        ({"stride": 5}, "stride"),
        ({"beyond": 1}, "beyond"),
    ],
)
def test_a_head_that_cannot_be_used_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        entry(**changes)


def test_a_class_without_a_row_in_the_catalogue_is_refused() -> None:
    data = small_manifest(small_files())
    data["scorer"]["head"] = json.loads(entry(classes=("bright",)).model_dump_json())
    assert parsed(data).scorer.head.classes == ("bright",)  # type: ignore[union-attr]
    data["scorer"]["head"]["classes"] = ["bright", "scratch"]
    with pytest.raises(ValidationError, match="class scratch has no row"):
        parsed(data)


def test_a_manifest_without_a_head_is_written_as_ever() -> None:
    manifest = parsed(small_manifest(small_files()))
    assert b'"head"' not in manifest.to_bytes()


def test_one_view_is_the_plain_case() -> None:
    given_ = outputs()
    assert np.array_equal(score_views(scorer(entry()), [given_], one_view).map, scorer(entry())(given_).map)
