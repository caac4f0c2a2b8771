"""Video files and RTSP streams, through the FFmpeg inside OpenCV.

Measured with OpenCV 5.0 (FFmpeg 8): a stalled RTSP stream ends `read` after the read timeout and stays dead; a killed
server ends it at once. Packets that a demuxer knows to be incomplete are dropped on demand (`discardcorrupt`). What
a decoder conceals is not told, whatever it is asked (`err_detect` changes nothing): so MJPEG is taken undecoded and
decoded strictly, and over UDP, where packets may be lost, nothing but MJPEG is accepted. A decoded stream that changes
its size in mid-stream comes scaled to its first size without a word; only MJPEG shows the change.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import cv2

from appliance.cameras.base import EndOfPictures
from appliance.cameras.stream import Arrival, read_password
from appliance.config.video import SourceKind, VideoCameraConfig
from appliance.errors import CameraLost
from models.errors import BadPicture

_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_OPEN_TIMEOUT_MS = 3000
_READ_TIMEOUT_MS = 2000
_MJPEG = cv2.VideoWriter.fourcc(*"MJPG")
_UNDECODED = -1
# FFmpeg's demuxers include scripts that name further files (concat, HLS): only containers of pictures are let in.
_CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm,mpegts,mpeg,mjpeg,h264,hevc,flv,asf,nut"
_FILE = f"protocol_whitelist;file|format_whitelist;{_CONTAINERS}|fflags;discardcorrupt"
_RTSP = "protocol_whitelist;rtsp,rtp,tcp,udp|fflags;discardcorrupt|rtsp_transport;"
# A container that was cut short promises more pictures than it gives; some containers only estimate.
_MISSING_SHARE = 0.01
_MISSING_ALLOWED = 2
_FRESH_SHARE = 0.5
_FRESH_S = 0.01
_COLLECTED_AT_MOST = 1000


class FfmpegStream:
    """Open at once. `skip`: pictures of a file that were given before. `wait`: sleeps so many seconds, for files that
    are replayed by the clock; None where every trigger gets the following picture.

    Raises:
        CameraLost: not there, no video, or with a codec that cannot be read or trusted.
    """

    def __init__(self, config: VideoCameraConfig, skip: int, wait: Callable[[float], object] | None) -> None:
        self._config = config
        self._shown = config.shown_source
        self._file = config.source if isinstance(config.source, Path) else None
        self._wait = wait if self._file is not None else None
        self._watch_gaps = config.transport == "udp"
        self._begin()
        while self._number < skip and self._capture.grab():
            self._number += 1
        if self._file is None:
            self._drain()

    def read(self) -> Arrival:
        ok, content = self._capture.read()
        arrived_ns = time.monotonic_ns()
        if not ok:
            return self._end()
        media_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        self._number += 1
        lost = self._gap(media_ms)
        if self._wait is not None:
            arrived_ns = self._on_time(media_ms)
        number = self._number if self._file is not None else 0
        return Arrival(content, self._jpeg, arrived_ns, lost, number)

    def interrupt(self) -> None:
        """FFmpeg cannot be interrupted; its own timeouts end a read that waits."""

    def close(self) -> None:
        self._capture.release()

    def _begin(self) -> None:
        self._capture = self._open(self._config)
        self._jpeg = int(self._capture.get(cv2.CAP_PROP_FOURCC)) == _MJPEG
        self._fps = self._capture.get(cv2.CAP_PROP_FPS)
        self._count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)) if self._file is not None else 0
        self._last_ms: float | None = None
        self._began: tuple[int, float] | None = None
        self._number = 0
        if self._watch_gaps and not self._jpeg:
            self.close()
            raise CameraLost(
                f"{self._shown} is not MJPEG, and over UDP its damaged pictures could not be told from whole ones; "
                'set transport = "tcp" under [camera]',
                f'{self._shown} 不是 MJPEG，用 UDP 无法识别损坏的图像；请在 [camera] 中设 transport = "tcp"',
            )
        if self._jpeg and not self._capture.set(cv2.CAP_PROP_FORMAT, _UNDECODED):
            self.close()
            raise CameraLost(f"{self._shown} cannot be read undecoded; install the OpenCV that okng asks for")

    def _drain(self) -> None:
        """Throw away what FFmpeg collected while it looked at the stream, about a second: it comes without waiting.

        Its option `nobuffer` would do so too, but throws away the key picture on which the following ones rest.
        """
        waited_s = _FRESH_SHARE / self._fps if 1 <= self._fps <= 1000 else _FRESH_S
        for _ in range(_COLLECTED_AT_MOST):
            asked = time.monotonic()
            if not self._capture.grab() or time.monotonic() - asked >= waited_s:
                return

    def _open(self, config: VideoCameraConfig) -> Any:
        if self._file is not None:
            _check_file(self._file)
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_TIMEOUT_MS]
        with _options(_FILE if self._file is not None else _RTSP + config.transport):
            try:
                capture = cv2.VideoCapture(_address(config), cv2.CAP_FFMPEG, limits)
            except cv2.error:
                # Its text may hold the address with the password: it is not passed on.
                capture = cv2.VideoCapture()
        if capture.isOpened():
            return capture
        if config.kind is SourceKind.FILE:
            raise CameraLost(
                f"{self._shown} is no video that can be read, or is cut short; save it as MP4 with H.264, or as AVI "
                "with MJPEG",
                f"{self._shown} 不是可读取的视频或已截断；请另存为 H.264 的 MP4 或 MJPEG 的 AVI",
            )
        raise CameraLost(
            f"{self._shown} does not answer or refuses; check power, cable, address, and username and password_file "
            "under [camera]",
            f"{self._shown} 无应答或拒绝访问；请检查电源、网线、地址以及 [camera] 的 username 和 password_file",
        )

    def _end(self) -> Arrival:
        if self._file is None:
            raise CameraLost(
                f"the stream {self._shown} ended or stalls; check camera and network",
                f"视频流 {self._shown} 中断或停滞；请检查相机和网络",
            )
        missing = self._count - self._number
        if self._number == 0 or missing > max(_MISSING_ALLOWED, _MISSING_SHARE * self._count):
            given, self._count = self._number, 0
            if given == 0:
                raise CameraLost(
                    f"{self._shown} holds no picture that can be read; check its codec, or save it as MP4 with H.264",
                    f"{self._shown} 中没有可读取的图像；请检查编码，或另存为 H.264 的 MP4",
                )
            raise BadPicture(f"{self._shown} ends after picture {given}, {missing} are missing; copy it again")
        if self._config.loop:
            self.close()
            self._begin()
            return self.read()
        raise EndOfPictures(f"all {self._number} pictures of {self._shown} were replayed")

    def _gap(self, media_ms: float) -> int:
        """How many pictures are missing before this one, by the stream's own clock."""
        last, self._last_ms = self._last_ms, media_ms
        if not self._watch_gaps or last is None or not 1 <= self._fps <= 1000:
            return 0
        return int(max(0, round((media_ms - last) * self._fps / 1000) - 1))

    def _on_time(self, media_ms: float) -> int:
        """Wait until the picture is due by the file's own clock; the moment it came."""
        assert self._wait is not None
        if self._began is None:
            self._began = (time.monotonic_ns(), media_ms)
        due_ns = self._began[0] + int((media_ms - self._began[1]) * 1e6)
        self._wait(max(0, due_ns - time.monotonic_ns()) / 1e9)
        return time.monotonic_ns()


