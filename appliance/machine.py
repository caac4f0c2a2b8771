"""What the kernel tells of this machine and of this process, read from its text files.

<sys>/class/thermal/thermal_zone*/temp                         thousandths of a degree Celsius
<sys>/devices/system/cpu/cpu*/thermal_throttle/*_throttle_count  how often a core was slowed down (Intel)
<sys>/devices/platform/soc/soc:firmware/get_throttled          bits, in hexadecimal (Raspberry Pi)
<proc>/self/statm, <proc>/self/status, <proc>/self/fd          memory, threads, open files
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import time
from pathlib import Path

from appliance.live_metrics import MachineFigures, ProcessFigures

_THROTTLED_NOW = 0b1111  # under-voltage, frequency capped, throttled, soft temperature limit
_LOWEST_C, _HIGHEST_C = -100.0, 250.0  # beyond these a sensor is broken or absent, not cold or hot
_MAX_ZONES = 32


class Machine:
    """`root` is where the disk's room is asked for. Every file may be missing: then its figure is None or left out."""

    def __init__(self, root: Path, *, sys: Path = Path("/sys"), proc: Path = Path("/proc")) -> None:
        self._root = root
        self._sys = sys
        self._self = proc / "self"

    def figures(self, clock_synchronized: bool) -> MachineFigures:
        """Never raises; a slow sensor may block it for some milliseconds."""
        disk_free, disk_size = self._disk()
        return MachineFigures(
            disk_free_bytes=disk_free,
            disk_bytes=disk_size,
            temperatures=self.temperatures(),
            throttled=self._throttled(),
            throttle_events=self._throttle_events(),
            clock_synchronized=clock_synchronized,
        )

    def process(self) -> ProcessFigures:
        """This process; CPU seconds of all its threads, in user and system mode."""
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return ProcessFigures(
            cpu_s=time.process_time(),
            resident_bytes=_field(_read(self._self / "statm"), r"\d+ (\d+)") * os.sysconf("SC_PAGE_SIZE"),
            threads=_field(_read(self._self / "status"), r"(?m)^Threads:\s*(\d+)"),
            open_files=_entries(self._self / "fd"),
            max_open_files=None if limit == resource.RLIM_INFINITY else limit,
        )

    def temperatures(self) -> dict[str, float]:
        """Degrees Celsius by zone, named `<kind>-<number>` as the kernel names and numbers it."""
        found = {}
        for zone in sorted(self._sys.glob("class/thermal/thermal_zone*"))[:_MAX_ZONES]:
            degrees = _number(_read(zone / "temp")) / 1000
            if _LOWEST_C <= degrees <= _HIGHEST_C:
                kind = re.sub(r"[^A-Za-z0-9_.-]", "_", _read(zone / "type").strip())[:32] or "zone"
                found[f"{kind}-{zone.name.removeprefix('thermal_zone')[:8]}"] = degrees
        return found

    def _throttled(self) -> bool | None:
        bits = _read(self._sys / "devices/platform/soc/soc:firmware/get_throttled").strip()
        return None if not re.fullmatch(r"(0x)?[0-9a-fA-F]{1,8}", bits) else bool(int(bits, 16) & _THROTTLED_NOW)

    def _throttle_events(self) -> int | None:
        counts = [
            int(text)
            for path in self._sys.glob("devices/system/cpu/cpu*/thermal_throttle/*_throttle_count")
            if (text := _read(path).strip()).isascii() and text.isdigit()
        ]
        return sum(counts) if counts else None

    def _disk(self) -> tuple[int | None, int | None]:
        try:
            usage = shutil.disk_usage(self._root)
        except OSError:
            return None, None
        return usage.free, usage.total


def _read(path: Path) -> str:
    """The file's text, empty when it is not there or the driver will not tell."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _number(text: str) -> float:
    return float(text) if re.fullmatch(r"\s*-?\d{1,9}\s*", text, re.ASCII) else float("nan")


def _field(text: str, pattern: str) -> int:
    found = re.match(pattern, text) or re.search(pattern, text)
    return int(found.group(1)) if found else 0


def _entries(folder: Path) -> int:
    try:
        return sum(1 for _ in folder.iterdir())
    except OSError:
        return 0
