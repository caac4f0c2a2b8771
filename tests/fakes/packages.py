"""A model package small enough to read: how far each 16 x 16 block's mean colour is from gray 127, divided by 20.

Real in every layer (ONNX network, scorer arrays, golden frames, catalogue), made without any training. A gray picture
scores 0; one white block scores 1.
"""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.geometry_entry import GeometrySpec
from models.golden import encode_frame
from models.manifest import Manifest
from models.package import file_table, write_package
from tests.fakes.tflite_networks import tflite_network

SIZE = 64
LIMITS = {"ok_below": 0.3, "ng_from": 0.6}


def gray_frame() -> NDArray[np.uint8]:
    """`(64, 64, 3)`, all 127."""
    return np.full((SIZE, SIZE, 3), 127, np.uint8)


def white_block_frame() -> NDArray[np.uint8]:
    """Gray with one white block at x 16..31, y 32..47."""
    frame = gray_frame()
    frame[32:48, 16:32] = 255
    return frame


def small_network(divisor: float = 1.0) -> bytes:
    """uint8 NHWC pixels → block means `(1, 3, 4, 4)`, divided by `divisor` (0 gives NaN and infinity)."""
    import onnx  # here alone: a station with tflite_runtime has none
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["planes"], ["means"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("Div", ["means", "divisor"], ["stride16"]),
    ]
    graph = helper.make_graph(
        nodes,
        "blocks",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, SIZE, SIZE, 3])],
        [helper.make_tensor_value_info("stride16", TensorProto.FLOAT, [1, 3, 4, 4])],
        [helper.make_tensor("divisor", TensorProto.FLOAT, [], [divisor])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def small_files() -> dict[str, bytes]:
    """Every file of the package but its manifest."""
    return {"model.onnx": small_network()} | _judging_files()


def lite_files(strides: tuple[int, ...] = (16,)) -> dict[str, bytes]:
    """The same with the network as a LiteRT file instead."""
    return {"model.tflite": tflite_network(strides)} | _judging_files()


def _judging_files() -> dict[str, bytes]:
    return {
        "scorer/mean.npy": npy(np.full(3, 127, np.float32)),
        "scorer/projection.npy": npy(np.full(3, 1 / (20 * 3**0.5), np.float32)),
        "naming/vectors.npy": npy(np.full((1, 3), 3**-0.5, np.float32)),
        "naming/codes.npy": npy(np.array([2], np.int64)),
        "golden/00.png": encode_frame(gray_frame()[None]),
        "golden/01.png": encode_frame(white_block_frame()[None]),
    }


def small_manifest(content: dict[str, bytes], **changes: Any) -> dict[str, Any]:
    """The manifest as JSON data; `changes` replace whole entries."""
    runtimes = ("onnxruntime", "openvino", *(["tflite"] if "model.tflite" in content else []))
    ok = {"raw": 0.0, "score": 0.0, "map_mean": 0.0, "outcome": "OK"}
    ng = {"raw": 6.4, "score": 0.64, "map_mean": 0.04, "outcome": "NG"}
    data: dict[str, Any] = {
        "schema_version": "okng-package/1",
        "id": "blocks",
        "version": "1",
        "task": "anomaly",
        "created": "2026-01-31T08:00:00Z",
        "classes": [
            _row("unknown_defect", 1, "Unknown defect", "未知缺陷"),
            _row("bright", 2, "Bright spot", "亮点"),
        ],
        "input": {
            "width_px": SIZE,
            "height_px": SIZE,
            "layout": "uint8 NHWC BGR",
            "resize": "area when shrinking, else linear",
        },
        "geometry": {"roi": None, "hash": GeometrySpec().digest()},
        "artefacts": [
            {
                "file": "model.onnx",
                "format": "onnx",
                "quantization": "int8 QDQ U8S8 per-channel reduce_range",
                "certified": {"onnxruntime": [], "openvino": []},
            }
        ],
        "scorer": {
            "kind": "gaussian",
            "strides": [16],
            "grid_stride": 16,
            "pool": 1,
            "smoothing_cells": 0.0,
            "top_fraction": 1e-6,
            "arrays": {"mean": "scorer/mean.npy", "projection": "scorer/projection.npy"},
        },
        "naming": {"vectors": "naming/vectors.npy", "codes": "naming/codes.npy", "min_similarity": 0.9},
        "calibration": {"scores": [0.1, 0.2], "groups": ["a", "b"]},
        "score_maps": {name: {"raw": [0.0, 10.0], "score": [0.0, 1.0]} for name in runtimes},
        "limits": LIMITS,
        "golden": {
            "frames": [
                {"file": "golden/00.png", "expected": dict.fromkeys(runtimes, ok)},
                {"file": "golden/01.png", "expected": dict.fromkeys(runtimes, ng)},
            ],
            "score_tolerance": 0.01,
        },
        "quality": {
            "light": [100.0, 200.0],
            "contrast_min": 0.0,
            "saturated_max": 0.5,
            "focus_min": 0.0,
            "reference": None,
            "likeness": None,
        },
        "training": {
            "data_sha256": "0" * 64,
            "config_sha256": "0" * 64,
            "seed": 0,
            "good_pictures": 2,
            "defective_pictures": 1,
            "tools": {},
        },
        "files": {name: entry.model_dump() for name, entry in file_table(content).items()},
    }
    return {**data, **changes}


def parsed(data: dict[str, Any]) -> Manifest:
    """The manifest of JSON data, past every check."""
    return Manifest.model_validate_json(json.dumps(data))


def write_small_package(path: Path, *, files: dict[str, bytes] | None = None, **changes: Any) -> Path:
    """Write the package as a zip; altered `files` are hashed anew, so that only their content is wrong."""
    content = small_files() | (files or {})
    write_package(path, parsed(small_manifest(content, **changes)), content)
    return path


LITE = {"file": "model.tflite", "format": "tflite", "quantization": "float32", "certified": {}}


def write_lite_package(path: Path, *, files: dict[str, bytes] | None = None, **changes: Any) -> Path:
    """A package whose only network is a LiteRT file."""
    content = lite_files() | (files or {})
    write_package(path, parsed(small_manifest(content, **({"artefacts": [LITE]} | changes))), content)
    return path


def npy(array: NDArray[Any]) -> bytes:
    buffer = BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _row(label: str, code: int, name_en: str, name_zh: str) -> dict[str, Any]:
    return {"label": label, "code": code, "name_en": name_en, "name_zh": name_zh, "severity": "major"}
