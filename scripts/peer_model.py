"""A package's whole model as one OpenVINO graph, the form in which anomalib exports models and model_api runs them.

    pixels ─▶ network ─▶ average, resize, join ─▶ centre, project ─▶ nearest neighbour ─▶ anomaly_map, pred_*

The arithmetic is that of `models/scorers.py`; only the way in differs, because model_api resizes inside the graph.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino
import openvino.opset13 as ops

from models.manifest import ScorerEntry
from models.package import Package
from models.scorers import load_array


def save_peer_model(package: Package, path: Path) -> None:
    """Write `path` (.xml, and .bin beside it) with the metadata by which model_api knows it.

    Raises:
        SystemExit: the package's scorer is of another kind than this script can draw as a graph.
    """
    entry = package.manifest.scorer
    if entry.kind != "nearest_neighbour" or entry.smoothing_cells > 0:
        raise SystemExit("bench-peers: only packages with an unsmoothed nearest-neighbour scorer can be compared")
    network = next(a.file for a in package.manifest.artefacts if a.format == "onnx" and a.role == "general")
    model = openvino.Core().read_model(package.files[network])
    outputs = _judged([output.get_node().input_value(0) for output in model.outputs], package, entry)
    peer = openvino.Model(outputs, model.get_parameters(), "okng as one graph")
    peer.inputs[0].get_node().set_layout(openvino.Layout("NHWC"))
    info = {"model_type": "AnomalyDetection", "reverse_input_channels": "False", "resize_type": "standard"}
    info |= {"labels": "Normal Anomalous", "task": "segmentation", "image_threshold": "0.5", "pixel_threshold": "0.5"}
    for key, value in (info | {"normalization_scale": "1.0"}).items():
        peer.set_rt_info(value, ["model_info", key])
    openvino.save_model(peer, path, compress_to_fp16=False)


def _judged(features: list[Any], package: Package, entry: ScorerEntry) -> list[Any]:
    arrays = {role: load_array(package.files, name, np.float32, (1, 2)) for role, name in entry.arrays.items()}
    grid = features[entry.strides.index(entry.grid_stride)].get_shape()[2:4]
    vectors = _places(features, entry, (int(grid[0]), int(grid[1])))
    projection = arrays["projection"]
    centred = ops.subtract(vectors, ops.constant(arrays["mean"]))
    projected = (
        ops.matmul(centred, ops.constant(projection), False, False)
        if projection.ndim == 2
        else ops.multiply(centred, ops.constant(projection))
    )
    distances = _distances(projected, arrays["bank"], arrays["radius"])
    if "known" in arrays:
        known = arrays["known"]
        logit = ops.add(ops.matmul(vectors, ops.constant(known[:-1, None]), False, False), ops.constant(known[-1:]))
        distances = ops.add(distances, ops.relu(ops.squeeze(logit, [1])))
    count = max(1, round(int(grid[0]) * int(grid[1]) * entry.top_fraction))
    score = ops.reduce_mean(ops.topk(distances, count, 0, "max", "value").output(0), [0])
    heat = ops.reshape(distances, [1, 1, int(grid[0]), int(grid[1])], False)
    limit = ops.constant(np.float32(_limit(package)))
    # Scaled so that 0.5 is the package's limit, which is what model_api takes for the boundary.
    half = ops.constant(np.float32(0.5 / _limit(package)))
    named = {
        "pred_score": score,
        "pred_label": ops.greater_equal(score, limit),
        "pred_mask": ops.greater_equal(heat, limit),
        "anomaly_map": ops.clamp(ops.multiply(heat, half), 0.0, 1.0),
    }
    results = []
    for name, node in named.items():
        result = ops.result(node)
        result.output(0).get_tensor().set_names({name})
        results.append(result)
    return results


def _places(features: list[Any], entry: ScorerEntry, grid: tuple[int, int]) -> Any:
    """Place vectors `(h * w, sum C)`; see `models.scorers.embed`."""
    half = entry.pool // 2
    joined = []
    for feature in features:
        cells = feature
        if entry.pool > 1:
            cells = ops.avg_pool(
                cells, [1, 1], [half, half], [half, half], [entry.pool, entry.pool], exclude_pad=True
            ).output(0)
        shape = cells.get_shape()
        if (int(shape[2]), int(shape[3])) != grid:
            cells = ops.interpolate(cells, list(grid), "linear_onnx", "sizes", axes=[2, 3]).output(0)
        joined.append(cells)
    together = ops.transpose(ops.concat(joined, 1), [0, 2, 3, 1])
    return ops.reshape(together, [grid[0] * grid[1], -1], False)


def _distances(vectors: Any, bank: Any, radius: Any) -> Any:
    squares = ops.constant(np.einsum("md,md->m", bank, bank))
    partial = ops.add(ops.matmul(vectors, ops.constant(np.float32(-2) * bank.T.copy()), False, False), squares)
    nearest = ops.topk(partial, 1, 1, "min", "none")
    own = ops.reduce_sum(ops.multiply(vectors, vectors), [1])
    square = ops.relu(ops.add(ops.squeeze(nearest.output(0), [1]), own))
    divisor = ops.gather(ops.constant(radius), ops.squeeze(nearest.output(1), [1]), 0)
    return ops.divide(ops.sqrt(square), divisor)


def _limit(package: Package) -> float:
    """The raw score at which a part is no longer OK."""
    score_map = package.manifest.score_maps["openvino"]
    return float(np.interp(package.manifest.limits.ok_below, score_map.score, score_map.raw))
