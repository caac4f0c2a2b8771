"""A network camera that sends whatever bytes the test wants."""

from __future__ import annotations

import itertools
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import cv2
import numpy as np

Send = Callable[[bytes], None]


class OddCamera:
    """A network camera of which the test writes every byte."""

    def __init__(self, serve: Callable[[BaseHTTPRequestHandler, Send], None]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                def send(data: bytes) -> None:
                    self.wfile.write(data)

                try:
                    serve(self, send)
                except OSError:
                    return

            def log_message(self, *_: object) -> None:
                """Be quiet."""

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/video"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> OddCamera:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def multipart(handler: BaseHTTPRequestHandler, boundary: str = "frame") -> None:
    """The head of a stream of pictures."""
    handler.send_response(200)
    handler.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={boundary}")
    handler.end_headers()


def jpeg(number: int, size: tuple[int, int] = (48, 64)) -> bytes:
    """A picture of noise; no two numbers are alike."""
    image = np.random.default_rng(number).integers(0, 255, (*size, 3), np.uint8)
    return bytes(cv2.imencode(".jpg", image)[1])


def part(data: bytes, *, length: bool = True, boundary: str = "frame") -> bytes:
    """One part of a multipart stream."""
    told = b"Content-Length: %d\r\n" % len(data) if length else b""
    return b"--" + boundary.encode() + b"\r\nContent-Type: image/jpeg\r\n" + told + b"\r\n" + data + b"\r\n"


def steadily(send: Send, pictures: Callable[[int], bytes], pause_s: float = 0.02) -> None:
    """Send picture after picture until the client goes."""
    pause = threading.Event()
    for number in itertools.count():
        send(pictures(number))
        pause.wait(pause_s)
