"""Networks that reach outside their file are refused without an ONNX library."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from models.errors import PackageError
from models.runtimes.onnx_file import refuse_external_data
from tests.fakes.packages import small_network


def external(location: str, *, with_flag: bool = True) -> onnx.TensorProto:
    tensor = numpy_helper.from_array(np.ones(4, np.float32), "weights")
    tensor.ClearField("raw_data")
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", location
    if with_flag:
        tensor.data_location = TensorProto.EXTERNAL
    return tensor


def model_with(graph: onnx.GraphProto) -> bytes:
    return bytes(helper.make_model(graph).SerializeToString())


def test_a_network_whole_in_its_file_passes() -> None:
    refuse_external_data(small_network())


@pytest.mark.parametrize("location", ["weights.bin", "/etc/passwd", "../up", "*/_ORT_MEM_ADDR_/*"])
@pytest.mark.parametrize("with_flag", [True, False])
def test_an_initializer_kept_elsewhere_is_refused(location: str, with_flag: bool) -> None:
    graph = helper.make_graph([], "g", [], [], [external(location, with_flag=with_flag)])
    with pytest.raises(PackageError, match="outside itself"):
        refuse_external_data(model_with(graph))


def test_a_constant_a_subgraph_and_a_sparse_tensor_are_searched_too() -> None:
    constant = helper.make_node("Constant", [], ["c"], value=external("x"))
    inner = helper.make_graph([constant], "inner", [], [])
    branch = helper.make_node("If", ["a"], ["b"], then_branch=inner, else_branch=inner)
    sparse = helper.make_graph([], "g", [], [])
    sparse.sparse_initializer.add().values.CopyFrom(external("x"))
    for graph in (helper.make_graph([constant], "g", [], []), helper.make_graph([branch], "g", [], []), sparse):
        with pytest.raises(PackageError, match="outside itself"):
            refuse_external_data(model_with(graph))


def test_a_function_body_is_searched_too() -> None:
    constant = helper.make_node("Constant", [], ["c"], value=external("x"))
    function = helper.make_function("d", "f", [], ["c"], [constant], [helper.make_opsetid("", 18)])
    model = helper.make_model(helper.make_graph([], "g", [], []), functions=[function])
    with pytest.raises(PackageError, match="outside itself"):
        refuse_external_data(bytes(model.SerializeToString()))


@pytest.mark.parametrize(
    "content", [b"\xff" * 20, b"\x3a\x7f", small_network()[:-3], b"\x3b", b"\x3a\xff\xff\xff\xff\x0f"]
)
def test_what_is_no_whole_protobuf_is_refused(content: bytes) -> None:
    with pytest.raises(PackageError, match="no whole ONNX"):
        refuse_external_data(content)


def test_graphs_nested_without_end_are_refused() -> None:
    message = b""
    for _ in range(60):  # AttributeProto.g → GraphProto.node → NodeProto.attribute, again and again
        for field in (6, 5, 1):
            message = bytes([field << 3 | 2]) + _varint(len(message)) + message
    with pytest.raises(PackageError, match="nested too deep"):
        refuse_external_data(bytes([7 << 3 | 2]) + _varint(len(message)) + message)


def _varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])
