"""Trigger → picture: takes one picture for each admitted part, and brings a lost camera back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from appliance.cameras.base import Camera, CameraCounts, EndOfPictures
from appliance.domain.clock import Clock
from appliance.domain.device import DeviceState
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Frame, Part
from appliance.domain.reasons import Reason
from appliance.domain.stages import Meter, Stage
from appliance.errors import CameraFrozen, CameraLost
from models.errors import BadPicture

_log = logging.getLogger(__name__)
_REOPEN_NS = 1_000_000_000


class CaptureStage:
    """Owns the camera. `deliver` takes (part, frame) on; `fail` closes a part as ERROR with a reason.

    `on_lost` is called on this thread the moment the camera is gone, so that no further trigger is admitted;
    `on_exposed` when the next part may come.
    """

    def __init__(
        self,
        camera: Camera,
        *,
        ledger: Ledger,
        clock: Clock,
        meter: Meter,
        timeout_s: float,
        deliver: Callable[[Part, Frame], None],
        fail: Callable[[Part, Reason], None],
        on_lost: Callable[[], None],
        on_exposed: Callable[[], None],
    ) -> None:
        self._camera = camera
        self._ledger = ledger
        self._clock = clock
        self._meter = meter
        self._timeout_s = timeout_s
        self._deliver = deliver
        self._fail = fail
        self._on_lost = on_lost
        self._on_exposed = on_exposed
        self._retry_ns = 0
        self._last_seq: int | None = None
        self._closing = False
        self.finished = False
        """A finite source has no more pictures."""
        self.state = DeviceState("warn", "Camera is being opened", "正在打开相机")

    @property
    def ready(self) -> bool:
        return self.state.state == "ok" and not self.finished

    @property
    def counts(self) -> CameraCounts:
        """The camera's; see `Camera.counts`."""
        return self._camera.counts

    def handle(self, parts: Sequence[Part]) -> None:
        for part in parts:
            try:
                if self._ledger.is_open(part):
                    self._serve(part)
            finally:
                self._ledger.exposed(part)
                self._on_exposed()

    def idle(self) -> None:
        """Look after an open camera; open one that is not open, once a second."""
        if self._closing:
            return
        if self.state.state == "ok":
            self._look()
        elif self._clock.monotonic_ns() >= self._retry_ns:
            self._open()

    def close(self) -> None:
        """Let go of the camera for good; a grab that is interrupted by it is no fault."""
        self._closing = True
        self._camera.close()

    def _open(self) -> None:
        try:
            self._camera.open()
        except CameraLost as error:
            self._lose(error)
        else:
            self.state = DeviceState("ok")
            self.finished = self._camera.exhausted
            _log.info("camera %s is open", self._camera.name)

    def _look(self) -> None:
        if self.finished:
            return
        try:
            self._camera.check()
        except CameraLost as error:
            self._lose(error)
        else:
            self._see_end()

    def _see_end(self) -> None:
        if self._camera.exhausted:
            self.finished = True
            self._on_lost()

    def _serve(self, part: Part) -> None:
        if not self.ready:
            self._fail(part, Reason.CAMERA_LOST)
            return
        left_s = (part.deadline_ns - self._clock.monotonic_ns()) / 1e9
        try:
            frame = self._camera.grab(max(0.0, min(self._timeout_s, left_s)))
        except TimeoutError:
            self._fail(part, Reason.NO_FRAME)
        except BadPicture as error:
            _log.warning("part %d: %s", part.number, error)
            self._fail(part, Reason.BAD_PICTURE)
        except EndOfPictures:
            self._fail(part, Reason.NO_FRAME)
        except CameraLost as error:
            self._lose(error)
            self._fail(part, Reason.PICTURE_FROZEN if isinstance(error, CameraFrozen) else Reason.CAMERA_LOST)
        else:
            self._take(part, frame)
            self._meter.observe(Stage.EXPOSE, frame.captured_ns - part.trigger.received_ns)
        self._see_end()

    def _take(self, part: Part, frame: Frame) -> None:
        """Hand the picture on, unless the camera gave the very same one to the part before."""
        last, self._last_seq = self._last_seq, frame.seq
        if last is not None and frame.repeats >= frame.seq - last:
            _log.warning("part %d: picture %d is that of the part before", part.number, frame.seq)
            self._fail(part, Reason.PICTURE_FROZEN)
            return
        self._deliver(part, frame)

    def _lose(self, error: CameraLost) -> None:
        why = str(error)
        if self.state.text_en != why and not self._closing:
            _log.error("camera %s: %s", self._camera.name, why)
        self.state = DeviceState("fault", why, error.text_zh)
        self._retry_ns = self._clock.monotonic_ns() + _REOPEN_NS
        self._on_lost()
        self._camera.close()
