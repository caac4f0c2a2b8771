"""Frames are found in any stream, whole or split, among noise and foreign traffic, and never inside a foreign frame."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.modbus.crc import crc16, is_sealed, seal
from firmware_bridge.modbus.frames import Frame, decode, last_request, response_length

UNIT = 1
READ = seal(bytes.fromhex("01 04 00 00 00 10"))
REQUESTS = {
    1: "00 00 00 08",
    2: "00 00 00 20",
    3: "00 64 00 10",
    4: "00 00 00 10",
    5: "00 01 FF 00",
    6: "00 02 00 07",
    7: "",
    8: "00 00 12 34",
    11: "",
    12: "",
    15: "00 00 00 0A 02 01 00",
    16: "00 02 00 02 04 00 01 00 02",
    17: "",
    20: "07 06 00 04 00 01 00 02",
    21: "09 06 00 04 00 07 00 01 06 AF",
    22: "00 04 00 F2 00 25",
    23: "00 64 00 10 00 02 00 01 02 00 05",
    24: "04 DE",
    43: "0E 01 00",
}
RESPONSES = {
    1: "01 05",
    3: "04 00 01 00 02",
    4: "02 00 07",
    5: "00 01 FF 00",
    7: "6D",
    11: "FF FF 01 08",
    12: "08 00 00 01 08 01 21 20 00",
    15: "00 00 00 0A",
    16: "00 02 00 02",
    17: "03 11 FF 00",
    20: "05 04 06 0D FE 00",
    22: "00 04 00 F2 00 25",
    23: "04 00 01 00 02",
    24: "00 06 00 02 01 B8 12 84",
    0x83: "02",
}


def frame(function: int, data: str, unit: int) -> bytes:
    return seal(bytes([unit, function]) + bytes.fromhex(data))


def all_frames(stream: bytes) -> tuple[list[Frame], bytes]:
    found = []
    while stream:
        used, one = decode(stream)
        stream = stream[used:]
        if one is None:
            break
        found.append(one)
    return found, stream


def test_the_crc_is_the_published_one() -> None:
    assert crc16(b"123456789") == 0x4B37
    assert seal(bytes.fromhex("01 03 00 00 00 0A")).hex() == "01030000000ac5cd"
    assert not is_sealed(b"\xff\xff")


@pytest.mark.parametrize("function", sorted(REQUESTS))
def test_each_request_is_one_frame(function: int) -> None:
    sent = frame(function, REQUESTS[function], UNIT)
    assert decode(sent) == (len(sent), Frame(UNIT, sent[1:-2], is_request=True))


@pytest.mark.parametrize("function", sorted(RESPONSES))
def test_each_foreign_response_is_stepped_over_whole(function: int) -> None:
    foreign = frame(function, RESPONSES[function], unit=9)
    found, rest = all_frames(foreign + READ)
    assert [one.unit for one in found] == [9, UNIT]
    assert rest == b""


def test_a_request_quoted_inside_a_foreign_answer_is_not_taken() -> None:
    foreign = seal(bytes([9, 3, len(READ) + 2]) + b"\0\0" + READ)
    for cut in range(1, len(foreign)):
        assert decode(foreign[:cut]) == (0, None)
    assert [one.unit for one in all_frames(foreign + READ)[0]] == [9, UNIT]


@settings(deadline=None)
@given(st.lists(st.sampled_from(sorted(REQUESTS)), min_size=1, max_size=4), st.data())
def test_any_split_gives_the_same_frames(functions: list[int], data: st.DataObject) -> None:
    stream = b"".join(frame(function, REQUESTS[function], 1 + function % 3) for function in functions)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    received, found = b"", []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        more, received = all_frames(received + stream[start:end])
        found += more
    assert [one.pdu[0] for one in found] == functions
    assert received == b""


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_never_an_endless_wait(noise: bytes) -> None:
    used, one = decode(noise + bytes(256))
    assert used > 0 or one is not None


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_a_good_frame_behind_noise_is_found(noise: bytes) -> None:
    """Either at once, or in the silence behind it when the noise looks like a longer frame's start."""
    found, rest = all_frames(noise + READ)
    if not any(one.pdu == READ[1:-2] for one in found):
        assert last_request(rest, UNIT) == Frame(UNIT, READ[1:-2], is_request=True)


@settings(deadline=None)
@given(st.integers(0, len(READ) - 1), st.integers(1, 255))
def test_a_garbled_byte_makes_it_no_frame(place: int, flip: int) -> None:
    garbled = bytearray(READ)
    garbled[place] ^= flip
    assert all_frames(bytes(garbled))[0] == []
    assert last_request(bytes(garbled), UNIT) is None


def test_the_rescue_answers_for_no_other_station() -> None:
    assert last_request(b"\x09\x03\xf0" + READ, unit=2) is None
    assert last_request(b"\x09\x03\xf0" + READ + b"\0", unit=UNIT) is None


def test_response_length_waits_for_the_count() -> None:
    assert response_length(b"\x01") is None
    assert response_length(b"\x01\x03") is None
    assert response_length(b"\x01\x03\x04") == 9
    assert response_length(struct.pack("BB", 1, 0x83)) == 5
