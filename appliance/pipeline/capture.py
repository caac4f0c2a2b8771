"""Trigger → picture: takes one picture for each admitted part, and brings a lost camera back.

With a watch, the stream's pictures are the triggers: the picture in which a part was noticed is the one that is judged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from appliance.cameras.base import Camera, CameraCounts, EndOfPictures
from appliance.domain.clock import Clock
from appliance.domain.device import DeviceState
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Frame, Part, Trigger, TriggerSource
from appliance.domain.reasons import Reason
from appliance.domain.stages import Meter, Stage
from appliance.errors import CameraFrozen, CameraLost
from appliance.pipeline.presence import Sight
from appliance.pipeline.watch import Watch
from models.errors import BadPicture

_log = logging.getLogger(__name__)
_REOPEN_NS = 1_000_000_000


class CaptureStage:
    """Owns the camera. `deliver` takes (part, frame) on; `fail` closes a part as ERROR with a reason.

    `on_lost` is called on this thread the moment the camera is gone, so that no further trigger is admitted;
    `on_exposed` when the next part may come. `watch` sees the pictures between triggers.
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
        watch: Watch,
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
        self._watch = watch
        self._retry_ns = 0
        self._last_seq: int | None = None
        self._closing = False
        self._set_up: tuple[Callable[[], None], Future[None]] | None = None
        self.finished = False
        """A finite source has no more pictures."""
        self._device = DeviceState("warn", "Camera is being opened", "正在打开相机")

    @property
    def state(self) -> DeviceState:
        """How the camera is, and while it is well, how the watch is."""
        return self._device if self._device.state != "ok" else self._watch.state

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
        """Look after an open camera, or watch its next picture; open one that is not open, once a second."""
        if self._closing:
            return
        if self._set_up is not None:
            (change, done), self._set_up = self._set_up, None
            self._change(change, done)
        elif self._device.state == "ok":
            self._look()
        elif self._clock.monotonic_ns() >= self._retry_ns:
            self._open()

    def set_up(self, change: Callable[[], None]) -> Future[None]:
        """Close the camera between two parts, `change` it, and open it again; from any thread, one at a time.

        The door must be shut. The future ends when the camera gives pictures again, or with CameraLost; it is then
        opened again and again like any lost camera.
        """
        done: Future[None] = Future()
        self._set_up = change, done
        return done

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
            self._device = DeviceState("ok")
            self.finished = self._camera.exhausted
            _log.info("camera %s is open", self._camera.name)

    def _change(self, change: Callable[[], None], done: Future[None]) -> None:
        self._device = DeviceState("warn", "Camera is being set for the recipe", "正在按配方设置相机")
        self._watch.lost()
        self._last_seq = None
        self._camera.close()
        try:
            change()
            self._camera.open()
        except CameraLost as error:
            self._lose(error)
            done.set_exception(error)
        else:
            self._device = DeviceState("ok")
            self.finished = self._camera.exhausted
            done.set_result(None)

    def _look(self) -> None:
        if self.finished:
            return
        try:
            if self._watch.active:
                self._watch_next()
            else:
                self._camera.check()
        except CameraLost as error:
            self._lose(error)
        else:
            self._see_end()

    def _watch_next(self) -> None:
        """Take the next picture of the stream, and on the way with it if it shows a part."""
        try:
            frame = self._camera.grab(self._timeout_s)
        except TimeoutError as error:
            # Parts go by unseen: no ready station may stand beside them.
            raise CameraLost(
                f"camera {self._camera.name} gave no picture within {self._timeout_s:g} s; check camera and cable",
                "相机没有图像；请检查相机和线缆",
            ) from error
        except BadPicture as error:
            _log.warning("a picture was not watched: %s", error)
            self._watch.lost()
            return
        except EndOfPictures:
            return
        sight = self._watch.look(frame)
        if sight is Sight.PART:
            self._enter(frame)
        elif sight is Sight.UNSEEN:
            _log.warning("a part went by between two pictures")
            self._ledger.miss()

    def _enter(self, frame: Frame) -> None:
        """Admit the part that this very picture shows; while it cannot be admitted, the ledger counts it as missed."""
        part = self._ledger.admit(Trigger(TriggerSource.PRESENCE, tag=0, received_ns=frame.captured_ns))
        if part is None:
            _log.warning("a part was noticed while the station was not ready or full: missed")
            return
        try:
            self._take(part, frame)
            self._meter.observe(Stage.EXPOSE, 0)
        finally:
            self._ledger.exposed(part)
            self._on_exposed()

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
        if self._device.text_en != why and not self._closing:
            _log.error("camera %s: %s", self._camera.name, why)
        self._watch.lost()
        self._device = DeviceState("fault", why, error.text_zh)
        self._retry_ns = self._clock.monotonic_ns() + _REOPEN_NS
        self._on_lost()
        self._camera.close()
