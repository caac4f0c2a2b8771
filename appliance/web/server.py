"""`okng web`: the pages behind waitress, in a process of their own that may die while the line goes on."""

from __future__ import annotations

import errno
import logging
import signal
import socket
from types import FrameType
from typing import Final

from waitress.server import create_server  # type: ignore[import-untyped]

from appliance.config.schema import Config, WebConfig
from appliance.errors import NotThere
from appliance.web.app import THREADS, create_app
from appliance.web.feed import StationFeed

log = logging.getLogger(__name__)

LOOP_S: Final = 0.2
# A reader that stops reading is let go by the kernel instead of holding a server thread for ever.
STALLED_READER_MS: Final = 20_000
SEND_BUFFER: Final = 64 * 1024


class PageServer:
    """Bound when made; `run` blocks until `stop`, which any thread or signal handler may call."""

    def __init__(self, config: Config) -> None:
        self._stopping = False
        self._socket = _listen(config.web)
        self.port: int = self._socket.getsockname()[1]
        self._feed = StationFeed(config.station.state_dir)
        # waitress is untyped; its own `run` ends only by an exception raised in the main thread, hence `run` below.
        self._server = create_server(
            create_app(config, self._feed),
            sockets=[self._socket],
            threads=THREADS,
            ident=None,
            connection_limit=200,
            channel_timeout=30,
            cleanup_interval=5,
            max_request_header_size=16 * 1024,
            max_request_body_size=1024,
            outbuf_high_watermark=SEND_BUFFER,
        )

    def run(self) -> None:
        """Serves until `stop`; then ends the streams, the threads and the sockets, in that order."""
        self._feed.start()
        try:
            while not self._stopping:
                self._server.asyncore.loop(timeout=LOOP_S, use_poll=True, map=self._server._map, count=1)
        finally:
            self._feed.close()
            self._server.task_dispatcher.shutdown()
            self._server.asyncore.close_all(self._server._map)

    def stop(self) -> None:
        self._stopping = True


def serve(config: Config) -> None:
    """Serves the pages until SIGTERM; returns after a clean end.

    Raises:
        NotThere: the address cannot be listened on.
        KeyboardInterrupt: Ctrl-C, after the same clean end.
    """
    server = PageServer(config)
    caught: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        caught.append(number)
        server.stop()

    previous = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        log.info("page at http://%s:%d", config.web.host, server.port)
        server.run()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    if signal.SIGINT in caught:
        raise KeyboardInterrupt


def _listen(web: WebConfig) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            web.host, web.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise NotThere(
            f"the host name {web.host} is not known here; set web.host to an address of this machine"
        ) from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit these three from the listening one.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_READER_MS)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise NotThere(_cannot_listen(web, error)) from error
    return listener


def _cannot_listen(web: WebConfig, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {web.port} on {web.host} is taken by another program; stop that program or set another web.port"
    if error.errno == errno.EACCES:
        return f"port {web.port} needs root; set web.port to 1024 or more"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{web.host} is no address of this machine; set web.host to one, 127.0.0.1 for this machine alone"
    return f"the page cannot listen on {web.host}:{web.port} ({error.strerror}); check web.host and web.port"
