"""Every check of `okng doctor` is shown the faults it is there for. A check without a fault fails the last test.

Real brokers, pseudo terminals, packages, processes and file systems; a kernel's facts (proc, sys) are a tree on disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.doctor.check import State
from appliance.doctor.registry import CHECKS
from tests.fakes.illness import disk, machine, proof, station, wires
from tests.fakes.illness.table import FAULTS, Fault
from tests.fakes.ward import Ward

FILLED_BY = (disk, machine, proof, station, wires)
ROWS = [(check, *row) for check, rows in FAULTS.items() for row in rows]


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    made = Ward(tmp_path)
    with made.leaving:
        yield made


@pytest.mark.parametrize(("check", "make", "state", "says"), ROWS, ids=[f"{row[0]}-{row[1].__name__}" for row in ROWS])
def test_a_fault_is_found_and_has_a_remedy(ward: Ward, check: str, make: Fault, state: State, says: str) -> None:
    make(ward)
    finding = ward.finding(check)
    assert finding.state == state, finding
    assert says in f"{finding.found.en} {finding.remedy.en}", finding
    for text in (finding.found, finding.remedy):
        assert text.en
        assert text.zh
        assert "\n" not in text.en + text.zh
    assert any(ord(letter) > 0x3000 for letter in finding.remedy.zh), "the remedy is in Chinese too"


def test_every_check_has_a_fault_that_is_found() -> None:
    assert set(FAULTS) == {check.id for check in CHECKS}
    assert len({check.id for check in CHECKS}) == len(CHECKS)
