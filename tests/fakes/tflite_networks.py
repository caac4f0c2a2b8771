"""LiteRT files small enough to read, written field by field; see models/runtimes/tflite_file.py for the tables.

uint8 NHWC pixels → CAST → AVERAGE_POOL_2D for each stride: block means `(1, 64/s, 64/s, 3)`, as the package of
tests/fakes/packages.py has them in ONNX, and MAX_POOL_2D for each head: block maxima. The hostile variants are the same
network with one thing more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers  # type: ignore[import-untyped]

SIZE = 64
_FLOAT32, _UINT8 = 0, 3
_AVERAGE_POOL_2D, _MAX_POOL_2D, _CAST, _CUSTOM, _DELEGATE = 1, 17, 53, 32, 51
_POOL_OPTIONS = 5
_VALID = 1


@dataclass(frozen=True, slots=True)
class Evil:
    """What a crafted file may ask for; nothing by default."""

    cast_code: int = _CAST
    cast_name: str | None = None
    cast_options: bytes = b""
    external_buffers: bool = False
    buffer_offset: int = 0
    tensor_buffer: int = 0
    tensor_external: int = 0
    operator_code: int = 0
    version: int = 3
    identifier: bytes = b"TFL3"


def tflite_network(
    strides: Sequence[int] = (16,),
    evil: Evil | None = None,
    float_input: bool = False,
    heads: Sequence[int] = (),
    numbers: Sequence[int] = (),
) -> bytes:
    """A file whose outputs stand in the order of `strides`, then `heads`; a signature gives them these `numbers`."""
    evil = evil or Evil()
    builder = flatbuffers.Builder(1024)
    pools = [(1, side) for side in strides] + [(2, side) for side in heads]
    shapes = [(1, SIZE, SIZE, 3)] * 2 + [(1, SIZE // side, SIZE // side, 3) for _, side in pools]
    kinds = [_FLOAT32 if float_input else _UINT8] + [_FLOAT32] * (1 + len(pools))
    tensors = [_tensor(builder, shape, kind, evil) for shape, kind in zip(shapes, kinds, strict=True)]
    operators = [_operator(builder, evil.operator_code, [0], [1], custom=evil.cast_options)]
    operators += [_operator(builder, code, [1], [2 + n], pool=side) for n, (code, side) in enumerate(pools)]
    graph = _table(
        builder,
        6,
        [
            _offset(0, _offsets(builder, tensors)),
            _offset(1, _integers(builder, [0])),
            _offset(2, _integers(builder, list(range(2, 2 + len(pools))))),
            _offset(3, _offsets(builder, operators)),
        ],
    )
    codes = [_code(builder, evil.cast_code, evil.cast_name), _code(builder, _AVERAGE_POOL_2D)]
    codes += [_code(builder, _MAX_POOL_2D)] if heads else []
    buffer = _table(builder, 3, [lambda: builder.PrependUint64Slot(1, evil.buffer_offset, 0)])
    fields = [
        lambda: builder.PrependUint32Slot(0, evil.version, 0),
        _offset(1, _offsets(builder, codes)),
        _offset(2, _offsets(builder, [graph])),
        _offset(4, _offsets(builder, [buffer])),
    ]
    if numbers:
        fields.append(_offset(7, _offsets(builder, [_signature(builder, numbers)])))
    if evil.external_buffers:
        fields.append(_offset(9, _offsets(builder, [_table(builder, 4, [])])))
    builder.Finish(_table(builder, 10, fields), file_identifier=evil.identifier)
    return bytes(builder.Output())


HOSTILE = {
    "custom operator": Evil(cast_code=_CUSTOM, cast_name="FlexReadFile"),
    "custom operator under a built-in code": Evil(cast_name="FlexReadFile"),
    "delegate": Evil(cast_code=_DELEGATE),
    "custom options": Evil(cast_options=b"\x01"),
    "external buffer": Evil(external_buffers=True),
    "buffer past the end": Evil(buffer_offset=1 << 40),
    "tensor in an external buffer": Evil(tensor_external=1),
}
BROKEN = {
    "no such buffer": Evil(tensor_buffer=7),
    "no such operator": Evil(operator_code=9),
    "another schema": Evil(version=4),
}

Field = Callable[[Any], None]


def _offset(slot: int, value: int) -> Any:
    return (slot, value)


def _table(builder: Any, slots: int, fields: Sequence[Any]) -> int:
    builder.StartObject(slots)
    for field in fields:
        if callable(field):
            field()
        else:
            builder.PrependUOffsetTRelativeSlot(field[0], field[1], 0)
    return int(builder.EndObject())


def _offsets(builder: Any, tables: Sequence[int]) -> int:
    builder.StartVector(4, len(tables), 4)
    for table in reversed(tables):
        builder.PrependUOffsetTRelative(table)
    return int(builder.EndVector())


def _integers(builder: Any, numbers: Sequence[int]) -> int:
    builder.StartVector(4, len(numbers), 4)
    for number in reversed(numbers):
        builder.PrependInt32(number)
    return int(builder.EndVector())


def _tensor(builder: Any, shape: Sequence[int], kind: int, evil: Evil) -> int:
    dimensions = _integers(builder, shape)
    return _table(
        builder,
        11,
        [
            _offset(0, dimensions),
            lambda: builder.PrependInt8Slot(1, kind, 0),
            lambda: builder.PrependUint32Slot(2, evil.tensor_buffer, 0),
            lambda: builder.PrependUint32Slot(10, evil.tensor_external, 0),
        ],
    )


def _signature(builder: Any, numbers: Sequence[int]) -> int:
    inputs = [_named(builder, "args_0", 0)]
    outputs = [_named(builder, f"output_{number}", 2 + n) for n, number in enumerate(numbers)]
    return _table(
        builder,
        5,
        [
            _offset(0, _offsets(builder, inputs)),
            _offset(1, _offsets(builder, outputs)),
            _offset(2, builder.CreateString("serving_default")),
        ],
    )


def _named(builder: Any, name: str, tensor: int) -> int:
    text = builder.CreateString(name)
    return _table(builder, 2, [_offset(0, text), lambda: builder.PrependUint32Slot(1, tensor, 0)])


def _operator(
    builder: Any, code: int, inputs: list[int], outputs: list[int], pool: int | None = None, custom: bytes = b""
) -> int:
    fields = [
        lambda: builder.PrependUint32Slot(0, code, 0),
        _offset(1, _integers(builder, inputs)),
        _offset(2, _integers(builder, outputs)),
    ]
    if pool is not None:
        fields += [
            lambda: builder.PrependUint8Slot(3, _POOL_OPTIONS, 0),
            _offset(4, _pool_options(builder, pool)),
        ]
    if custom:
        fields.append(_offset(5, builder.CreateByteVector(custom)))
    return _table(builder, 14, fields)


def _pool_options(builder: Any, side: int) -> int:
    sides = [lambda slot=slot: builder.PrependInt32Slot(slot, side, 0) for slot in (1, 2, 3, 4)]
    return _table(builder, 6, [lambda: builder.PrependInt8Slot(0, _VALID, 0), *sides])


def _code(builder: Any, number: int, name: str | None = None) -> int:
    fields: list[Any] = [
        lambda: builder.PrependInt8Slot(0, number, 0),
        lambda: builder.PrependInt32Slot(2, 1, 0),
        lambda: builder.PrependInt32Slot(3, number, 0),
    ]
    if name is not None:
        fields.append(_offset(1, builder.CreateString(name)))
    return _table(builder, 4, fields)
