"""Refuse LiteRT files that need more than themselves, by walking the raw flatbuffer; no LiteRT library is involved.

A custom operator or a delegate names code that is not in the file, an external buffer or an offset past the flatbuffer
names data that is not. Everything is read with its bounds checked; what else a crafted file does to the interpreter's
own parser happens in the child process of `models.probe`.

    u32 root │ "TFL3" │ … │ table: i32 back to its vtable, fields │ vtable: u16 size, u16 table size, u16 offset a field
    Model         0 version  1 operator_codes  2 subgraphs  4 buffers  8 external_buffer_groups  9 external_buffers
    OperatorCode  0 deprecated_builtin_code (i8)  1 custom_code  3 builtin_code (i32)
    SubGraph      0 tensors  3 operators          Buffer  1 offset (u64)  2 size (u64)
    Operator      0 opcode_index (u32)  5 custom_options  9, 10 large_custom_options (u64)
    Tensor        2 buffer (u32)  10 external_buffer (u32)

Source: tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from models.errors import PackageError

_IDENTIFIER = b"TFL3"
_VERSION = 3
_MAX_ELEMENTS = 20_000  # of one vector; networks of this size have some hundred
_MAX_GRAPHS = 16
_CUSTOM, _DELEGATE = 32, 51


def refuse_unsafe_tflite(model: bytes) -> None:
    """Pass only a well-formed file whose operators are all built in and whose data is all inside it.

    Raises:
        PackageError: it needs something from elsewhere, or it is no whole LiteRT file.
    """
    if len(model) < 16 or model[4:8] != _IDENTIFIER:
        raise PackageError("the network file is no LiteRT file (no TFL3 identifier); copy the package again")
    try:
        _check(_Table(model, struct.unpack_from("<I", model)[0]))
    except (struct.error, ValueError) as error:
        raise PackageError(f"the network file is no whole LiteRT file ({error}); copy the package again") from error


class _Table:
    """One flatbuffer table, read with every offset checked against the file's ends."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at
        self._vtable = at - self._read("<i", at)
        self._fields = (self._read("<H", self._vtable) - 4) // 2

    def number(self, field: int, code: str) -> int:
        """A scalar, 0 where it is left out."""
        at = self._place(field)
        return 0 if at is None else self._read(code, at)

    def tables(self, field: int) -> Iterator[_Table]:
        """The tables of a vector."""
        start, count = self._vector(field)
        for at in range(start, start + 4 * count, 4):
            yield _Table(self._data, at + self._read("<I", at))

    def length(self, field: int) -> int:
        """Elements of a vector or string, 0 where it is left out."""
        return self._vector(field)[1]

    def _vector(self, field: int) -> tuple[int, int]:
        at = self._place(field)
        if at is None:
            return 0, 0
        at += self._read("<I", at)
        count = self._read("<I", at)
        if count > _MAX_ELEMENTS:
            raise ValueError(f"a list of {count} entries")
        return at + 4, count

    def _place(self, field: int) -> int | None:
        if field >= self._fields:
            return None
        offset = self._read("<H", self._vtable + 4 + 2 * field)
        return self._at + offset if offset else None

    def _read(self, code: str, at: int) -> int:
        if at < 0:  # struct would count it from the end
            raise ValueError("an offset before the file's start")
        return int(struct.unpack_from(code, self._data, at)[0])


def _check(model: _Table) -> None:
    if model.number(0, "<I") != _VERSION:
        raise ValueError(f"schema version {model.number(0, '<I')}, {_VERSION} is known")
    if model.length(8) or model.length(9):
        raise _elsewhere("keeps buffers")
    for buffer in model.tables(4):
        if buffer.number(1, "<Q") or buffer.number(2, "<Q"):
            raise _elsewhere("keeps buffers")
    for code in model.tables(1):
        # Old files keep the operator in a byte, newer ones in an integer: the larger one counts.
        if code.length(1) or max(code.number(0, "<b"), code.number(3, "<i")) in (_CUSTOM, _DELEGATE):
            raise _elsewhere("has custom operators, whose code it keeps")
    if model.length(2) > _MAX_GRAPHS:
        raise ValueError(f"{model.length(2)} graphs")
    for graph in model.tables(2):
        _check_graph(graph, codes=model.length(1), buffers=model.length(4))


def _check_graph(graph: _Table, codes: int, buffers: int) -> None:
    for tensor in graph.tables(0):
        if tensor.number(10, "<I"):
            raise _elsewhere("keeps buffers")
        if tensor.number(2, "<I") >= buffers:
            raise ValueError("a tensor without a buffer")
    for operator in graph.tables(3):
        if operator.number(0, "<I") >= codes:
            raise ValueError("an operator without a code")
        if operator.length(5) or operator.number(9, "<Q") or operator.number(10, "<Q"):
            raise _elsewhere("has custom operators, whose code it keeps")


def _elsewhere(what: str) -> PackageError:
    return PackageError(f"the network file {what} outside itself; do not use this package")
