"""Processors named by what their INT8 kernels use."""

from __future__ import annotations

import pytest

from models.instructions import instruction_set


@pytest.mark.parametrize(
    ("cpuinfo", "name"),
    [
        ("flags\t\t: fpu sse2 avx avx2 bmi2", "avx2"),
        ("flags : avx2 avx512f avx512_vnni", "avx512_vnni"),
        ("flags : avx2 avx512_vnni amx_int8", "amx_int8"),
        ("flags : avx2 avx_vnni", "avx_vnni"),
        ("Features\t: fp asimd evtstrm", "neon"),
        ("Features\t: fp asimd asimddp", "arm_dotprod"),
        ("Features\t: half thumb neon vfpv4", "neon"),
    ],
)
def test_the_widest_known_set_names_the_processor(cpuinfo: str, name: str) -> None:
    assert instruction_set(cpuinfo) == name


def test_a_model_name_is_no_flag_and_an_unknown_machine_still_has_a_name() -> None:
    found = instruction_set("model name : avx2 lookalike\nflags : fpu")
    assert found != "avx2" and found
