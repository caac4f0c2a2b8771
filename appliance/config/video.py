"""The `[camera]` section of a video camera: where its pictures come from, and how the device is to be set.

A source is one of four things and nothing else: FFmpeg knows "files" that run filters, join other files or fetch from
the network, and none of them may be reached from a configuration.

    clips/belt.mp4                    a video file
    /dev/v4l/by-id/usb-…-index0       a V4L2 device by its stable name
    rtsp://camera.line/stream         an RTSP stream
    http://camera.line/video.mjpg     a stream of JPEG pictures (multipart/x-mixed-replace); https too
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from appliance.recipes.camera import DeviceSettings
from appliance.section import Section

# Problems of a source are told without its text: a password may stand in it.
SECRET = "secret_source"

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_DEVICES = Path("/dev")
_NETWORK_LATENCY_MS = 100
_DEVICE_LATENCY_MS = 40
_LIVE_STALE_AFTER = 30


class SourceKind(StrEnum):
    FILE = "file"
    V4L2 = "v4l2"
    RTSP = "rtsp"
    HTTP = "http"


def _parse_source(value: object) -> str | Path:
    if isinstance(value, Path):
        return value
    text = value.strip() if isinstance(value, str) else ""
    if not text or not text.isprintable():
        raise _refused("must be a file, a device or a URL without control characters")
    if not _SCHEME.match(text):
        return Path(text)
    try:
        url = urlsplit(text)
        hostname, _ = url.hostname, url.port
    except ValueError as error:
        raise _refused("is no valid URL; write it as rtsp://HOST:PORT/PATH or http://HOST:PORT/PATH") from error
    if url.scheme not in ("rtsp", "http", "https") or not text.startswith(f"{url.scheme}://"):
        raise _refused(
            "this kind of source is not allowed; give a file's path, a device under /dev/v4l/by-id, "
            "or a URL that begins with rtsp://, http:// or https://"
        )
    if "@" in url.netloc:
        raise _refused("holds a user name or password; give username and password_file under [camera] instead")
    if not hostname or re.search(r"[\s|;\\]", text):
        raise _refused("is no valid URL; write it as rtsp://HOST:PORT/PATH or http://HOST:PORT/PATH")
    return text


def _refused(message: str) -> PydanticCustomError:
    return PydanticCustomError(SECRET, "{message}", {"message": message})


class VideoCameraConfig(Section):
    """Pictures out of a moving stream.

    `pace`, for files: in `real_time` pictures come and go by the clock like a camera's; with `trigger` every trigger
    gets the following picture. `latency_ms`: how long a picture may be on its way before it arrives; a picture that
    arrived sooner after its trigger may be older than it and is not used. `stale_after`: so many pictures without any
    difference are a frozen camera; 0 = never.
    """

    type: Literal["video"]
    source: Annotated[str | Path, BeforeValidator(_parse_source)]
    username: str | None = Field(None, min_length=1, max_length=128)
    password_file: Path | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    loop: bool = False
    pace: Literal["real_time", "trigger"] = "real_time"
    latency_ms: int | None = Field(None, ge=0, le=5000)
    stale_after: int | None = Field(None, ge=0, le=1_000_000)
    timeout_ms: int = Field(1000, ge=10, le=10_000)
    settings: DeviceSettings = DeviceSettings()

    @property
    def live(self) -> bool:
        """Whether there are real parts in front of it now: a file shows what was, and no part may pass by it."""
        return self.kind is not SourceKind.FILE

    @property
    def kind(self) -> SourceKind:
        if isinstance(self.source, Path):
            return SourceKind.V4L2 if self.source.is_relative_to(_DEVICES) else SourceKind.FILE
        return SourceKind.RTSP if self.source.startswith("rtsp:") else SourceKind.HTTP

    @property
    def shown_source(self) -> str:
        """The source as logs, pages and bundles may show it: what follows `?` is left out, keys often stand there."""
        if isinstance(self.source, Path):
            return str(self.source)
        url: SplitResult = urlsplit(self.source)
        return f"{url.scheme}://{url.netloc}{url.path}" + ("?…" if url.query or url.fragment else "")

    @property
    def latency_allowed_ms(self) -> int:
        """`latency_ms`, or what is usual for this kind of source."""
        if self.latency_ms is not None:
            return self.latency_ms
        if self.kind is SourceKind.FILE:
            return 0
        return _DEVICE_LATENCY_MS if self.kind is SourceKind.V4L2 else _NETWORK_LATENCY_MS

    @property
    def frozen_after(self) -> int:
        """`stale_after`, or what is usual: live sources are watched, files may repeat themselves."""
        if self.stale_after is not None:
            return self.stale_after
        return 0 if self.kind is SourceKind.FILE else _LIVE_STALE_AFTER

    @model_validator(mode="after")
    def _fits_the_kind(self) -> VideoCameraConfig:
        if self.live and (self.loop or self.pace == "trigger"):
            raise ValueError('loop and pace = "trigger" are for files; leave them out for a live source')
        if self.kind is not SourceKind.V4L2 and self.settings.given:
            raise ValueError(
                "[camera.settings] can be set on V4L2 devices only; set a network camera on its own page, "
                "and leave the section out"
            )
        if self.password_file is not None and self.username is None:
            raise ValueError("password_file needs username")
        if self.username is not None and isinstance(self.source, Path):
            raise ValueError("username is for rtsp and http sources only")
        if self.transport == "udp" and self.kind is not SourceKind.RTSP:
            raise ValueError('transport = "udp" is for rtsp sources only')
        return self
