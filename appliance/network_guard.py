"""Keeps a process on this machine, and writes down every attempt to leave it.

For `okng demo`: each of its processes installs the guard when it starts, so that the demonstration can show that
nothing tried to leave the machine. An audit hook (PEP 578) sees what Python does with sockets; what a library does in
native code it does not see.
"""

from __future__ import annotations

import ipaddress
import json
import os
import socket
import sys
from pathlib import Path

VARIABLE = "OKNG_NETWORK_LOG"

_TO_AN_ADDRESS = frozenset({"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"})
_NAMES = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_ANY = frozenset({"0.0.0.0", "::", b"0.0.0.0", b"::"})
_INTERNET = frozenset({socket.AF_INET, socket.AF_INET6})
_WITHIN = frozenset({socket.AF_UNIX, socket.AF_NETLINK})


def install(log: Path) -> None:
    """Refuse, from now on and for the life of this process, what would leave the machine.

    Each attempt raises `PermissionError` where it was made and adds one JSON line (pid, event, address) to `log`.
    """
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        address = _foreign_address(event, arguments)
        if address is None:
            return
        line = json.dumps({"pid": os.getpid(), "event": event, "address": address})
        os.write(descriptor, line.encode() + b"\n")
        raise PermissionError(f"{event} {address}: this process may not leave the machine")

    sys.addaudithook(hook)


def _foreign_address(event: str, arguments: tuple[object, ...]) -> str | None:
    """The address an event would reach, None for one on this machine."""
    if event in _NAMES:
        # "0.0.0.0" is no name that anyone is asked for; what is then bound or connected to it is judged there.
        return None if _is_local(arguments[0]) or arguments[0] in _ANY else str(arguments[0])
    if event not in _TO_AN_ADDRESS:
        return None
    sock, address = arguments
    family = getattr(sock, "family", None)
    if event == "socket.bind" and address == ("", 0):
        return None  # a client that wants any port, as paho does before each connect; the connect itself is judged
    if family in _WITHIN or (event == "socket.sendmsg" and address is None):
        return None
    if family in _INTERNET and isinstance(address, tuple) and address[0] and _is_local(address[0]):
        return None
    return str(address)


def _is_local(host: object) -> bool:
    """Whether a host is this machine; no name but localhost is, because asking for it may ask a server."""
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    text = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False
