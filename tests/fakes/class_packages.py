"""A classifier's package small enough to read: is a picture blue or red? Every one is one of both.

The logits are how much brighter the picture's mean blue is than its red, in tens, and the other way round. `FAMILIAR`
asks, too, whether the picture's colours are like those of its class.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.golden import encode_frame
from models.package import write_package
from tests.fakes.packages import SIZE, npy, parsed, small_files, small_manifest

LIMIT = 0.9
FAMILIAR: dict[str, Any] = {
    "strides": [16],
    "arrays": {"centres": "scorer/centres.npy", "radius": "scorer/radius.npy"},
    "max_distance": 2.0,
}


def picture(blue: int = 127, red: int = 127, green: int = 127) -> NDArray[np.uint8]:
    """`(64, 64, 3)` of one colour."""
    return np.full((SIZE, SIZE, 3), (blue, green, red), np.uint8)


def class_network(strides: bool = False, divisor: float = 10.0) -> bytes:
    """uint8 NHWC pixels → image `(1, 2, 1, 1)`, with block means `(1, 3, 4, 4)` before it where asked for."""
    import onnx  # here alone: a station with tflite_runtime has none
    from onnx import TensorProto, helper, numpy_helper

    constants = {
        "classes": np.array([[1, 0, -1], [-1, 0, 1]], np.float32)[:, :, None, None],
        "divisor": np.array(divisor, np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["planes"], ["stride16"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("GlobalAveragePool", ["stride16"], ["mean"]),
        helper.make_node("Conv", ["mean", "classes"], ["contrast"], kernel_shape=[1, 1]),
        helper.make_node("Div", ["contrast", "divisor"], ["image"]),
    ]
    outputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 2, 1, 1])]
    if strides:
        outputs.insert(0, helper.make_tensor_value_info("stride16", TensorProto.FLOAT, [1, 3, 4, 4]))
    graph = helper.make_graph(
        nodes,
        "classes",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, SIZE, SIZE, 3])],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def class_files(strides: bool = False) -> dict[str, bytes]:
    content = {
        "model.onnx": class_network(strides),
        "golden/00.png": encode_frame(picture(blue=200)[None]),
        "golden/01.png": encode_frame(picture(red=200)[None]),
        "golden/02.png": encode_frame(picture()[None]),
    }
    if strides:
        # Means, then maxima, of blue, green and red.
        content["scorer/centres.npy"] = npy(np.array([[200, 127, 127] * 2, [127, 127, 200] * 2], np.float32))
        content["scorer/radius.npy"] = npy(np.full(2, 20, np.float32))
    return content


def class_manifest(content: dict[str, bytes], **changes: Any) -> dict[str, Any]:
    """The manifest as JSON data; `changes` replace whole entries."""
    runtimes = ("onnxruntime", "openvino")
    sure = {"raw": 1.0, "score": 1.0, "map_mean": 1.0, "outcome": "NG"}
    unsure = {"raw": 0.5, "score": 0.5, "map_mean": 0.5, "outcome": "RECHECK", "label": "unknown_defect"}
    data = small_manifest(small_files() | content)
    data["task"] = "classification"
    data["scorer"] = {"kind": "classifier", "classes": ["blue", "red"], "temperature": 1.0}
    if "scorer/centres.npy" in content:
        data["scorer"] |= FAMILIAR
        # Halfway between both classes' colours lies within the reach of neither.
        unsure |= {"raw": 0.0, "score": 0.0, "map_mean": 0.0}
    data["classes"] += [
        {"label": label, "code": code, "name_en": label, "name_zh": label, "severity": severity}
        for label, code, severity in (("blue", 3, "minor"), ("red", 4, "critical"))
    ]
    data["naming"] = None
    data["calibration"] = {"scores": [], "groups": [], "defects": {"blue": {"scores": [0.9], "groups": ["a"]}}}
    data["score_maps"] = {name: {"raw": [0.0, 1.0], "score": [0.0, 1.0]} for name in runtimes}
    data["limits"] = {"ok_below": 0.0, "ng_from": LIMIT}
    expected = (sure | {"label": "blue"}, sure | {"label": "red"}, unsure)
    data["golden"]["frames"] = [
        {"file": f"golden/0{number}.png", "expected": dict.fromkeys(runtimes, one)}
        for number, one in enumerate(expected)
    ]
    data["files"] = {name: entry for name, entry in data["files"].items() if name in content}
    return {**data, **changes}


def write_class_package(
    path: Path, *, strides: bool = False, files: dict[str, bytes] | None = None, **changes: Any
) -> Path:
    """Write the package as a zip; altered `files` are hashed anew, so that only their content is wrong."""
    content = class_files(strides) | (files or {})
    write_package(path, parsed(class_manifest(content, **changes)), content)
    return path
