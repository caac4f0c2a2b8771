"""Camera on a moving source: a video file, a V4L2 device, an RTSP or an HTTP stream."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from appliance.cameras.base import CameraCounts, EndOfPictures
from appliance.cameras.ffmpeg_stream import FfmpegStream
from appliance.cameras.http_stream import HttpStream
from appliance.cameras.reader import Reader, Shot
from appliance.cameras.stream import Arrival, Stream, pixels_of
from appliance.cameras.v4l2_stream import V4l2Stream
from appliance.config.video import SourceKind, VideoCameraConfig
from appliance.domain.parts import Frame
from appliance.errors import CameraFrozen, CameraLost
from models.errors import BadPicture

_log = logging.getLogger(__name__)
_OPEN_S = 4.0  # FFmpeg gives up after 3 s by itself
_CLOSE_S = 0.4  # capture's budget for a part allows 0.5 s more than the picture
_LET_GO_S = 2.5  # a read that waits ends after 2 s
_SILENT_NS = 2_000_000_000
_UNUSABLE_IN_A_ROW = 5
_LEFT_BEHIND = 2
_LOOK_AHEAD_S = 2.0

OpenStream = Callable[[VideoCameraConfig, int, Callable[[float], object]], Stream]


@dataclass(slots=True)
class _Tally:
    unusable: int = 0
    frozen: int = 0
    openings: int = 0
    given_number: int = 0
    unusable_in_a_row: int = 0


class VideoCamera:
    """What every source has in common. `captured_ns` is the arrival, the latest moment at which it can have been
    exposed; a picture that may be older than the call by `latency_allowed_ms` or a hold-up is not given.

    The size at `open` holds until the next `open`: another one is a bad picture. After five bad ones in a row the
    camera counts as lost and is opened again.
    """

    def __init__(
        self,
        name: str,
        config: VideoCameraConfig,
        open_stream: OpenStream | None = None,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.name = name
        self._now_ns = now_ns
        self._config = config
        self._open_stream = open_stream or open_source
        self._one_by_one = config.kind is SourceKind.FILE and config.pace == "trigger"
        self._reader: Reader | None = None
        self._left_behind: list[Reader] = []
        self._last: Shot | None = None
        self._shape: tuple[int, ...] | None = None
        self._tally = _Tally()
        self._in_use = threading.Lock()

    @property
    def exhausted(self) -> bool:
        """Whether a file that is not looped has given its last picture."""
        reader = self._reader
        return reader is not None and reader.drained

    @property
    def counts(self) -> CameraCounts:
        reader, tally = self._reader, self._tally
        last = (reader.latest if reader is not None else None) or self._last
        return CameraCounts(
            pictures=last.seq - last.lost if last is not None else 0,
            lost=last.lost if last is not None else 0,
            unusable=tally.unusable,
            frozen=tally.frozen,
            openings=tally.openings,
            left_behind=sum(not reader.gone(0) for reader in tuple(self._left_behind)),
        )

    def open(self) -> None:
        """Start reading and wait for the first picture; see `Camera.open`."""
        with self._in_use:
            if self._reader is not None and self._reader.ended is None:
                return
            self._let_go()
            self._await_predecessors()
            reader = self._reader = self._start()
            try:
                self._begin(reader)
            except CameraLost:
                self._let_go()
                raise

    def grab(self, timeout_s: float) -> Frame:
        """See `Camera.grab`: the first picture that is certainly younger than the call, or a file's next one."""
        asked_ns = self._now_ns()
        reader = self._reader
        if reader is None:
            raise CameraLost(f"camera {self.name} is closed; open it first")
        self._check(reader)
        lost = reader.latest.lost if reader.latest is not None else 0
        shot = self._await(reader, asked_ns, timeout_s)
        if self._one_by_one:
            reader.await_next(_LOOK_AHEAD_S)
        if shot.lost > lost:
            raise self._unusable(BadPicture(f"a picture of {self._config.shown_source} was lost on its way"))
        if shot.arrival is None:
            raise self._unusable(BadPicture(shot.fault))
        self._watch_repeats(shot)
        image = self._picture(shot.arrival)
        self._tally.unusable_in_a_row = 0
        self._tally.given_number = shot.arrival.number
        repeats = shot.repeats if self._config.frozen_after else 0
        captured_ns = asked_ns if self._one_by_one else shot.arrived_ns
        return Frame(self.name, shot.seq, captured_ns, image, self._title(shot), repeats)

    def check(self) -> None:
        """See `Camera.check`: whether pictures still come, and differ."""
        reader = self._reader
        if reader is None:
            raise CameraLost(f"camera {self.name} is closed; open it first")
        self._check(reader)

    def configure(self, config: VideoCameraConfig) -> None:
        """What holds from the next `open` on, which reads every setting back. The camera must be closed."""
        self._config = config

    def close(self) -> None:
        """Stop reading; the thread lets go of the device when its call returns. See `Camera.close`."""
        reader = self._reader
        if reader is not None:
            reader.stop()
        with self._in_use:
            self._let_go()
        if reader is not None and not reader.gone(_CLOSE_S):
            # The C++ runtime aborts a program that ends in the middle of a driver's call.
            atexit.register(reader.gone, _LET_GO_S)

    def _start(self) -> Reader:
        config, skip = self._config, self._tally.given_number
        reader = Reader(
            f"camera-{self.name}",
            lambda wait: self._open_stream(config, skip, wait),
            before=self._last,
            latency_ns=config.latency_allowed_ms * 1_000_000,
            one_by_one=self._one_by_one,
            now_ns=self._now_ns,
        )
        reader.start()
        return reader

    def _begin(self, reader: Reader) -> None:
        """Wait for the first picture and take its size."""
        shown = self._config.shown_source
        try:
            shot = reader.await_first(_OPEN_S)
        except TimeoutError as error:
            raise CameraLost(
                f"{shown} gave no picture within {_OPEN_S:g} s; check power and cable of the camera",
                f"{shown} 在 {_OPEN_S:g} 秒内没有图像；请检查相机电源和线缆",
            ) from error
        if shot is None:
            if isinstance(reader.ended, CameraLost):
                raise reader.ended
            return
        self._tally.openings += 1
        self._watch_repeats(shot)
        self._shape, before = None, self._shape
        try:
            if shot.arrival is None:
                raise BadPicture(shot.fault)
            self._shape = self._picture(shot.arrival).shape
        except BadPicture as error:
            raise CameraLost(str(error), f"{shown} 的图像无法使用；请检查相机设置") from error
        if before is not None and before != self._shape:
            _log.warning("the pictures of %s are now %s, before %s", shown, _size(self._shape), _size(before))

    def _await(self, reader: Reader, asked_ns: int, timeout_s: float) -> Shot:
        try:
            shot = reader.take(asked_ns, timeout_s)
        except TimeoutError as error:
            self._check(reader)
            raise TimeoutError(f"{self._config.shown_source} gave no picture within {timeout_s:g} s") from error
        if shot is None:
            if isinstance(reader.ended, EndOfPictures):
                raise reader.ended
            self._check(reader)
            raise CameraLost(f"camera {self.name} was closed; open it first")
        return shot

    def _check(self, reader: Reader) -> None:
        shown = self._config.shown_source
        if isinstance(reader.ended, CameraLost):
            raise reader.ended
        if reader.ended is None and not self._one_by_one and reader.silent_ns > _SILENT_NS:
            raise CameraLost(
                f"{shown} gave no picture for {_SILENT_NS / 1e9:g} s; check camera, cable and network",
                f"{shown} 已 {_SILENT_NS / 1e9:g} 秒没有图像；请检查相机、线缆和网络",
            )
        if reader.latest is not None:
            self._watch_repeats(reader.latest)

    def _watch_repeats(self, shot: Shot) -> None:
        limit = self._config.frozen_after
        if limit and shot.repeats + 1 >= limit:
            self._tally.frozen += 1
            shown = self._config.shown_source
            raise CameraFrozen(
                f"{shown} gave the same picture {shot.repeats + 1} times; restart the camera, or see stale_after under "
                "[camera]",
                f"{shown} 连续 {shot.repeats + 1} 次输出同一图像；请重启相机，或查看 [camera] 的 stale_after",
            )

    def _picture(self, arrival: Arrival) -> NDArray[np.uint8]:
        try:
            image = pixels_of(arrival, self._config.shown_source)
        except BadPicture as error:
            raise self._unusable(error) from error
        if self._shape is not None and image.shape != self._shape:
            raise self._unusable(
                BadPicture(
                    f"the pictures of {self._config.shown_source} changed from {_size(self._shape)} to "
                    f"{_size(image.shape)}; set the camera back"
                )
            )
        return image

    def _unusable(self, error: BadPicture) -> BadPicture | CameraLost:
        """Count a bad picture; what to raise for it."""
        self._tally.unusable += 1
        self._tally.unusable_in_a_row += 1
        if self._tally.unusable_in_a_row < _UNUSABLE_IN_A_ROW:
            return error
        self._tally.unusable_in_a_row = 0
        return CameraLost(str(error), f"{self._config.shown_source} 的图像连续无法使用；请检查相机设置")

    def _let_go(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.stop()
            self._last = reader.latest
            self._left_behind.append(reader)

    def _await_predecessors(self) -> None:
        """Two readers on one device would disturb each other; one that hangs must not be followed by many."""
        if self._left_behind:
            self._left_behind[-1].gone(_LET_GO_S)
        self._left_behind = [reader for reader in self._left_behind if not reader.gone(0)]
        if len(self._left_behind) >= _LEFT_BEHIND:
            raise CameraLost(
                f"{len(self._left_behind)} calls into the driver of {self._config.shown_source} do not come back; pull "
                "the camera's plug, or restart the station",
                f"{self._config.shown_source} 的驱动有 {len(self._left_behind)} 次调用没有返回；请拔插相机或重启检测站",
            )

    def _title(self, shot: Shot) -> str:
        assert shot.arrival is not None
        if isinstance(self._config.source, Path) and shot.arrival.number:
            return f"{self._config.source.name} picture {shot.arrival.number}"
        return f"picture {shot.seq}"


def open_source(config: VideoCameraConfig, skip: int, wait: Callable[[float], object]) -> Stream:
    """The stream that the configuration names, open; see `FfmpegStream` for `skip` and `wait`."""
    if config.kind is SourceKind.HTTP:
        return HttpStream(config)
    if config.kind is SourceKind.V4L2:
        return V4l2Stream(config)
    return FfmpegStream(config, skip, None if config.pace == "trigger" else wait)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}" + (" gray" if len(shape) == 2 else "")
