"""The machine under the station, as far as the doctor asks it: files of the kernel, commands, time, the user.

Everything stands behind `root` or is handed in, so that a test can hold up a machine that is ill.
"""

from __future__ import annotations

import os
import pwd
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from appliance.clock import SystemClock
from models.runtimes.choose import ENGINES

_COMMAND_S = 5.0


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered; `code` is None when it is not there or did not end in time."""

    code: int | None
    text: str


def run_command(words: Sequence[str]) -> Said:
    """Run a fixed command of the system and wait at most 5 s; never a shell."""
    try:
        done = subprocess.run(
            list(words), capture_output=True, text=True, timeout=_COMMAND_S, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        return Said(None, str(error))
    return Said(done.returncode, done.stdout)


@dataclass(frozen=True, slots=True)
class User:
    """Who would use a device or a file: the running station's process, or whoever asks the doctor."""

    uid: int
    groups: frozenset[int]

    @property
    def name(self) -> str:
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)

    def may(self, bits: int, info: os.stat_result) -> bool:
        """Whether the mode allows `bits` (4 read, 2 write, 1 search), as the kernel decides it for this user."""
        if self.uid == 0:
            return True
        shift = 6 if info.st_uid == self.uid else 3 if info.st_gid in self.groups else 0
        return (info.st_mode >> shift) & bits == bits


def this_user() -> User:
    return User(os.geteuid(), frozenset({os.getegid(), *os.getgroups()}))


def importable_engines() -> tuple[str, ...]:
    """Engines whose library is installed, fastest first; whether it works, the self-test shows."""
    return tuple(name for name, engine in ENGINES.items() if any(find_spec(module) for module in engine.modules))


@dataclass(frozen=True, slots=True)
class Machine:
    """`root` leads to proc, sys and etc; `wait` lets seconds pass between two readings of a counter.

    `interpreter` runs the package's self-test; `shell` is who asked, whose priority a station started there would have.
    """

    root: Path = Path("/")
    command: Callable[[Sequence[str]], Said] = run_command
    wait: Callable[[float], None] = time.sleep
    utc: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock_state: Callable[[], int] = field(default_factory=lambda: SystemClock().kernel_state)
    monotonic: Callable[[], float] = time.monotonic
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    user: User = field(default_factory=this_user)
    open_files: Callable[[], tuple[int, int]] = lambda: resource.getrlimit(resource.RLIMIT_NOFILE)
    disk: Callable[[Path], os.statvfs_result] = os.statvfs
    runtimes: Callable[[], tuple[str, ...]] = importable_engines
    interpreter: str = sys.executable
    shell: int = field(default_factory=os.getppid)

    def text(self, name: str) -> str | None:
        """The content of a small file of the kernel, None where it is not there or will not be read."""
        try:
            return (self.root / name).read_text(encoding="utf-8", errors="replace").strip("\0\n ")
        except OSError:
            return None

    def number(self, name: str) -> int | None:
        text = self.text(name)
        return int(text) if text is not None and text.lstrip("-").isdecimal() else None

    def paths(self, pattern: str) -> list[str]:
        """Names below `root` that fit a pattern, in order."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.glob(pattern))

    def processes(self) -> list[int]:
        return sorted(int(Path(name).name) for name in self.paths("proc/[0-9]*"))

    def command_line(self, pid: int) -> list[str]:
        return [word for word in (self.text(f"proc/{pid}/cmdline") or "").split("\0") if word]

    def open_paths(self, pid: int) -> list[str] | None:
        """What a process has open, None where this user may not see it."""
        found = []
        try:
            for entry in (self.root / "proc" / str(pid) / "fd").iterdir():
                found.append(_link(entry))
        except OSError:
            return None
        return [path for path in found if path]


def _link(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:
        return ""  # closed while we looked
