"""Records on disk: found again, replaced, removed, and never believed when anything about them is odd."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.errors import NotThere
from appliance.store.certified import CertifiedRecords
from models.decision import Outcome
from tests.fakes.certificates import NG, OK, PLACE, finding, replay


@pytest.fixture
def records(tmp_path: Path) -> CertifiedRecords:
    return CertifiedRecords(tmp_path / "state" / "certified")


def test_what_passed_certifies_until_it_is_removed(records: CertifiedRecords) -> None:
    assert "nor was it certified here" in str(records.why_not(PLACE))
    path = records.write(finding())
    assert path.name == f"{'ab' * 32}.json"
    assert records.why_not(PLACE) is None
    assert "nor was it certified here" in str(records.why_not(replace(PLACE, package="sha256:" + "cd" * 32)))
    records.remove(PLACE.package)
    assert "nor was it certified here" in str(records.why_not(PLACE))
    records.remove(PLACE.package)


def test_a_refusal_takes_the_place_of_an_earlier_pass(records: CertifiedRecords) -> None:
    records.write(finding())
    records.write(finding(replay(OK), replay(NG, Outcome.OK)))
    assert "okng certify refused it" in str(records.why_not(PLACE))


def test_an_update_of_the_runtime_voids_the_record(records: CertifiedRecords) -> None:
    records.write(finding())
    updated = replace(PLACE, runtime="openvino-gpu 2026.5.0")
    assert "the record is for the runtime openvino-gpu 2026.4.1" in str(records.why_not(updated))


def test_the_key_is_the_stations_alone(records: CertifiedRecords, tmp_path: Path) -> None:
    path = records.write(finding())
    key = path.parent / "key"
    assert (key.stat().st_mode & 0o777, len(key.read_bytes())) == (0o600, 32)
    first = key.read_bytes()
    records.write(finding())
    assert key.read_bytes() == first
    other = CertifiedRecords(tmp_path / "other" / "certified")
    (other.write(finding())).write_bytes(path.read_bytes())
    assert "written by another station" in str(other.why_not(PLACE))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_damaged_key_voids_the_records_until_the_next_certification(records: CertifiedRecords, length: int) -> None:
    path = records.write(finding())
    (path.parent / "key").write_bytes(b"k" * length)
    assert "is damaged" in str(records.why_not(PLACE))
    records.write(finding())
    assert records.why_not(PLACE) is None


def test_an_edited_record_does_not_count(records: CertifiedRecords) -> None:
    path = records.write(finding())
    path.write_text(path.read_text().replace("2026.4.1", "2026.4.2"))
    assert "changed" in str(records.why_not(replace(PLACE, runtime="openvino-gpu 2026.4.2")))


def test_a_record_that_is_no_plain_file_does_not_count(records: CertifiedRecords, tmp_path: Path) -> None:
    path = records.write(finding())
    path.rename(tmp_path / "moved.json")
    path.symlink_to(tmp_path / "moved.json")
    assert "cannot be read" in str(records.why_not(PLACE))
    path.unlink()
    path.mkdir()
    assert "cannot be read" in str(records.why_not(PLACE))
    path.rmdir()
    os.mkfifo(path)
    assert "no valid JSON" in str(records.why_not(PLACE))


def test_a_record_without_end_is_not_read_to_its_end(records: CertifiedRecords) -> None:
    path = records.write(finding())
    with path.open("r+b") as file:
        file.truncate(1 << 33)
    assert "no valid JSON" in str(records.why_not(PLACE))


def test_a_folder_that_cannot_be_written_has_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "certified").write_text("")
    with pytest.raises(NotThere, match="run okng certify as the station's user"):
        CertifiedRecords(tmp_path / "certified").write(finding())
    with pytest.raises(NotThere, match="run okng certify as the station's user"):
        CertifiedRecords(tmp_path / "certified").remove(PLACE.package)
