"""Refuse ONNX files that reach outside themselves, by walking the raw protobuf; no ONNX library is involved.

A tensor with `data_location = EXTERNAL` (field 14) or an `external_data` entry (field 13) makes an engine open other
files, or, with ONNX Runtime's `_ORT_MEM_ADDR_`, read arbitrary memory.

    ModelProto.graph 7 → GraphProto.{node 1, initializer 5, sparse_initializer 15}
    NodeProto.attribute 5 → AttributeProto.{t 5, g 6, tensors 10, graphs 11, sparse_tensor 22, sparse_tensors 23}
    ModelProto.functions 25 → FunctionProto.{node 7, attribute_proto 11};  SparseTensorProto.{values 1, indices 2}
"""

from __future__ import annotations

from collections.abc import Iterator

from models.errors import PackageError

_MAX_DEPTH = 32
_MODEL = {7: "graph", 25: "function"}
_CHILDREN: dict[str, dict[int, str]] = {
    "model": _MODEL,
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}


def refuse_external_data(model: bytes) -> None:
    """Pass only a well-formed ONNX protobuf whose tensors are all inside it.

    Raises:
        PackageError: some tensor lies elsewhere, or this is no protobuf.
    """
    try:
        _walk(memoryview(model), "model", 0)
    except (IndexError, ValueError) as error:
        raise PackageError(f"the network file is no whole ONNX file ({error}); copy the package again") from error


def _walk(message: memoryview, kind: str, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise ValueError("graphs nested too deep")
    for field, value in _fields(message):
        if kind == "tensor":
            if field == 13 or (field == 14 and value != 0):
                raise PackageError("the network file keeps tensors outside itself; do not use this package")
        elif isinstance(value, memoryview) and field in _CHILDREN[kind]:
            _walk(value, _CHILDREN[kind][field], depth + 1)


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        field, wire = key >> 3, key & 7
        if wire == 0:
            number, at = _varint(message, at)
            yield field, number
            continue
        if wire == 2:
            length, at = _varint(message, at)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at + length > len(message):
            raise ValueError("a field runs past the end")
        yield field, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return number, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")
