"""Several networks in one package: what may stand beside what, and that older packages read as they were written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from models.errors import PackageError
from models.manifest import parse_manifest
from models.package import open_package
from tests.fakes.packages import small_files, small_manifest

SHIPPED = Path(__file__).parents[3] / "models/packages/flange.okng"
U8S8 = {"file": "model.onnx", "format": "onnx", "quantization": "int8 QDQ U8S8 per-channel reduce_range"}
S8S8 = {"file": "symmetric.onnx", "format": "onnx", "quantization": "int8 QDQ S8S8 per-channel symmetric"}
LITE = {"file": "model.tflite", "format": "tflite", "quantization": "int8 per-channel"}


def manifest(*artefacts: dict[str, Any], **changes: Any) -> bytes:
    content = small_files() | {str(artefact["file"]): b"network" for artefact in artefacts}
    return json.dumps(
        small_manifest(content, artefacts=[{"certified": {}} | artefact for artefact in artefacts], **changes)
    ).encode()


def test_three_kinds_of_network_stand_in_one_package() -> None:
    read = parse_manifest(manifest(U8S8, S8S8, LITE))
    assert [(a.format, a.role) for a in read.artefacts] == [
        ("onnx", "general"),
        ("onnx", "symmetric"),
        ("tflite", "general"),
    ]
    assert read.referenced() >= {"model.onnx", "symmetric.onnx", "model.tflite"}


@pytest.mark.parametrize("quantization", ["int8 per-channel", "int8 weights", "float32"])
def test_a_tflite_file_says_how_far_it_is_quantized(quantization: str) -> None:
    read = parse_manifest(manifest(U8S8, LITE | {"quantization": quantization}))
    assert read.artefacts[1].quantization == quantization


@pytest.mark.parametrize(
    ("artefacts", "says"),
    [
        ([], "at least 1 item"),
        ([U8S8 | {"file": f"{n}.onnx"} for n in range(5)], "at most 4 items"),
        ([U8S8, LITE | {"file": "model.onnx"}], "the same file"),
        ([U8S8, U8S8 | {"file": "b.onnx"}], "same format and role"),
        ([U8S8, U8S8 | {"file": "b.onnx", "quantization": "float32"}], "same format and role"),
        ([LITE | {"quantization": "int8 QDQ U8S8 per-channel reduce_range"}], "no tflite file is quantized"),
        ([U8S8 | {"quantization": "int8 weights"}], "no onnx file is quantized"),
        ([U8S8 | {"quantization": "int4"}], "quantization"),
        ([U8S8 | {"format": "torchscript"}], "format"),
        ([U8S8 | {"certified": {"tflite": ["avx2"]}}], "tflite does not read onnx"),
        ([U8S8, LITE | {"certified": {"openvino": ["avx2"]}}], "openvino does not read tflite"),
    ],
)
def test_networks_that_contradict_each_other_are_refused(artefacts: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(PackageError, match=says):
        parse_manifest(manifest(*artefacts))


def test_a_litert_file_is_certified_by_a_score_map_of_its_own() -> None:
    lite = LITE | {"certified": {"tflite": ["avx2"]}}
    other = {"onnxruntime": {"raw": [0.0, 10.0], "score": [0.0, 1.0]}}
    assert parse_manifest(manifest(U8S8, lite))
    with pytest.raises(PackageError, match="tflite is certified without a score map"):
        parse_manifest(manifest(U8S8, lite, score_maps=other))


def test_the_shipped_package_reads_byte_for_byte() -> None:
    package = open_package(SHIPPED)
    files = [(artefact.file, artefact.role) for artefact in package.manifest.artefacts]
    assert files == [("model.onnx", "general"), ("model.tflite", "general")]
    assert package.hash == "sha256:" + hashlib.sha256(package.manifest.to_bytes()).hexdigest()
