"""What a moving source is to the reader thread: something that gives one picture after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from appliance.config.video import VideoCameraConfig
from appliance.errors import CameraLost
from models.errors import BadPicture
from models.picture_file import decode_picture


@dataclass(frozen=True, slots=True)
class Arrival:
    """One picture as it came off the stream, not yet decoded if it is a JPEG: most are never asked for.

    `content`: `(N,)` uint8, the bytes of a JPEG, where `jpeg`; else the pixels, as the driver gave them.
    `arrived_ns`: monotonic, when it was whole at this computer. `lost`: pictures that the stream itself shows to be
    missing right before this one. `number`: its place in a file, from 1; 0 for live sources.
    """

    content: NDArray[np.generic]
    jpeg: bool
    arrived_ns: int
    lost: int = 0
    number: int = 0


class Stream(Protocol):
    """An open source. Used by one thread; only `interrupt` may be called by another."""

    def read(self) -> Arrival:
        """The next picture. Blocks for 2 s at most, if the driver keeps its word.

        Raises:
            CameraLost: the stream ended or stalls; it stays dead.
            EndOfPictures: a file was read to its end.
            BadPicture: what came is no picture; the next may be one.
        """

    def interrupt(self) -> None:
        """Make a `read` that waits end soon where that is possible; never blocks."""

    def close(self) -> None:
        """Let go of the source; may be called twice."""


def pixels_of(arrival: Arrival, shown: str) -> NDArray[np.uint8]:
    """The picture: `(H, W, 3)` BGR or `(H, W)` gray, uint8, write-protected.

    Raises:
        BadPicture: torn, empty, not of 8 bits, or neither gray nor colour.
    """
    image = arrival.content
    if arrival.jpeg:
        try:
            image = decode_picture("a picture", image.astype(np.uint8, copy=False).ravel())
        except BadPicture as error:
            raise BadPicture(f"a picture of {shown} is damaged; check cable and network of the camera") from error
    if image.size == 0:
        raise BadPicture(f"{shown} gave an empty picture; check the camera")
    if image.dtype != np.uint8:
        bits = image.dtype.itemsize * 8
        raise BadPicture(f"the pictures of {shown} have {bits} bits a channel; set the camera to 8 bits")
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    if image.ndim != 2 and (image.ndim != 3 or image.shape[2] != 3):
        raise BadPicture(f"the pictures of {shown} are neither gray nor colour; set the camera to one of them")
    pixels = np.ascontiguousarray(image, np.uint8)
    pixels.flags.writeable = False
    return pixels


def same_content(one: Arrival, other: Arrival) -> bool:
    """Whether two pictures agree to the last bit; in a living stream a few rows tell that they do not."""
    a, b = one.content, other.content
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    step = 64 if a.ndim > 1 else 1
    return bool(np.array_equal(a[::step], b[::step]) and np.array_equal(a, b))


def read_password(config: VideoCameraConfig) -> str:
    """The password of the source, "" without one; read anew at every opening, so that it may be changed.

    Raises:
        CameraLost: the file cannot be read.
    """
    file = config.password_file
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CameraLost(
            f"the password file {file} cannot be read; check it and its permissions",
            f"无法读取密码文件 {file}；请检查文件和权限",
        ) from error
