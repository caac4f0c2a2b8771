"""A LiteRT file is looked through before any parser but ours sees it."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import PackageError
from models.runtimes.tflite_file import refuse_unsafe_tflite
from tests.fakes.tflite_networks import BROKEN, HOSTILE, Evil, tflite_network

GOOD = tflite_network((4, 8, 16))


def test_a_plain_network_passes() -> None:
    refuse_unsafe_tflite(GOOD)


@pytest.mark.parametrize("evil", HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_needs_more_than_the_file_is_refused(evil: Evil) -> None:
    with pytest.raises(PackageError, match="outside itself; do not use"):
        refuse_unsafe_tflite(tflite_network(evil=evil))


@pytest.mark.parametrize("evil", BROKEN.values(), ids=BROKEN.keys())
def test_what_does_not_hold_together_is_refused(evil: Evil) -> None:
    with pytest.raises(PackageError, match="no whole LiteRT file"):
        refuse_unsafe_tflite(tflite_network(evil=evil))


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\x08\x03onnx" * 10, tflite_network(evil=Evil(identifier=b"TFL4"))])
def test_what_is_no_litert_file_is_refused(content: bytes) -> None:
    with pytest.raises(PackageError, match="no TFL3 identifier"):
        refuse_unsafe_tflite(content)


def test_a_list_of_endless_length_is_refused_at_once() -> None:
    root = struct.unpack_from("<I", GOOD)[0]
    vtable = root - struct.unpack_from("<i", GOOD, root)[0]
    graphs = root + struct.unpack_from("<H", GOOD, vtable + 4 + 2 * 2)[0]
    graphs += struct.unpack_from("<I", GOOD, graphs)[0]
    for count, says in ((1 << 30, "a list of"), (5000, "5000 graphs")):
        crafted = GOOD[:graphs] + struct.pack("<I", count) + GOOD[graphs + 4 :]
        with pytest.raises(PackageError, match=says):
            refuse_unsafe_tflite(crafted)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_any_changed_byte_passes_or_is_refused_in_one_sentence(place: int, value: int) -> None:
    changed = GOOD[:place] + bytes([value]) + GOOD[place + 1 :]
    try:
        refuse_unsafe_tflite(changed)
    except PackageError as error:
        assert str(error).endswith(("do not use this package", "copy the package again"))


@given(st.integers(0, len(GOOD) - 1))
def test_a_cut_file_passes_or_is_refused_in_one_sentence(length: int) -> None:
    try:
        refuse_unsafe_tflite(GOOD[:length])
    except PackageError as error:
        assert str(error).endswith(("do not use this package", "copy the package again"))
