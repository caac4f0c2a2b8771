"""Whether a station runs on a state directory, asked without taking anything from it.

The lock is read in `/proc/locks` and never tried: a try would make a station that starts at that moment give up. What
the station says is heard on its live socket, as a page hears it.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from appliance.doctor.machine import Machine
from appliance.live import LiveDevice, LiveStatus, LiveVerdict, live_message
from appliance.state_dir import StateDir

_HEAR_S = 3.0
_MORE_S = 0.3
_MAX_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Word:
    """What the live socket said.

    `ready`: in any status that was heard, for a station is not ready while it takes a picture; `last`: the latest
    verdict with a picture; `garbled` counts unreadable lines; `forbidden`: this user may not listen.
    """

    status: LiveStatus | None = None
    ready: bool = False
    last: LiveVerdict | None = None
    garbled: int = 0
    forbidden: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """`holder`: the process with the lock, None where nobody holds it, 0 where it cannot be named or this user may not
    even look: what may be in use is left alone.

    `users`: every process that has the lock file open, as far as this user may see.
    """

    holder: int | None
    users: tuple[int, ...]
    word: Word

    @property
    def runs(self) -> bool:
        return self.holder is not None or self.word.status is not None

    def device(self, name: str) -> LiveDevice | None:
        """The station's word on a device; None when it does not run or says nothing."""
        devices = self.word.status.devices if self.word.status is not None else ()
        return next((device for device in devices if device.id == name), None)


def find_running(state: StateDir, machine: Machine) -> Running:
    users = _users(state.lock_file, machine)
    return Running(_holder(state.lock_file, users, machine), users, hear(state.socket))


def hear(path: Path, timeout_s: float = _HEAR_S) -> Word:
    """Listen until the station said that it is ready and its greeting is over, at most `timeout_s`."""
    word, data, deadline = Word(), b"", time.monotonic() + timeout_s
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(path))
            while (left_s := deadline - time.monotonic()) > 0 and len(data) < _MAX_BYTES:
                connection.settimeout(min(left_s, _MORE_S) if word.ready else left_s)
                chunk = connection.recv(65536)
                if not chunk:
                    break
                data += chunk
                word = _understand(data)
    except PermissionError:
        return Word(forbidden=True)
    except OSError:
        return word  # nobody there, or silent from here on: what was heard counts
    return word


def _understand(data: bytes) -> Word:
    status, ready, last, garbled = None, False, None, 0
    for line in data.split(b"\n")[:-1]:
        try:
            message = live_message.validate_json(line)
        except ValidationError:
            garbled += 1
            continue
        if isinstance(message, LiveStatus):
            status, ready = message, ready or message.ready
        elif isinstance(message, LiveVerdict) and message.picture:
            last = message
    return Word(status, ready, last, garbled)


def _holder(lock: Path, users: tuple[int, ...], machine: Machine) -> int | None:
    """Who holds the flock: `1: FLOCK ADVISORY WRITE 4711 fd:01:131 0 EOF`."""
    try:
        info = lock.stat()
    except PermissionError:
        return 0
    except OSError:
        return None
    place = f"{os.major(info.st_dev):02x}:{os.minor(info.st_dev):02x}:{info.st_ino}"
    for line in (machine.text("proc/locks") or "").splitlines():
        words = line.split()
        if len(words) <= 5 or words[1] != "FLOCK":
            continue
        # Some file systems (btrfs, overlay) show another device here than stat does; then the open file decides.
        same_inode = words[5].rpartition(":")[2] == str(info.st_ino)
        if words[5] == place or (same_inode and int(words[4]) in users):
            return max(0, int(words[4]))
    return None


def _users(lock: Path, machine: Machine) -> tuple[int, ...]:
    there = str(lock.resolve())
    return tuple(pid for pid in machine.processes() if there in (machine.open_paths(pid) or ()))
