"""What the station raises on purpose, and the exit code each one becomes.

    OkngError
    ├── UsageError        2   wrong usage or configuration
    ├── NotThere          3   a device, server or file is not there
    │   └── CameraLost    3   the camera stopped giving pictures
    │       └── CameraFrozen  it gives the same picture again and again
    ├── RefusedForSafety  4   signature, parity, self-test
    └── CheckFailed       1   the check or gate that was asked for failed

Every message is one sentence in the operator's words that ends with what to do. Anything else that escapes is an
internal fault (70).
"""

from __future__ import annotations


class OkngError(Exception):
    exit_code = 70


class CheckFailed(OkngError):
    exit_code = 1


class UsageError(OkngError):
    exit_code = 2


class NotThere(OkngError):
    exit_code = 3


class CameraLost(NotThere):
    """Raised by a camera's `grab` and `open`; the part at hand becomes ERROR, the camera is opened again.

    `text_zh` is the operator's sentence in Chinese.
    """

    def __init__(self, text_en: str, text_zh: str = "相机不可用；请检查电源、线缆和设置") -> None:
        super().__init__(text_en)
        self.text_zh = text_zh


class CameraFrozen(CameraLost):
    """The camera repeats one picture to the last bit: it would show parts that are long gone."""


class RefusedForSafety(OkngError):
    exit_code = 4
