"""The real page server on a free loopback port, run by a thread of the test."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from appliance.config.schema import Config
from appliance.web.server import PageServer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


PIN = "271828"
TOKEN = "0123456789abcdef0123456789abcdef"


def secret_file(path: Path, secret: str, mode: int = 0o600) -> Path:
    path.write_text(secret + "\n")
    path.chmod(mode)
    return path


def web_config(state_dir: Path, port: int | None = None, host: str = "127.0.0.1", **web: Any) -> Config:
    return Config.model_validate(
        {
            "station": {"state_dir": state_dir},
            "camera": {"type": "synthetic"},
            "model": {"package": state_dir / "demo.okng"},
            "web": {"host": host, "port": port or free_port(), **web},
        }
    )


@contextlib.contextmanager
def running_page(state_dir: Path, port: int | None = None, **web: Any) -> Iterator[str]:
    """Yields the page's address; on leaving, the server must have ended cleanly."""
    server = PageServer(web_config(state_dir, port, **web))
    thread = threading.Thread(target=server.run, name="page-server")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()
        thread.join(timeout=15)
        assert not thread.is_alive(), "the page server did not end"
