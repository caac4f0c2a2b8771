"""The port every camera adapter fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from appliance.domain.parts import Frame


@dataclass(frozen=True, slots=True)
class CameraCounts:
    """Since the station began. `pictures` came, whether anybody asked for them or not; `lost` are known to be missing;
    `unusable` were asked for and torn, resized or of a wrong kind; `frozen`: times the camera repeated itself;
    `openings` of the device; `left_behind`: calls into its driver that have not come back."""

    pictures: int = 0
    lost: int = 0
    unusable: int = 0
    frozen: int = 0
    openings: int = 0
    left_behind: int = 0


class Camera(Protocol):
    """Gives one picture a trigger. Used by one thread at a time, except `close`, which any thread may call."""

    name: str

    @property
    def exhausted(self) -> bool:
        """Whether a finite source has given its last picture, so that no further part may be admitted."""

    @property
    def counts(self) -> CameraCounts:
        """What came and what did not; from any thread."""

    def open(self) -> None:
        """Make the device ready; blocking, at most 10 s.

        Raises:
            CameraLost: the device is not there; the message says what to do.
        """

    def grab(self, timeout_s: float) -> Frame:
        """The picture that belongs to the trigger being served, exposed after this call began.

        Blocks at most `timeout_s`. The image is write-protected, uint8, `(H, W, 3)` BGR or `(H, W)` gray.

        Raises:
            TimeoutError: no picture came in time; the camera stays open.
            CameraLost: the device is gone and must be opened again.
            BadPicture: a picture came but cannot be read (truncated, 16 bit, not an image); the next may be good.
            EndOfPictures: a finite source has no more pictures.
        """

    def check(self) -> None:
        """Find out between triggers whether the open device still gives pictures; cheap, and never blocks.

        Raises:
            CameraLost: it does not, as `grab` would say; a device that only moves when asked never raises.
        """

    def close(self) -> None:
        """Let go of the device; may be called twice, and while `grab` blocks, which then raises CameraLost."""


class EndOfPictures(Exception):
    """A finite source (a folder replayed once) is used up: no fault, the station ends its work in order."""
