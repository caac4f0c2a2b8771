"""Frozen dataclasses as plain JSON values and back, bit by bit.

Numbers stay as Python writes them: the shortest digits that give the same float64 again. A float32 is a float64 too,
and comes back as the same float32. Arrays are their bytes in base64, so they are for small ones.
"""

from __future__ import annotations

import base64
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

Plain = None | bool | int | float | str | list[Any] | dict[str, Any]
T = TypeVar("T")


def to_plain(value: object) -> Plain:
    """What JSON can hold of dataclasses, enumerations, tuples, mappings, arrays and numbers.

    Raises:
        TypeError: anything else.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: to_plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Enum):
        return to_plain(value.value)
    if isinstance(value, Mapping):
        return {str(to_plain(key)): to_plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(one) for one in value]
    if isinstance(value, np.ndarray):
        data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
        return {"dtype": value.dtype.str, "shape": list(value.shape), "data": data}
    if isinstance(value, np.generic):
        return to_plain(value.item())
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} has no plain form")


def from_plain(kind: type[T], plain: object) -> T:
    """The dataclass that `to_plain` made this of. Fields that are not there take their defaults.

    Raises:
        ValueError: this is not what `kind` looks like.
    """
    made: T = _read(kind, plain)
    return made


def _read(kind: Any, plain: Any) -> Any:
    if kind is Any or kind is object:
        return plain
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _read_union(inner, plain)
    if kind is np.ndarray or origin is np.ndarray:
        return _read_array(plain)
    if origin is tuple:
        return _read_tuple(inner, plain)
    if origin is not None and issubclass(origin, Mapping):
        return {_read(inner[0], key): _read(inner[1], value) for key, value in _expect(dict, plain).items()}
    if is_dataclass(kind):
        return _read_dataclass(kind, plain)
    if issubclass(kind, Enum):
        return kind(plain)
    return float(_expect((int, float), plain)) if kind is float else _expect(kind, plain)


def _read_union(kinds: tuple[Any, ...], plain: Any) -> Any:
    if plain is None and types.NoneType in kinds:
        return None
    (kind,) = (one for one in kinds if one is not types.NoneType)
    return _read(kind, plain)


def _read_tuple(kinds: tuple[Any, ...], plain: Any) -> tuple[Any, ...]:
    values = _expect(list, plain)
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_read(kinds[0], value) for value in values)
    return tuple(_read(kind, value) for kind, value in zip(kinds, values, strict=True))


def _read_array(plain: Any) -> np.ndarray[Any, Any]:
    told = _expect(dict, plain)
    array = np.frombuffer(base64.b64decode(told["data"], validate=True), np.dtype(told["dtype"]))
    return array.reshape(told["shape"])  # a view of bytes: write-protected


def _read_dataclass(kind: Any, plain: Any) -> Any:
    told = _expect(dict, plain)
    hints = get_type_hints(kind)
    unknown = set(told) - {one.name for one in fields(kind)}
    if unknown:
        raise ValueError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    try:
        return kind(**{name: _read(hints[name], value) for name, value in told.items()})
    except (TypeError, KeyError) as error:
        raise ValueError(f"this is no {kind.__name__} ({error})") from error


def _expect(kind: Any, plain: Any) -> Any:
    if not isinstance(plain, kind) or (isinstance(plain, bool) and kind is not bool):
        raise ValueError(f"{plain!r} is not of the type that was expected")
    return plain
