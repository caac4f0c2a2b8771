"""`okng demo` as a newcomer starts it, watched from below: every connection of every process and its children."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.fakes.line import OKNG, ROOM

_ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
_LOOPBACK = re.compile(r"^(127\.|0\.0\.0\.0$|::1$|::$)")


def foreign_addresses(trace: str) -> set[str]:
    """Addresses outside this machine that system calls of a trace name."""
    found = {first or second for first, second in _ADDRESS.findall(trace)}
    return {address for address in found if not _LOOPBACK.match(address)}


def test_a_foreign_address_would_be_seen() -> None:
    line = 'connect(3, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("203.0.113.7")}, 16) = -1'
    assert foreign_addresses(line) == {"203.0.113.7"}
    assert foreign_addresses(line.replace("203.0.113.7", "127.0.0.1")) == set()


def test_headless_demo_passes_its_own_audit_and_stays_on_the_machine(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    watched = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg", "-o", str(trace)]
    command = [*watched, *OKNG, "demo", "--headless", "--seconds", "20", "--port", "0"]
    done = subprocess.run(command, cwd=ROOM, capture_output=True, text=True, timeout=180, check=False)
    print(done.stdout)  # noqa: T201 - the figures of this run
    # How soon it starts is the machine's matter too, which runs other tests beside this one, and all of it traced.
    failed = [line for line in done.stdout.splitlines() if "FAIL" in line]
    assert all("first verdict within" in line for line in failed), done.stdout + done.stderr
    assert done.returncode == bool(failed), done.stdout + done.stderr
    for finding in (
        "OK and NG seen",
        "ledger identity",
        "PLC: every verdict",
        "MQTT: every verdict",
        "nothing tried to leave the machine",
    ):
        assert re.search(rf"pass  {finding}", done.stdout), finding
    text = trace.read_text(errors="replace")
    assert "inet_addr" in text, "the trace saw the demo's own connections"
    assert foreign_addresses(text) == set()
