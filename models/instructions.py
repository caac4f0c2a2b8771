"""Which instruction set this processor offers to a quantized network, in the words a package uses.

INT8 kernels differ by instruction set (AVX2 without VNNI saturates 16-bit accumulators), so a package names the ones it
was certified on.
"""

from __future__ import annotations

import platform
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
# Best first: a processor is named for the widest set its INT8 kernels use.
_X86 = (("amx_int8", "amx_int8"), ("avx512_vnni", "avx512_vnni"), ("avx_vnni", "avx_vnni"), ("avx2", "avx2"))
_ARM = (("i8mm", "arm_i8mm"), ("asimddp", "arm_dotprod"), ("asimd", "neon"), ("neon", "neon"))


def instruction_set(cpuinfo: str | None = None) -> str:
    """The name of the widest known set, or the machine's architecture where none is known."""
    if cpuinfo is None:
        cpuinfo = _CPUINFO.read_text() if _CPUINFO.exists() else ""
    flags: set[str] = set()
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() in ("flags", "features"):
            flags |= set(value.split())
    for flag, name in _X86 + _ARM:
        if flag in flags:
            return name
    return platform.machine().lower() or "unknown"
