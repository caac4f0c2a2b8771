"""Video files and streams made by the real ffmpeg."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tests.fakes.mosquitto import free_port

_RTSP_SERVER = Path(__file__).with_name("rtsp_server.py")


def ffmpeg(*words: object) -> None:
    """Run ffmpeg to its end; it must succeed."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, words)], check=True, stdin=subprocess.DEVNULL, timeout=60)


def write_film(path: Path, pictures: Sequence[NDArray[np.uint8]], fps: int = 20) -> Path:
    """A video of exactly these pictures, lossless; all of one size."""
    height, width = pictures[0].shape[:2]
    raw = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{width}x{height}", "-r", fps, "-i", "-"]
    command = ["ffmpeg", "-v", "error", "-y", *raw, "-c:v", "ffv1", "-pix_fmt", "bgr0", path]
    content = b"".join(picture.tobytes() for picture in pictures)
    subprocess.run([str(word) for word in command], check=True, input=content, timeout=60)
    return path


def encode_film(path: Path, *encoding: object, seconds: float = 3, fps: int = 20, size: str = "320x240") -> Path:
    """A moving test picture, encoded as told."""
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={fps}", "-t", seconds, *encoding, path)
    return path


class Served:
    """A camera that is a process: killed, stalled (SIGSTOP) and started again as the test likes."""

    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        raise NotImplementedError

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class HttpCamera(Served):
    """ffmpeg serving JPEG pictures over HTTP to one client at a time, like a network camera; no two are alike."""

    def __init__(self, *, film: Path | None = None, fps: int = 20) -> None:
        """Without a `film` it shows a moving test picture of 320 x 240; a film is shown over and over."""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/feed"
        self._picture = ["-f", "lavfi", "-i", f"testsrc2=size=320x240:rate={fps}"]
        if film is not None:
            self._picture = ["-stream_loop", "-1", "-r", str(fps), "-i", str(film)]

    def start(self) -> None:
        command = ["ffmpeg", "-v", "error", "-re", *self._picture, "-c:v", "mjpeg", "-q:v", "2"]
        command += ["-f", "mpjpeg", "-listen", "1", self.url]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)


class RtspCamera(Served):
    """GStreamer's RTSP server in a process of its own; see `rtsp_server.py` for `options`."""

    def __init__(self, *options: str, encoding: str = "mjpeg") -> None:
        self.port = free_port()
        self.url = f"rtsp://127.0.0.1:{self.port}/feed"
        self._command = ["/usr/bin/python3", str(_RTSP_SERVER), str(self.port), encoding, *options]

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"
