"""Where a station keeps what must outlive it, and the lock that lets one station alone use it.

<state_dir>/station.db        journal and outbox
<state_dir>/audit.anchor      head of the audit trail
<state_dir>/pictures/         archive
<state_dir>/evidence/         what replays need, of NG, RECHECK, ERROR and audited parts
<state_dir>/packages/         copies of the packages that results name
<state_dir>/recipes/          recipes, every version, and which one is active
<state_dir>/certified/        what okng certify found, and the station's secret for its seals
<state_dir>/catalogue.jsonl   what was ever seen of the defect catalogue
<state_dir>/golden/           records of golden parts, sealed
<state_dir>/drift/            what the drift charts know, sealed
<state_dir>/engines/          engines that TensorRT built here
<state_dir>/run/station.sock  live events
<state_dir>/run/live/         the last pictures
<state_dir>/run/lock          held while a station runs
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from appliance.errors import NotThere

_MAX_SOCKET_PATH = 107


class StateDir:
    """The paths below a station's state directory; made where they are missing by `acquire`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.run = root / "run"
        self.live = self.run / "live"
        self.socket = self.run / "station.sock"
        self.pictures = root / "pictures"
        self.evidence = root / "evidence"
        self.packages = root / "packages"
        self.recipes = root / "recipes"
        self.journal = root / "station.db"
        self.certified = root / "certified"
        self.golden = root / "golden"
        self.drift = root / "drift"
        self.engines = root / "engines"
        self.catalogue = root / "catalogue.jsonl"
        self.lock_file = self.run / "lock"
        self._lock: int | None = None

    def acquire(self) -> None:
        """Make the directories and take the lock.

        Raises:
            NotThere: not writable, too long a path for a socket, or another station runs here.
        """
        if len(os.fsencode(self.socket)) > _MAX_SOCKET_PATH:
            raise NotThere(f"the path {self.socket} is too long for a socket; choose a shorter [station] state_dir")
        try:
            for folder in (self.live, self.pictures, self.evidence, self.packages):
                folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
        except OSError as error:
            raise NotThere(
                f"the state directory {self.root} cannot be written ({error.strerror}); "
                "make it writable or correct [station] state_dir"
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise NotThere(
                f"another station runs on {self.root}; stop it, or give this one a state_dir of its own"
            ) from error
        self._lock = lock

    def release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
