"""The real page server on a free loopback port, run by a thread of the test."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from appliance.config.schema import Config
from appliance.web.server import PageServer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def web_config(state_dir: Path, port: int | None = None, host: str = "127.0.0.1") -> Config:
    return Config.model_validate(
        {
            "station": {"state_dir": state_dir},
            "camera": {"type": "synthetic"},
            "model": {"package": state_dir / "demo.okng"},
            "web": {"host": host, "port": port or free_port()},
        }
    )


@contextlib.contextmanager
def running_page(state_dir: Path, port: int | None = None) -> Iterator[str]:
    """Yields the page's address; on leaving, the server must have ended cleanly."""
    server = PageServer(web_config(state_dir, port))
    thread = threading.Thread(target=server.run, name="page-server")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()
        thread.join(timeout=15)
        assert not thread.is_alive(), "the page server did not end"
