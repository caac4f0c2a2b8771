"""What two models say together of a picture and of themselves."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import product

import pytest

from models.decision import DefectClass, Limits, Severity, Unfit
from models.detector import ModelInfo
from models.ensemble import joint_info, joint_prepared
from models.typical import Typical
from tests.fakes.parts import make_prepared


def info(id: str, letter: str, *, certified: bool = True, classes: tuple[DefectClass, ...] = ()) -> ModelInfo:
    runtime = "onnxruntime 1" if letter == "a" else "openvino 2"
    why = "by the package" if certified else "not here"
    return ModelInfo(id, "1", "sha256:" + 64 * letter, runtime, (64, 64), classes, Limits(0.3, 0.6), certified, why)


@pytest.mark.parametrize(("one", "other"), list(product([None, Unfit.MOVED, Unfit.DARK], repeat=2)))
def test_a_picture_that_one_finds_unfit_is_unfit(one: Unfit | None, other: Unfit | None) -> None:
    together = joint_prepared([make_prepared(one), make_prepared(other)], [False, False])
    assert (together.unfit is None) is (one is None and other is None)
    # Only what looks moved to all who object may yet be judged: a dark picture may not.
    assert (together.unfit is Unfit.DARK) is (Unfit.DARK in (one, other))


@pytest.mark.parametrize(
    ("empty", "taught", "together"),
    [
        ((True, True), (True, True), True),
        ((True, False), (True, True), False),
        ((True, False), (True, False), True),
        ((False, True), (True, False), False),  # what was never taught does not count
        ((True, True), (False, False), False),
        ((False, False), (True, True), False),
    ],
)
def test_a_place_is_empty_when_all_who_were_taught_say_so(
    empty: tuple[bool, bool], taught: tuple[bool, bool], together: bool
) -> None:
    ready = [make_prepared(empty=one) for one in empty]
    assert joint_prepared(ready, taught).empty is together


def test_an_empty_place_in_a_picture_that_one_finds_unfit_is_unfit_still() -> None:
    ready = [make_prepared(empty=True), make_prepared(Unfit.DARK)]
    together = joint_prepared(ready, [True, False])
    assert (together.empty, together.unfit) == (True, Unfit.DARK)


def test_both_stand_as_one_model_with_a_hash_that_both_make() -> None:
    one, other = info("blocks", "a"), info("classes", "b")
    both = joint_info(one, other)
    assert (both.id, both.version, both.runtime) == ("blocks+classes", "1+1", "onnxruntime 1+openvino 2")
    assert both.hash == "sha256:" + hashlib.sha256(f"{one.hash}\n{other.hash}\n".encode()).hexdigest()
    assert both.hash != joint_info(other, one).hash
    assert both.members == (one, other)
    assert (both.certified, both.certification) == (True, "by the package")


@pytest.mark.parametrize(("one", "other"), [(True, False), (False, True), (False, False)])
def test_both_are_certified_only_where_each_is(one: bool, other: bool) -> None:
    both = joint_info(info("blocks", "a", certified=one), info("classes", "b", certified=other))
    assert not both.certified
    assert ("blocks: not here" in both.certification) is not one
    assert ("classes: not here" in both.certification) is not other


def test_a_score_that_is_of_either_model_is_not_held_against_the_firsts_usual_one() -> None:
    first = replace(info("blocks", "a"), typical={"score": Typical(0.1, 0.01, 50), "light": Typical(120.0, 2.0, 50)})
    assert set(joint_info(first, info("classes", "b")).typical) == {"light"}


def test_one_package_twice_is_told_apart() -> None:
    both = joint_info(info("blocks", "a"), info("blocks", "a"))
    assert (both.id, [one.id for one in both.members]) == ("blocks-1+blocks-2", ["blocks-1", "blocks-2"])


def test_the_catalogues_of_both_are_one() -> None:
    scratch = DefectClass("scratch", 2, "Scratch", "划痕", Severity.MAJOR)
    dent = DefectClass("dent", 7, "Dent", "凹痕", Severity.MAJOR)
    kratzer = DefectClass("scratch", 2, "Kratzer", "划痕", Severity.MINOR)
    assert joint_info(info("a", "a", classes=(scratch,)), info("b", "b", classes=(dent, kratzer))).classes == (
        scratch,
        dent,
    )
