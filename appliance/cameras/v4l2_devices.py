"""Which V4L2 cameras are plugged in, asked without taking them from whoever uses them.

    struct v4l2_capability  driver[16] card[32] bus_info[32] u32 version, capabilities, device_caps, reserved[3]
    struct v4l2_fmtdesc     u32 index, type, flags  description[32]  u32 pixelformat, mbus_code, reserved[3]

from linux/videodev2.h. Not verified on hardware.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_CAPABILITY = struct.Struct("16s32s32s6I")
_FORMAT = struct.Struct("3I32s5I")
_READ, _WRITE = 2, 1
_IS_CAPTURE = 0x0000_0001
_CAPTURE_BUFFERS = 1
_MOST_FORMATS = 64

Ioctl = Callable[[int, int, bytes], bytes]


def _request(direction: int, number: int, size: int) -> int:
    return direction << 30 | size << 16 | ord("V") << 8 | number


QUERYCAP = _request(_READ, 0, _CAPABILITY.size)
ENUM_FMT = _request(_READ | _WRITE, 2, _FORMAT.size)


@dataclass(frozen=True, slots=True)
class VideoDevice:
    """`source`: what to write into the configuration; the stable name where there is one."""

    source: Path
    device: Path
    name: str
    formats: tuple[str, ...]


def list_devices(folder: Path = Path("/dev"), ioctl: Ioctl = fcntl.ioctl) -> tuple[VideoDevice, ...]:
    """The devices that give pictures, by number; those that cannot be opened are left out."""
    stable: dict[Path, Path] = {}
    for link in sorted((folder / "v4l" / "by-id").glob("*")):
        stable.setdefault(link.resolve(), link)
    found = []
    for device in sorted(folder.glob("video[0-9]*"), key=lambda path: (len(path.name), path.name)):
        with contextlib.suppress(OSError):
            name, formats = _ask(device, ioctl)
            if formats:
                found.append(VideoDevice(stable.get(device.resolve(), device), device, name, formats))
    return tuple(found)


def _ask(device: Path, ioctl: Ioctl) -> tuple[str, tuple[str, ...]]:
    """Name and formats; no formats when it gives no pictures, as the second node of most USB cameras does."""
    descriptor = os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _, card, _, _, _, capabilities, *_ = _CAPABILITY.unpack(ioctl(descriptor, QUERYCAP, bytes(_CAPABILITY.size)))
        if not capabilities & _IS_CAPTURE:
            return "", ()
        return card.split(b"\0")[0].decode("utf-8", "replace"), tuple(_formats(descriptor, ioctl))
    finally:
        os.close(descriptor)


def _formats(descriptor: int, ioctl: Ioctl) -> Iterator[str]:
    for index in range(_MOST_FORMATS):
        asked = _FORMAT.pack(index, _CAPTURE_BUFFERS, 0, b"", 0, 0, 0, 0, 0)
        try:
            answer = ioctl(descriptor, ENUM_FMT, asked)
        except OSError:
            # So a driver says that there are no more.
            return
        yield _FORMAT.unpack(answer)[4].to_bytes(4, "little").decode("latin-1").strip()
