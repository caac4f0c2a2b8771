"""Plain JSON values and back: the same bits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.store.exact import from_plain, to_plain


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Inner:
    number: float
    colour: Colour | None = None


@dataclass(frozen=True, slots=True)
class Outer:
    name: str
    inner: tuple[Inner, ...]
    pair: tuple[int, float]
    flag: bool
    told: Mapping[str, float]
    array: NDArray[np.float32]


def make_outer(number: float = 0.1) -> Outer:
    array = np.array([[1.5, number]], np.float32)
    return Outer("a", (Inner(number, Colour.RED), Inner(2.0)), (3, number), True, {"k": number}, array)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_comes_back_to_the_last_bit(number: float) -> None:
    back = from_plain(Inner, json.loads(json.dumps(to_plain(Inner(number)))))
    assert back.number.hex() == number.hex()


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_every_float32_comes_back_to_the_last_bit(number: float) -> None:
    plain = json.loads(json.dumps(to_plain(np.float32(number))))
    assert np.float32(plain).tobytes() == np.float32(number).tobytes()


def test_a_whole_tree_comes_back() -> None:
    outer = make_outer()
    back = from_plain(Outer, json.loads(json.dumps(to_plain(outer))))
    assert (back.name, back.inner, back.pair, back.flag, back.told) == ("a", outer.inner, outer.pair, True, outer.told)
    assert back.array.tobytes() == outer.array.tobytes()
    assert (back.array.dtype, back.array.shape, back.array.flags.writeable) == (np.float32, (1, 2), False)


@pytest.mark.parametrize(
    "change",
    [
        {"more": 1},
        {"name": None},
        {"flag": 1},
        {"pair": [1]},
        {"inner": [{"number": 1.0, "colour": "blue"}]},
        {"inner": [{"number": "1.0"}]},
        {"inner": [{}]},
        {"told": []},
        {"array": {"dtype": "<f4", "shape": [3], "data": ""}},
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, object]) -> None:
    plain = to_plain(make_outer())
    assert isinstance(plain, dict)
    with pytest.raises(ValueError):
        from_plain(Outer, plain | change)


def test_what_has_no_plain_form_is_refused() -> None:
    with pytest.raises(TypeError):
        to_plain({"a": object()})
