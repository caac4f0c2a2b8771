"""Finding Modbus RTU frames in a stream of bytes on a line that others share.

    +------+----------+-----------------+--------+--------+
    | unit | function | data 0..252     | CRC lo | CRC hi |      4 to 256 bytes
    +------+----------+-----------------+--------+--------+

User space cannot time the 3.5 characters that part two frames, so frames are found by length and CRC alone. The bytes
do not say whether a frame is a request or a response; both lengths are tried, and the CRC decides:

    function                 request                            response
    1 2 3 4                  8                                  5 + b[2]
    5 6                      8                                  8
    7                        4                                  5
    8                        8                                  8
    11                       4                                  8
    12 17                    4                                  5 + b[2]
    15 16                    9 + b[6]                           8
    20 21                    5 + b[2]                           5 + b[2]
    22                       10                                 10
    23                       13 + b[10]                         5 + b[2]
    24                       6                                  6 + b[2..3]
    43                       7                                  (not known)
    128 + n                                                     5

Requests and responses of other stations are recognised so that they are stepped over whole: what lies inside a
foreign frame is never taken for a request. Functions of private use have no known length and count as noise.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware_bridge.modbus.crc import is_sealed

MAX_FRAME = 256


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame whose CRC is right. `pdu` is function and data. `is_request` where its length is that of a request."""

    unit: int
    pdu: bytes
    is_request: bool


@dataclass(frozen=True, slots=True)
class _Length:
    """`fixed` bytes, plus the count of `width` bytes found at `at` (0: no count)."""

    fixed: int
    at: int = 0
    width: int = 1


_COUNT_AT = 2  # right after the function code
_REQUESTS = {
    **dict.fromkeys((1, 2, 3, 4, 5, 6, 8), _Length(8)),
    **dict.fromkeys((7, 11, 12, 17), _Length(4)),
    **dict.fromkeys((15, 16), _Length(9, at=6)),
    **dict.fromkeys((20, 21), _Length(5, at=_COUNT_AT)),
    22: _Length(10),
    23: _Length(13, at=10),
    24: _Length(6),
    43: _Length(7),
}
_RESPONSES = {
    **dict.fromkeys((1, 2, 3, 4, 12, 17, 20, 21, 23), _Length(5, at=_COUNT_AT)),
    **dict.fromkeys((5, 6, 8, 11, 15, 16), _Length(8)),
    7: _Length(5),
    22: _Length(10),
    24: _Length(6, at=_COUNT_AT, width=2),
}
_EXCEPTION = _Length(5)


def decode(data: bytes) -> tuple[int, Frame | None]:
    """`(used, frame)`: the first frame in `data`, and how many bytes it and the noise before it take.

    Noise is dropped up to the first place where a frame stands or may still be arriving. `(used, None)` therefore says
    that `used` bytes were noise and the rest needs more bytes. Pure: the same bytes give the same answer.
    """
    for start in range(len(data)):
        head = data[start : start + MAX_FRAME]
        frame, length = _frame_at(head)
        if frame is not None:
            return start + length, frame
        if length:
            return start, None
    return len(data), None


def last_request(data: bytes, unit: int) -> Frame | None:
    """The request to `unit` that ends exactly where `data` ends, behind noise that looks like a longer frame's start.

    For the moment when the line fell silent: a master that waits for its answer sends nothing more, so what still
    seems to be arriving is not. Pure.
    """
    for start in range(len(data) - 3):
        rest = data[start:]
        if rest[0] == unit and _length(rest, _REQUESTS.get(rest[1])) == len(rest) and is_sealed(rest):
            return Frame(unit, rest[1:-2], is_request=True)
    return None


def response_length(head: bytes) -> int | None:
    """How long the response that begins with `head` is; None while unknown."""
    if len(head) < 2:
        return None
    return _length(head, _EXCEPTION if head[1] & 0x80 else _RESPONSES.get(head[1])) or None


def _frame_at(head: bytes) -> tuple[Frame | None, int]:
    """`(frame, its length)`, `(None, 1)` where one may still be arriving, `(None, 0)` where none can be."""
    if len(head) < 2:
        return None, 1
    function = head[1]
    arriving = False
    kinds = ((_REQUESTS.get(function), True), (_EXCEPTION if function & 0x80 else _RESPONSES.get(function), False))
    for rule, is_request in kinds:
        length = _length(head, rule)
        if length is None or length > len(head):
            arriving = arriving or length is None or length <= MAX_FRAME
        elif length and is_sealed(head[:length]):
            return Frame(head[0], head[1 : length - 2], is_request), length
    return None, int(arriving)


def _length(head: bytes, rule: _Length | None) -> int | None:
    """Bytes of the frame by `rule`; None while the count has not arrived, 0 where there is no such frame."""
    if rule is None:
        return 0
    if not rule.at:
        return rule.fixed
    if len(head) < rule.at + rule.width:
        return None
    count = int.from_bytes(head[rule.at : rule.at + rule.width], "big")
    return rule.fixed + count if count else 0
