"""The package of tests/fakes/packages.py whose network has heads as well, at stride 4, in ONNX.

A pixel block's anomaly logit is how much brighter than 191 its red or blue is, in tens; the class is the colour that is
brighter. The image's logits are the highest of all places. The distance sees the mean colour of 16 x 16 blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.golden import encode_frame
from models.package import write_package
from tests.fakes.packages import SIZE, gray_frame, parsed, small_files, small_manifest

# The coloured block is a quarter of a block of 16 x 16, 128 brighter in one colour.
_DISTANCE, _LOGIT = 32 / (20 * 3**0.5), 6.4
OUTPUTS = ("stride16", "head", "image")
BLUE, RED = (255, 127, 127), (127, 127, 255)


def head_network(outputs: Sequence[str] = OUTPUTS, divisor: float = 10.0) -> bytes:
    """uint8 NHWC pixels → block means, head `(1, 3, 16, 16)`, image `(1, 3, 1, 1)`, in the order of `outputs`."""
    import onnx  # here alone: a station with tflite_runtime has none
    from onnx import TensorProto, helper, numpy_helper

    shapes = {"stride16": [1, 3, 4, 4], "head": [1, 3, 16, 16], "image": [1, 3, 1, 1]}
    # Blue less red, red less blue; the anomaly is the brighter of both less 191.
    classes = np.array([[1, 0, -1], [-1, 0, 1]], np.float32)[:, :, None, None]
    constants = {
        "classes": classes,
        "divisor": np.array(divisor, np.float32),
        "level": np.array(191, np.float32),
        "axis": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["planes"], ["stride16"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("AveragePool", ["planes"], ["stride4"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Conv", ["stride4", "classes"], ["contrast"], kernel_shape=[1, 1]),
        helper.make_node("ReduceMax", ["stride4", "axis"], ["brightest"], keepdims=1),
        helper.make_node("Sub", ["brightest", "level"], ["above"]),
        helper.make_node("Concat", ["above", "contrast"], ["together"], axis=1),
        helper.make_node("Div", ["together", "divisor"], ["head"]),
        helper.make_node("GlobalMaxPool", ["head"], ["image"]),
    ]
    graph = helper.make_graph(
        nodes,
        "heads",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, SIZE, SIZE, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def coloured_frame(colour: tuple[int, int, int] = BLUE) -> Any:
    """Gray with one block of 8 x 8 at x 20..27, y 36..43."""
    frame = gray_frame()
    frame[36:44, 20:28] = colour
    return frame


HEAD: dict[str, Any] = {
    "classes": ["blue", "red"],
    "stride": 4,
    "image": True,
    "distance": {"weight": 1.0, "above": 0.0},
    "map": {"weight": 1.0, "above": 0.0},
    "image_logit": {"weight": 0.25, "above": 0.0},
    "mask_from": 0.0,
    "min_margin": 1.0,
}


def head_files(**changes: bytes) -> dict[str, bytes]:
    return (
        small_files()
        | {
            "model.onnx": head_network(),
            "golden/01.png": encode_frame(coloured_frame()[None]),
            "golden/02.png": encode_frame(coloured_frame(RED)[None]),
        }
        | changes
    )


def head_manifest(content: dict[str, bytes], **head: Any) -> dict[str, Any]:
    """The manifest as JSON data; `head` replaces single entries of the scorer's head."""
    data = small_manifest(content)
    data["scorer"]["head"] = HEAD | head
    data["classes"] += [
        {"label": label, "code": code, "name_en": label, "name_zh": label, "severity": "major"}
        for code, label in ((3, "blue"), (4, "red"))
    ]
    weights = [data["scorer"]["head"][term]["weight"] for term in ("distance", "map", "image_logit")]
    raw = weights[0] * _DISTANCE + (weights[1] + weights[2]) * _LOGIT
    # Bilinear from 4 x 4 to 16 x 16 keeps the mean of a place that does not lie at the rim.
    mean = weights[0] * _DISTANCE / 16 + weights[1] * _LOGIT * 4 / 256
    ng = {"raw": raw, "score": raw / 10, "map_mean": mean / 10, "outcome": "NG"}
    ok = {"raw": 0.0, "score": 0.0, "map_mean": 0.0, "outcome": "OK"}
    data["golden"]["frames"] = [
        {"file": "golden/00.png", "expected": dict.fromkeys(("onnxruntime", "openvino"), ok)},
        {"file": "golden/01.png", "expected": dict.fromkeys(("onnxruntime", "openvino"), ng)},
        {"file": "golden/02.png", "expected": dict.fromkeys(("onnxruntime", "openvino"), ng)},
    ]
    return data


def write_head_package(path: Path, *, files: dict[str, bytes] | None = None, **head: Any) -> Path:
    """Write the package as a zip; altered `files` are hashed anew, so that only their content is wrong."""
    content = head_files(**(files or {}))
    write_package(path, parsed(head_manifest(content, **head)), content)
    return path
