"""Any network exports, and its INT8 form keeps the heads' last layers as they are."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from models.runtimes.choose import choose_runtime
from tests.fakes.necks import NAMES, SIZE, Necked, noise, run_torch
from training.export import export_network, quantize


@pytest.fixture(scope="module", params=["nearest", "bilinear"])
def module(request: pytest.FixtureRequest) -> Necked:
    return Necked(request.param)


@pytest.fixture(scope="module")
def exported(module: Necked) -> bytes:
    return export_network(module, SIZE, NAMES)


@pytest.fixture(scope="module")
def int8(exported: bytes) -> bytes:
    return quantize(exported, [noise(seed) for seed in range(16)])


def infer(model: bytes, runtime: str, frame: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    engine = choose_runtime(runtime, model, 1)
    try:
        return [map_.copy() for map_ in engine.infer(frame)]
    finally:
        engine.close()


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_the_export_computes_the_same(module: Necked, exported: bytes, runtime: str) -> None:
    assert [output.name for output in onnx.load_from_string(exported).graph.output] == list(NAMES)
    for found, expected in zip(infer(exported, runtime, noise(50)), run_torch(module, noise(50)), strict=True):
        assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_int8_stays_near_fp32_in_every_output(module: Necked, int8: bytes, runtime: str) -> None:
    for found, expected in zip(infer(int8, runtime, noise(50)), run_torch(module, noise(50)), strict=True):
        assert found.shape == expected.shape and found.dtype == np.float32
        assert np.linalg.norm(found - expected) / np.linalg.norm(expected) < 0.2


def test_only_the_last_layers_keep_their_fp32_weights(int8: bytes) -> None:
    graph = onnx.load_from_string(int8).graph
    plain = {one.name for one in graph.initializer if one.data_type == onnx.TensorProto.FLOAT and len(one.dims) == 4}
    assert plain == {"heads.out_map.weight", "heads.out_image.weight"}
    behind = {name: node for node in graph.node for name in node.output}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    dequantized = [node for node in convolutions if behind.get(node.input[1]) is not None]
    assert len(convolutions) == 10 and len(dequantized) == 8
    assert not any(behind[output.name].op_type == "DequantizeLinear" for output in graph.output[2:])


def test_pixels_scaled_outside_of_the_first_convolution_keep_their_own_range() -> None:
    module = Necked(folded=False)
    model = quantize(export_network(module, SIZE, NAMES), [noise(seed) for seed in range(8)])
    found, expected = infer(model, "onnxruntime", noise(50))[0], run_torch(module, noise(50))[0]
    assert np.linalg.norm(found - expected) / np.linalg.norm(expected) < 0.2


def test_both_forms_repeat_byte_for_byte(module: Necked, exported: bytes, int8: bytes) -> None:
    assert export_network(module, SIZE, NAMES) == exported
    assert quantize(exported, [noise(seed) for seed in range(16)]) == int8
