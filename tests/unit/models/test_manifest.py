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
