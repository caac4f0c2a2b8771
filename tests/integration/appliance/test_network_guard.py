"""The guard lasts as long as its process, so each case is one of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PREAMBLE = """
import socket, sys
from pathlib import Path
from appliance import network_guard
network_guard.install(Path(sys.argv[1]))
tcp, tcp6 = socket.socket(), socket.socket(socket.AF_INET6)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
"""
LEAVING = {
    "socket.connect": "tcp.connect(('192.0.2.1', 80))",
    "socket.connect 6": "tcp6.connect(('2001:db8::1', 80))",
    "socket.connect mapped": "tcp6.connect(('::ffff:192.0.2.1', 80))",
    "socket.connect ex": "tcp.connect_ex(('192.0.2.1', 80))",
    "socket.sendto": "udp.sendto(b'x', ('192.0.2.1', 53))",
    "socket.sendmsg": "udp.sendmsg([b'x'], [], 0, ('192.0.2.1', 53))",
    "socket.getaddrinfo": "socket.getaddrinfo('example.org', 80)",
    "socket.getaddrinfo create": "socket.create_connection(('example.org', 80))",
    "socket.gethostbyname": "socket.gethostbyname('example.org')",
    "socket.gethostbyaddr": "socket.gethostbyaddr('192.0.2.1')",
    "socket.bind": "tcp.bind(('0.0.0.0', 0))",
    "socket.bind any": "tcp.bind(('', 47_808))",
    "socket.bind 6": "tcp6.bind(('::', 0))",
}
STAYING = """
tcp.bind(('127.0.0.1', 0)); tcp.listen()
socket.create_connection(('localhost', tcp.getsockname()[1])).sendall(b'x')
udp.sendto(b'x', ('127.0.0.2', 9))
tcp6.bind(('::1', 0))
socket.socket().bind(('', 0))
a, b = socket.socketpair(); a.sendall(b'x'); a.sendmsg([b'x'])
unix = socket.socket(socket.AF_UNIX); unix.bind(sys.argv[1] + '.sock')
socket.getaddrinfo(None, 80); socket.getaddrinfo('127.0.0.1', 80)
print('through')
"""


def guarded(code: str, log: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PREAMBLE + code, str(log)], capture_output=True, text=True, timeout=30.0, check=False
    )


@pytest.mark.parametrize("name", LEAVING)
def test_what_would_leave_the_machine_is_refused_and_written_down(name: str, tmp_path: Path) -> None:
    done = guarded(LEAVING[name], tmp_path / "log")
    assert "PermissionError" in done.stderr
    assert "may not leave the machine" in done.stderr
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["event"] for line in lines] == [name.split()[0]]
    assert lines[0]["pid"] > 0
    assert lines[0]["address"]


def test_what_stays_on_the_machine_goes_through(tmp_path: Path) -> None:
    done = guarded(STAYING, tmp_path / "log")
    assert (done.stdout, done.stderr) == ("through\n", "")
    assert (tmp_path / "log").read_text() == ""


def test_an_attempt_that_was_caught_is_written_down_all_the_same(tmp_path: Path) -> None:
    quiet = "\ntry:\n    tcp.connect(('192.0.2.1', 80))\nexcept OSError:\n    print('hushed')\n"
    assert guarded(quiet, tmp_path / "log").stdout == "hushed\n"
    assert "192.0.2.1" in (tmp_path / "log").read_text()
