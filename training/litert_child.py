"""`python -m training.litert_child FOLDER`: torch trunk with the reference's INT8 weights → three LiteRT files.

Run by `training.litert`, alone in its process. All three forms hold the reference's weights: "int8 weights" and "int8
per-channel" on the reference's own grid, the latter with the reference's activation ranges too, so that it computes the
very same INT8 network.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import flatbuffers
import litert_torch
import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer import algorithm_manager, qtyping, quantizer, recipe
from ai_edge_quantizer.utils import tfl_flatbuffer_utils
from litert_torch.backend import inline_consts
from numpy.typing import NDArray

from training.litert import REFERENCE_FILE, SETTINGS_FILE, file_name
from training.networks.trunk import ChannelsLastTrunk, load_trunk
from training.quantized import Layer, QuantizedTrunk, read_quantized

_SIGNATURE, _INPUT = "serving_default", "args_0"
_MAX_ERROR = 1e-3
_TOP = 127

Ranges = dict[str, dict[str, NDArray[np.float32]]]


def main(folder: Path) -> None:
    settings = json.loads((folder / SETTINGS_FILE).read_text())
    parts = read_quantized((folder / REFERENCE_FILE).read_bytes())
    plain = _convert(parts, settings["strides"], (settings["size"][0], settings["size"][1]), folder)
    names = _names_in_order(plain)
    weights, activations = _weight_ranges(plain, names, parts), _activation_ranges(names, parts)
    files = {
        "int8 per-channel": _quantized(plain, recipe.static_wi8_ai8(), weights | activations),
        "int8 weights": _quantized(plain, recipe.weight_only_wi8_afp32(), weights),
        "float32": plain,
    }
    for form, content in files.items():
        (folder / file_name(form)).write_bytes(content)


def _convert(parts: QuantizedTrunk, strides: list[int], size: tuple[int, int], folder: Path) -> bytes:
    """The trunk with the reference's weights as LiteRT, proven to compute what torch computes."""
    trunk = load_trunk(strides)
    trunk.hold({name: (torch.from_numpy(one.weight), torch.from_numpy(one.bias)) for name, one in parts.layers.items()})
    module = ChannelsLastTrunk(trunk).eval()
    _keep_constants_apart()
    path = folder / "converted.tflite"
    litert_torch.convert(module, (torch.zeros((1, size[1], size[0], 3), dtype=torch.uint8),)).export(str(path))
    content = path.read_bytes()
    _refuse_another_function(content, module)
    return content


def _keep_constants_apart() -> None:
    """Hold the converter's constants in memory while it works.

    It tells constants apart by shape and address, but frees each contiguous copy at once: the next layer's copy may lie
    at the same address, and the layer gets the weights of the one before (litert-torch issues 1061 and 1238).
    """
    inline = inline_consts.inline_consts

    def inline_contiguous(program: Any) -> None:
        inline(program)
        for node in program.graph.nodes:
            if node.target is inline_consts.tensor_lowering_placeholder:
                node.args = (node.args[0].contiguous(),)

    inline_consts.inline_consts = inline_contiguous


def _refuse_another_function(model: bytes, module: torch.nn.Module) -> None:
    frame = _frame(model)
    interpreter = Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], frame)
    interpreter.invoke()
    found = {one["shape"][1]: interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()}
    with torch.inference_mode():
        wanted = [one.numpy() for one in module(torch.from_numpy(frame))]
    for one in wanted:
        error = float(np.linalg.norm(found[one.shape[1]] - one) / np.linalg.norm(one))
        if not error <= _MAX_ERROR:
            raise ValueError(f"the converted network differs from the trunk by {error:.2%}")


def _frame(model: bytes) -> NDArray[np.uint8]:
    """Noise in the shape of the network's input; the same every time."""
    shape = Interpreter(model_content=model).get_input_details()[0]["shape"]
    frame: NDArray[np.uint8] = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    return frame


def _names_in_order(model: bytes) -> list[str]:
    """The network's float activations: the input as floats first, then what each further operator gives."""
    found = _quantizer(model, recipe.static_wi8_ai8()).calibrate({_SIGNATURE: [{_INPUT: _frame(model)}]})
    pixels = Interpreter(model_content=model).get_input_details()[0]["name"]
    return [name for name in found if name != pixels]


def _activation_ranges(names: list[str], parts: QuantizedTrunk) -> Ranges:
    """The reference's ranges for the file's activations; the input has the range of the padded input."""
    wanted = (parts.ranges[0], *parts.ranges)
    if len(names) != len(wanted):
        raise ValueError(f"the converted network has {len(names)} activations, the reference {len(wanted)}")
    ranges = zip(names, wanted, strict=True)
    return {name: {"min": _scalar(low), "max": _scalar(high)} for name, (low, high) in ranges}


def _scalar(value: float) -> NDArray[np.float32]:
    return np.full((1, 1, 1, 1), value, np.float32)


def _weight_ranges(model: bytes, names: list[str], parts: QuantizedTrunk) -> Ranges:
    """For each weight of the file such limits that its grid becomes the reference's."""
    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    found: Ranges = {}
    for tensor in interpreter.get_tensor_details():
        if tensor["dtype"] == np.float32 and len(tensor["shape"]) == 4 and tensor["name"] not in names:
            content = interpreter.get_tensor(tensor["index"])
            scale = next(layer.scale for layer in parts.layers.values() if _is_layout_of(content, layer))
            top = scale.reshape((-1, 1, 1, 1) if content.shape[0] > 1 else (1, 1, 1, -1)) * np.float32(_TOP)
            found[tensor["name"]] = {"min": -top, "max": top}
    if len(found) != len(parts.layers):
        raise ValueError(f"{len(found)} of {len(parts.layers)} weights were found in the converted network")
    return found


def _is_layout_of(content: NDArray[np.float32], layer: Layer) -> bool:
    """LiteRT keeps (O, kh, kw, I), and (1, kh, kw, O) where each channel is filtered alone."""
    turned = layer.weight.transpose(1, 2, 3, 0) if content.shape[0] == 1 else layer.weight.transpose(0, 2, 3, 1)
    return np.array_equal(content, turned)


def _quantizer(model: bytes, rules: Any) -> Any:
    made = quantizer.Quantizer(model)
    made.load_quantization_recipe(rules)
    # Outputs stay float, as in every other file of a package.
    no, outputs = algorithm_manager.AlgorithmName.NO_QUANTIZE, qtyping.TFLOperationName.OUTPUT
    made.update_quantization_recipe(regex=".*", operation_name=outputs, algorithm_key=no)
    return made


def _quantized(model: bytes, rules: Any, ranges: Ranges) -> bytes:
    return _in_one_piece(bytes(_quantizer(model, rules).quantize(ranges).quantized_model))


def _in_one_piece(model: bytes) -> bytes:
    """The same file with its buffers in the flatbuffer again: the quantizer puts them behind it, at offsets of its own.

    A device refuses data outside of the flatbuffer, whose bounds nothing but the interpreter would check.
    """
    tree = tfl_flatbuffer_utils.read_model(model)
    for buffer in tree.buffers:
        buffer.offset = buffer.size = 0
    builder = flatbuffers.Builder(len(model))
    builder.Finish(tree.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
