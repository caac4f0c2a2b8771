"""Names of known defects, and the honest "unknown" beyond them."""

from __future__ import annotations

import numpy as np
import pytest

from models.decision import DefectClass, Severity
from models.errors import PackageError
from models.manifest import HeadEntry
from models.naming import HeadNamer, Namer, load_namer, region_vector
from models.scorers import Floats
from tests.fakes.head_packages import HEAD
from tests.fakes.packages import npy, parsed, small_files, small_manifest

UNKNOWN = DefectClass("unknown_defect", 1, "Unknown defect", "未知缺陷", Severity.MAJOR)
SCRATCH = DefectClass("scratch", 2, "Scratch", "划痕", Severity.MAJOR)
DENT = DefectClass("dent", 3, "Dent", "凹痕", Severity.MINOR)


def namer(min_similarity: float = 0.8) -> Namer:
    vectors = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    return Namer((UNKNOWN, SCRATCH, DENT), vectors, np.array([2, 3]), min_similarity)


@pytest.mark.parametrize(
    ("vector", "row"),
    [([1, 0, 0], SCRATCH), ([0.1, 0.99, 0], DENT), ([0, 0, 1], UNKNOWN), ([-1, 0, 0], UNKNOWN), ([0, 0, 0], UNKNOWN)],
)
def test_the_nearest_prototype_names_unless_too_far(vector: list[float], row: DefectClass) -> None:
    assert namer()(np.array(vector, np.float32)) == row


def test_without_prototypes_everything_is_unknown() -> None:
    empty = Namer((UNKNOWN,), np.zeros((0, 3), np.float32), np.zeros(0, np.int64), 1.0)
    assert empty(np.ones(3, np.float32)) == UNKNOWN


def test_a_region_vector_is_the_weighed_mean_of_unit_length() -> None:
    residuals = np.array([[9, 9], [3, 0], [0, 4]], np.float32)
    vector = region_vector(residuals[[1, 2]], np.array([1.0, 1.0], np.float32))
    assert vector == pytest.approx(np.array([0.6, 0.8]), abs=1e-6)
    assert region_vector(residuals[[1]] * 0, np.ones(1, np.float32)) == pytest.approx(np.zeros(2))


@pytest.mark.parametrize(
    "changed",
    [
        {"naming/codes.npy": npy(np.array([7], np.int64))},
        {"naming/codes.npy": npy(np.array([2, 2], np.int64))},
        {"naming/codes.npy": npy(np.array([2.0]))},
        {"naming/vectors.npy": npy(np.ones((1, 4), np.float32))},
    ],
)
def test_prototypes_that_do_not_fit_are_refused(changed: dict[str, bytes]) -> None:
    files = small_files() | changed
    with pytest.raises(PackageError):
        load_namer(parsed(small_manifest(files)), files, 3)


CLASSES = (UNKNOWN, SCRATCH, DENT)


def head_namer(*labels: str, min_margin: float = 1.0) -> HeadNamer:
    entry = HeadEntry.model_validate(
        HEAD | {"classes": labels, "mask_from": 0.5, "min_margin": min_margin}, strict=False
    )
    return HeadNamer(entry, CLASSES)


def logits(*places: tuple[float, float, float]) -> Floats:
    """`(3, 1, n)` of places, each with its anomaly's logit and its classes'."""
    return np.array(places, np.float32).T[:, np.newaxis]


def test_a_head_names_a_region_by_the_places_it_sees() -> None:
    """The third place is the distance's alone: what the head says of it is not asked."""
    classes = logits((0.5, 3.0, 1.0), (2.0, 0.0, 0.5), (0.4, -90.0, 90.0))
    assert (
        head_namer("scratch", "dent")(classes, np.array([0, 1, 2])) == UNKNOWN
    )  # 1.5 against 0.75: it does not lead by 1
    assert head_namer("scratch", "dent")(classes, np.array([0, 2])) == SCRATCH
    assert head_namer("scratch", "dent")(classes, np.array([2])) is None


def test_a_lead_of_just_the_margin_counts() -> None:
    assert head_namer("scratch", "dent")(logits((1.0, 1.0, 2.0)), np.array([0])) == DENT


def test_one_class_needs_no_lead_and_no_class_gives_no_name() -> None:
    alone = head_namer("dent", min_margin=5.0)
    assert alone(logits((1.0, -3.0, 0.0))[:2], np.array([0])) == DENT
    assert head_namer()(logits((1.0, 0.0, 0.0))[:1], np.array([0])) is None
