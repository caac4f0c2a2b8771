"""What every answer carries, and which Host names are answered at all.

The page listens on loopback, yet any web site open in the same browser can point a name of its own at 127.0.0.1 and
read the answer (DNS rebinding). An address cannot be rebound, so only addresses and this machine's own names pass.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Final

from flask import Flask, Response, request

HEADERS: Final[dict[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=(), serial=()",
}
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?", re.ASCII)


def protect(app: Flask, configured_host: str) -> None:
    """Adds the headers to every answer and refuses foreign Host names before any view runs."""
    machine = socket.gethostname().lower()
    names = frozenset({"localhost", configured_host.lower(), machine, f"{machine.split('.')[0]}.local"})

    @app.before_request
    def refuse_foreign_host() -> Response | None:
        if host_allowed(request.headers.get("Host", ""), names):
            return None
        return Response("Open this page by the station's address.\n", 421, mimetype="text/plain")

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response


def host_allowed(host: str, names: frozenset[str]) -> bool:
    """Whether a Host header is an IP address or one of `names`, with or without a port."""
    match = _HOST.fullmatch(host.lower())
    if match is None:
        return False
    name = match.group(1)
    if name in names:
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
