"""A manifest is read strictly, and says what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.errors import PackageError
from models.manifest import parse_manifest
from tests.fakes.packages import parsed, small_files, small_manifest


def manifest(**changes: Any) -> bytes:
    return json.dumps(small_manifest(small_files(), **changes)).encode()


def test_a_manifest_survives_writing_and_reading() -> None:
    read = parse_manifest(manifest())
    assert parse_manifest(read.to_bytes()) == read == parsed(small_manifest(small_files()))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "no valid JSON"),
        (b"\xff\xfe", "no valid JSON"),
        (b"[" * 100_000, "no valid JSON"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"schema_version": NaN}', "no number"),
        (b"[]", "schema"),
        (b"{}", "schema"),
        (b'{"schema_version": 1}', "schema"),
    ],
)
def test_what_is_no_manifest_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(PackageError, match=says):
        parse_manifest(content)


SMALL = small_manifest(small_files())
FRAMES = SMALL["golden"]["frames"]
RISING = SMALL["score_maps"]["onnxruntime"]
BOTH = ("onnxruntime", "openvino")


def artefacts(*certified: str) -> list[dict[str, Any]]:
    return [SMALL["artefacts"][0] | {"certified": {name: ["avx2"] for name in certified}}]


def golden(*expected: dict[str, Any]) -> dict[str, Any]:
    """The two golden frames, gray and white, with other expectations."""
    frames = [frame | {"expected": told} for frame, told in zip(FRAMES, expected, strict=True)]
    return {**SMALL["golden"], "frames": frames}


OK, NG = (frame["expected"]["onnxruntime"] for frame in FRAMES)


def without(runtime: str) -> dict[str, Any]:
    """Golden frames that never saw a runtime."""
    kept = [{name: told for name, told in frame["expected"].items() if name != runtime} for frame in FRAMES]
    return golden(*kept)


def maps(score: list[float]) -> dict[str, Any]:
    """The second runtime's map alone with other ends."""
    return {"score_maps": {"onnxruntime": RISING, "openvino": {"raw": [0, 10], "score": score}}}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"golden": golden({}, {})}, "golden/00.png has no expectation"),
        ({"golden": golden(FRAMES[0]["expected"], {}), "artefacts": artefacts()}, "golden/01.png has no expectation"),
        ({"golden": without("openvino")}, "openvino is certified without an expectation"),
        (
            {"golden": golden({"onnxruntime": OK}, FRAMES[1]["expected"])},
            "openvino is certified without an expectation",
        ),
        ({"score_maps": {"onnxruntime": RISING}}, "openvino is certified without a score map"),
        ({"golden": golden(dict.fromkeys(BOTH, OK), dict.fromkeys(BOTH, OK))}, "without both an OK and an NG"),
        ({"golden": golden(dict.fromkeys(BOTH, NG), dict.fromkeys(BOTH, NG))}, "without both an OK and an NG"),
        ({"golden": golden(dict.fromkeys(BOTH, OK), {"onnxruntime": NG, "openvino": OK})}, "openvino .* an NG"),
        (maps([0, 0.001]), "openvino must end at 1"),
        (maps([0, 0.9999]), "openvino must end at 1"),
        (maps([0.3, 1]), "openvino never falls below ok_below"),
        (maps([0.001, 0.002]) | {"limits": {"ok_below": 0.0, "ng_from": 0.0}}, "never falls below ok_below"),
    ],
)
def test_a_self_test_that_proves_nothing_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(PackageError, match=f"{says}.*export it again"):
        parse_manifest(manifest(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        maps([0.2999, 1.0]),
        {
            "artefacts": artefacts("onnxruntime"),
            "golden": without("openvino"),
            "score_maps": {"onnxruntime": RISING},
        },
    ],
    ids=["ends exactly on the right side of the limits", "a runtime never seen is not certified"],
)
def test_a_self_test_that_can_tell_passes(changes: dict[str, Any]) -> None:
    assert parse_manifest(manifest(**changes))


ROW = {"label": "x", "code": 2, "name_en": "X", "name_zh": "X", "severity": "major"}
UNKNOWN = ROW | {"label": "unknown_defect", "code": 1}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"later_field": 1}, "later_field"),
        ({"id": "../up"}, "id"),
        ({"created": "yesterday"}, "created"),
        ({"classes": [ROW]}, "unknown_defect"),
        ({"classes": [UNKNOWN, ROW, ROW]}, "unique"),
        ({"classes": [UNKNOWN, ROW | {"code": 0}]}, "code"),
        ({"limits": {"ok_below": 0.7, "ng_from": 0.3}}, "ok_below"),
        ({"limits": {"ok_below": 0.7, "ng_from": 1.3}}, "ng_from"),
        ({"score_maps": {"onnxruntime": {"raw": [0, 1], "score": [1, 0]}}}, "rise"),
        ({"score_maps": {"onnxruntime": {"raw": [1, 1], "score": [0, 1]}}}, "rise"),
        ({"score_maps": {"tensorflow": {"raw": [0, 1], "score": [0, 1]}}}, "tensorflow"),
        ({"geometry": {"roi": None, "hash": "sha256:0"}}, "geometry hash"),
        ({"calibration": {"scores": [2.0, 1.0], "groups": ["a", "b"]}}, "sorted"),
        ({"calibration": {"scores": [2.0], "groups": []}}, "group"),
        ({"naming": {"vectors": "gone.npy", "codes": "gone.npy", "min_similarity": 0.5}}, "gone.npy"),
        ({"files": {}}, "not listed"),
        ({"task": "segmentation"}, "task"),
    ],
)
def test_each_wrong_entry_is_named(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(PackageError, match=says):
        parse_manifest(manifest(**changes))
