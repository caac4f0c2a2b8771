"""A stream of JPEG pictures over HTTP, as network cameras serve it.

    HTTP/1.1 200 OK
    Content-Type: multipart/x-mixed-replace;boundary=B          (RFC 2046 5.1, as browsers read it)

    --B CR LF  Content-Type: image/jpeg CR LF  Content-Length: N CR LF  CR LF  N bytes  CR LF  --B …

It is read here and not by FFmpeg, which conceals a torn JPEG with gray: every picture is decoded strictly, or refused.
Without Content-Length a picture ends where the next boundary begins.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
import urllib.error
import urllib.request
from email.message import Message

import numpy as np

from appliance.cameras.stream import Arrival, read_password
from appliance.config.video import VideoCameraConfig
from appliance.errors import CameraLost

_READ_TIMEOUT_S = 2.0
_MAX_PICTURE_BYTES = 64_000_000
_MAX_LINE = 8192
_MAX_HEADER_LINES = 64
_CHUNK = 65_536


class HttpStream:
    """Open at once; `shown` names it in messages.

    Raises:
        CameraLost: nobody answers, the answer is a refusal, or it is no stream of pictures.
    """

    def __init__(self, config: VideoCameraConfig) -> None:
        self._shown = config.shown_source
        self._pushed = b""
        self._response = self._open(config)
        self._socket = _socket_of(self._response)
        try:
            self._boundary = self._find_boundary(self._response.headers)
        except CameraLost:
            self.close()
            raise

    def read(self) -> Arrival:
        try:
            data = self._read_part()
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            # http.client raises the last two when the connection was shut down under its hands.
            raise self._lost(error) from error
        return Arrival(np.frombuffer(data, np.uint8), True, time.monotonic_ns())

    def interrupt(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._response.close()

    def _open(self, config: VideoCameraConfig) -> http.client.HTTPResponse:
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        if config.username is not None:
            passwords.add_password(None, str(config.source), config.username, read_password(config))
        opener = urllib.request.OpenerDirector()
        # No redirects: they could lead the password, or the station, to another machine. No proxy either.
        for handler in (
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(),
            urllib.request.HTTPDigestAuthHandler(passwords),
            urllib.request.HTTPBasicAuthHandler(passwords),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.HTTPDefaultErrorHandler(),
        ):
            opener.add_handler(handler)
        try:
            response = opener.open(str(config.source), timeout=_READ_TIMEOUT_S)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (401, 403):
                raise CameraLost(
                    f"{self._shown} refuses user name or password; check username and password_file under [camera]",
                    f"{self._shown} 拒绝登录；请检查 [camera] 的 username 和 password_file",
                ) from error
            raise CameraLost(
                f"{self._shown} answers {error.code}; check the address under [camera]",
                f"{self._shown} 返回 {error.code}；请检查 [camera] 的地址",
            ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise CameraLost(
                f"{self._shown} cannot be reached; check power, cable and address",
                f"无法连接 {self._shown}；请检查电源、网线和地址",
            ) from error
        assert isinstance(response, http.client.HTTPResponse)
        return response

    def _find_boundary(self, headers: Message) -> bytes:
        boundary = headers.get_param("boundary")
        if headers.get_content_maintype() == "multipart" and isinstance(boundary, str) and boundary:
            # Some cameras write the two dashes into the header already.
            return b"--" + boundary.encode("latin-1", "replace").removeprefix(b"--")
        if headers.get_content_type() == "application/octet-stream":
            # So ffmpeg serves it: the boundary is the first line that is not empty.
            with contextlib.suppress(OSError, http.client.HTTPException):
                line = self._line().rstrip() or self._line().rstrip()
                if line.startswith(b"--") and len(line) > 2:
                    self._pushed = line + b"\r\n"
                    return line
        raise CameraLost(
            f"{self._shown} is no stream of JPEG pictures (multipart); take the camera's MJPEG address",
            f"{self._shown} 不是 MJPEG 视频流；请使用相机的 MJPEG 地址",
        )

    def _read_part(self) -> bytes:
        """The bytes of the next part.

        Raises:
            HTTPException: the stream ended, or does not keep to the format.
        """
        while not self._line().startswith(self._boundary):
            continue
        length: int | None = None
        for _ in range(_MAX_HEADER_LINES):
            line = self._line().strip()
            if not line:
                break
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                length = int(value)
        if length is None:
            return self._read_to_boundary()
        if not 0 < length <= _MAX_PICTURE_BYTES:
            raise http.client.HTTPException(f"a picture of {length} bytes")
        data = self._response.read(length)
        if len(data) < length:
            raise http.client.IncompleteRead(b"")
        return data

    def _read_to_boundary(self) -> bytes:
        data = bytearray()
        end = b"\r\n" + self._boundary
        while (at := data.find(end, max(0, len(data) - _CHUNK - len(end)))) < 0:
            line = self._response.readline(_CHUNK)
            if not line:
                raise http.client.IncompleteRead(b"")
            data += line
            if len(data) > _MAX_PICTURE_BYTES:
                raise http.client.HTTPException("a picture without end")
        self._pushed = bytes(data[at + 2 :])
        return bytes(data[:at])

    def _line(self) -> bytes:
        if self._pushed:
            line, self._pushed = self._pushed, b""
            return line
        line = self._response.readline(_MAX_LINE)
        if not line:
            raise http.client.IncompleteRead(b"")
        return line

    def _lost(self, error: Exception) -> CameraLost:
        if isinstance(error, TimeoutError):
            return CameraLost(
                f"{self._shown} gave no picture for {_READ_TIMEOUT_S:g} s; check camera and network",
                f"{self._shown} 已 {_READ_TIMEOUT_S:g} 秒没有图像；请检查相机和网络",
            )
        return CameraLost(
            f"the stream {self._shown} ended; check power and cable of the camera",
            f"视频流 {self._shown} 已中断；请检查相机电源和网线",
        )


def _socket_of(response: http.client.HTTPResponse) -> socket.socket | None:
    """The connection under a response, to be shut down from another thread; None where Python hides it."""
    raw = getattr(response.fp, "raw", None)
    found = getattr(raw, "_sock", None)
    return found if isinstance(found, socket.socket) else None