def _check_file(file: Path) -> None:
    if not file.is_file():
        raise CameraLost(
            f"the video file {file} is not there; check source under [camera]",
            f"找不到视频文件 {file}；请检查 [camera] 的 source",
        )
    if not os.access(file, os.R_OK):
        raise CameraLost(
            f"the video file {file} cannot be read; check its permissions", f"无法读取视频文件 {file}；请检查权限"
        )
    if file.stat().st_size == 0:
        raise CameraLost(f"the video file {file} is empty; copy it again", f"视频文件 {file} 为空；请重新复制")


def _address(config: VideoCameraConfig) -> str:
    """What FFmpeg opens; with the password in it, so it must never be shown."""
    if isinstance(config.source, Path):
        return f"file:{config.source.resolve()}"
    if config.username is None:
        return config.source
    url = urlsplit(config.source)
    login = f"{quote(config.username, safe='')}:{quote(read_password(config), safe='')}"
    return urlunsplit(url._replace(netloc=f"{login}@{url.netloc}"))


@contextmanager
def _options(text: str) -> Iterator[None]:
    """FFmpeg's options while something is opened: OpenCV takes them from the process's environment alone, where what
    holds for one camera must not stay for the next one."""
    before = os.environ.get(_OPTIONS)
    os.environ[_OPTIONS] = text
    try:
        yield
    finally:
        if before is None:
            del os.environ[_OPTIONS]
        else:
            os.environ[_OPTIONS] = before
