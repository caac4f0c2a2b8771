"""What this machine is: its processor's instruction set in the words a package uses, and a name for records.

INT8 kernels differ by instruction set (AVX2 without VNNI saturates 16-bit accumulators), so a package names the ones it
was certified on.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_MACHINE_ID = Path("/etc/machine-id")
# Best first: a processor is named for the widest set its INT8 kernels use.
_X86 = (("amx_int8", "amx_int8"), ("avx512_vnni", "avx512_vnni"), ("avx_vnni", "avx_vnni"), ("avx2", "avx2"))
_ARM = (("i8mm", "arm_i8mm"), ("asimddp", "arm_dotprod"), ("asimd", "neon"), ("neon", "neon"))


def instruction_set(cpuinfo: str | None = None) -> str:
    """The name of the widest known set, or the machine's architecture where none is known."""
    flags: set[str] = set()
    for key, value in _entries(cpuinfo):
        if key in ("flags", "features"):
            flags |= set(value.split())
    for flag, name in _X86 + _ARM:
        if flag in flags:
            return name
    return platform.machine().lower() or "unknown"


def machine_name(cpuinfo: str | None = None, machine_id: str | None = None) -> str:
    """Processor and a hash of the system's id, such as "AMD EPYC 3f2a9c0b7d1e"; the id itself is nobody's business."""
    if machine_id is None:
        machine_id = _MACHINE_ID.read_text() if _MACHINE_ID.exists() else ""
    models = [value for key, value in _entries(cpuinfo) if key in ("model name", "model", "hardware") and value]
    processor = max(models, key=len, default=platform.machine() or "unknown")
    digest = hashlib.sha256(f"okng {machine_id.strip()}".encode()).hexdigest()
    return f"{processor[:200]} {digest[:12]}"


def _entries(cpuinfo: str | None) -> Iterator[tuple[str, str]]:
    if cpuinfo is None:
        cpuinfo = _CPUINFO.read_text() if _CPUINFO.exists() else ""
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        yield key.strip().lower(), value.strip()
