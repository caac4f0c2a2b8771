"""Each step of quantization on a network with neck and heads, run by the engines that stations use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray

from models.runtimes.choose import choose_runtime
from tests.fakes.necks import NAMES, SIZE, Necked, noise, run_torch
from training.export import export_network
from training.quantization.plan import DEFAULT, NAIVE, QuantPlan
from training.quantization.quantize import quantize
from training.quantization.sensitivity import rank_layers
from training.quantized import QdqGraph

HELD_OUT = [noise(seed) for seed in range(100, 106)]


@pytest.fixture(scope="module")
def module() -> Necked:
    return Necked("nearest")


@pytest.fixture(scope="module")
def plain(module: Necked) -> bytes:
    return export_network(module, SIZE, NAMES)


def made(plain: bytes, plan: QuantPlan) -> bytes:
    return quantize(plain, [noise(seed) for seed in range(24)], plan)


def errors(module: Necked, model: bytes, runtime: str = "onnxruntime") -> NDArray[np.float64]:
    """Relative error of each output on held-out frames."""
    engine = choose_runtime(runtime, model, 1)
    pairs = [
        [
            (float(np.square(found - wanted).sum()), float(np.square(wanted).sum()))
            for found, wanted in zip(*both, strict=True)
        ]
        for both in ((engine.infer(frame), run_torch(module, frame)) for frame in HELD_OUT)
    ]
    engine.close()
    sums: NDArray[np.float64] = np.sum(pairs, 0)
    return np.sqrt(sums[:, 0] / sums[:, 1])


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_the_default_plan_is_nearer_to_fp32_than_plain_rounding(module: Necked, plain: bytes, runtime: str) -> None:
    ours, naive = (errors(module, made(plain, plan), runtime) for plan in (DEFAULT, NAIVE))
    assert (ours[:3] < naive[:3]).all() and ours.max() < 0.1


def test_taking_the_shift_back_helps(module: Necked, plain: bytes) -> None:
    without = replace(DEFAULT, biases=False)
    assert errors(module, made(plain, DEFAULT)).sum() < errors(module, made(plain, without)).sum()


def test_a_layer_named_plain_keeps_its_fp32_weight(plain: bytes) -> None:
    model = made(plain, QuantPlan(plain=("mix", "coarse")))
    graph = onnx.load_from_string(model).graph
    names = {one.name for one in graph.initializer if one.data_type == onnx.TensorProto.FLOAT and len(one.dims) == 4}
    assert names == {"mix.weight", "coarse.weight", "heads.out_map.weight", "heads.out_image.weight"}
    choose_runtime("openvino", model, 1).close()


def test_every_weight_stays_within_7_bits(plain: bytes) -> None:
    """More would overflow the 16-bit sums of processors with AVX2 alone."""
    graph = onnx.load_from_string(made(plain, DEFAULT)).graph
    weights = [onnx.numpy_helper.to_array(one) for one in graph.initializer if len(one.dims) == 4]
    eight = [weight for weight in weights if weight.dtype == np.int8]
    assert len(eight) == 8 and max(int(np.abs(weight.astype(np.int16)).max()) for weight in eight) <= 64


def test_no_pictures_are_refused(plain: bytes) -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        quantize(plain, [])


@pytest.mark.parametrize("rule", ["percentile", "squares"])
def test_other_ranges_stay_near_fp32(module: Necked, plain: bytes, rule: str) -> None:
    plan = QuantPlan(ranges="percentile" if rule == "percentile" else "squares")
    assert errors(module, made(plain, plan)).max() < 0.15
    assert made(plain, plan) == made(plain, plan)


def test_ranking_finds_the_layer_that_costs_most() -> None:
    """Huge weights for a channel that is never anything but zero take the steps from all others."""
    spoilt = Necked()
    with torch.no_grad():
        spoilt.stem.weight[0], spoilt.stem.bias[0] = 0, -1
        spoilt.fine.weight[:, 0] = 30
    plain, frames = export_network(spoilt, SIZE, NAMES), [noise(seed) for seed in range(6)]
    ranked = rank_layers(plain, frames, HELD_OUT[:3], NAIVE)
    assert len(ranked) == 8 and ranked[0].layer == "fine" and ranked[0].error > 2 * ranked[1].error
    with pytest.raises(ValueError, match="there are none"):
        rank_layers(plain, frames, [])


def test_pixels_keep_their_range_whatever_the_calibration_pictures_show(plain: bytes) -> None:
    """A bright defect on dark parts must not be cut to the brightest good pixel."""
    model = quantize(plain, [noise(seed) // 8 for seed in range(4)])
    graph = QdqGraph(model)
    first = next(node for node in graph.graph.node if node.op_type == "QuantizeLinear")
    assert graph.range_of(first) == (0.0, 255.0)
