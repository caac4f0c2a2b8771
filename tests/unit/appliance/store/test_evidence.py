"""Evidence: it comes back to the last bit, or it is said that somebody was at it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from appliance.store import evidence as evidence_module
from appliance.store.evidence import EvidenceBroken, find_evidence, id_of, packages_named, read_evidence
from appliance.store.shelves import Kind, Store
from models.decision import Outcome
from tests.fakes.evidence import KEY, PACKAGE, make_evidence, make_shelves, make_store

TODAY = date(2026, 1, 1)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    assert make_store(tmp_path).keep(make_evidence(views=2), TODAY)
    (found,) = find_evidence(tmp_path / "evidence")
    return found


def rewrite(record: Path, change: Callable[[dict[str, Any]], None], *, hashed: bool) -> None:
    """Change a record; `hashed`: by somebody who knows how its own hash is made, and has no key."""
    told = json.loads(record.read_bytes())
    digest, seal = told.pop("sha256"), told.pop("seal")
    change(told)
    if hashed:
        plain = json.dumps(told, ensure_ascii=False, sort_keys=True, allow_nan=False).encode()
        digest = hashlib.sha256(plain).hexdigest()
    record.write_text(json.dumps(told | {"sha256": digest, "seal": seal}))


def test_it_comes_back_to_the_last_bit(record: Path) -> None:
    stored, back = make_evidence(views=2), read_evidence(record, KEY)
    (before,), (after,) = stored.looks, back.looks
    assert after.prepared.inputs.tobytes() == before.prepared.inputs.tobytes()
    assert after.prepared.inputs.shape == (2, 16, 24, 3)
    assert not after.prepared.inputs.flags.writeable
    assert after.prepared.quality.thumbnail.tobytes() == before.prepared.quality.thumbnail.tobytes()
    assert [after.score, after.raw] == [0.1 + 0.2, 1 / 3]
    assert (after.judge, after.decision, after.map_sha256) == (before.judge, before.decision, before.map_sha256)
    assert (back.verdict, back.taken, back.audit) == (stored.verdict, stored.taken, stored.audit)
    assert id_of(record) == "019b0001"


def test_it_is_counted_and_marks_its_package(tmp_path: Path) -> None:
    shelves = make_shelves(tmp_path)
    store = make_store(tmp_path, shelves)
    assert store.keep(make_evidence("019b0002", Outcome.OK, drawn=True), TODAY)
    assert store.keep(make_evidence("019b0001"), TODAY)
    assert [path.stem for path in find_evidence(tmp_path / "evidence")] == ["NG-019b0001", "audited-OK-019b0002"]
    on_disk = sum(path.stat().st_size for path in (tmp_path / "evidence").glob("*/*"))
    assert shelves.bytes_of(Store.EVIDENCE) == on_disk == make_shelves(tmp_path).bytes_of(Store.EVIDENCE)
    assert packages_named(tmp_path / "evidence") == {PACKAGE}


@pytest.mark.parametrize(
    ("outcome", "drawn", "kind"),
    [
        (Outcome.NG, False, Kind.NG_EVIDENCE),
        (Outcome.RECHECK, False, Kind.RECHECK_EVIDENCE),
        (Outcome.ERROR, False, Kind.ERROR_EVIDENCE),
        (Outcome.OK, True, Kind.AUDITED_EVIDENCE),
        (Outcome.NG, True, Kind.AUDITED_EVIDENCE),
    ],
)
def test_what_was_drawn_for_the_audit_is_a_class_of_its_own(outcome: Outcome, drawn: bool, kind: Kind) -> None:
    assert make_evidence(outcome=outcome, drawn=drawn).kind is kind


def flip(picture: Path) -> None:
    pixels = cv2.imread(str(picture), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    pixels[0, 0, 0] ^= 1
    cv2.imwrite(str(picture), pixels)


@pytest.mark.parametrize("number", [0, 1])
def test_a_single_bit_of_a_pixel_is_found(record: Path, number: int) -> None:
    flip(record.with_name(f"{record.stem}.{number}.png"))
    with pytest.raises(EvidenceBroken, match=r"NG-019b0001\.\d\.png is not the picture that was stored"):
        read_evidence(record, KEY)


def test_swapped_pictures_are_found(record: Path) -> None:
    first, second = (record.with_name(f"{record.stem}.{number}.png") for number in (0, 1))
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    with pytest.raises(EvidenceBroken, match="is not the picture"):
        read_evidence(record, KEY)


def test_a_picture_that_is_gone_is_found(record: Path) -> None:
    record.with_name(f"{record.stem}.1.png").unlink()
    with pytest.raises(EvidenceBroken, match="cannot be read"):
        read_evidence(record, KEY)


def other_score(told: dict[str, Any]) -> None:
    told["looks"][0]["look"]["score"] = np.nextafter(told["looks"][0]["look"]["score"], 1.0)


def other_package(told: dict[str, Any]) -> None:
    told["looks"][0]["look"]["judge"]["package"] = "sha256:" + "b" * 64


def other_outcome(told: dict[str, Any]) -> None:
    told["verdict"]["outcome"] = "RECHECK"


@pytest.mark.parametrize("change", [other_score, other_package, other_outcome])
@pytest.mark.parametrize(("hashed", "said"), [(False, "hash that it names"), (True, "seal does not fit")])
def test_the_last_digit_of_a_float_or_any_word_is_found(
    record: Path, change: Callable[[dict[str, Any]], None], hashed: bool, said: str
) -> None:
    rewrite(record, change, hashed=hashed)
    with pytest.raises(EvidenceBroken, match=said):
        read_evidence(record, KEY)


def test_without_the_key_hashes_are_checked_all_the_same(record: Path) -> None:
    assert read_evidence(record, None).verdict.id == "019b0001"
    rewrite(record, other_score, hashed=False)
    with pytest.raises(EvidenceBroken, match="hash"):
        read_evidence(record, None)


def test_another_station_s_record_is_none_of_ours(record: Path) -> None:
    with pytest.raises(EvidenceBroken, match="another station"):
        read_evidence(record, b"x" * 32)


def test_a_record_under_another_name_is_found(record: Path) -> None:
    other = record.with_name("OK-019b0009.json")
    other.write_bytes(record.read_bytes())
    with pytest.raises(EvidenceBroken, match="somebody renamed it"):
        read_evidence(other, KEY)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"schema_version": "okng-evidence/2"}'])
def test_what_is_no_record_is_said_so(record: Path, content: bytes) -> None:
    record.write_bytes(content)
    with pytest.raises(EvidenceBroken):
        read_evidence(record, KEY)


def test_a_record_of_a_later_version_is_said_so(record: Path) -> None:
    told = json.loads(record.read_bytes())
    for name in ("sha256", "seal"):
        told.pop(name)
    told["verdict"]["mood"] = "bad"
    digest = evidence_module._digest(told)
    record.write_text(json.dumps(told | {"sha256": digest, "seal": ""}))
    with pytest.raises(EvidenceBroken, match="another version"):
        read_evidence(record, None)


def test_where_there_is_no_room_nothing_is_written(tmp_path: Path) -> None:
    store = make_store(tmp_path, make_shelves(tmp_path, quota_bytes=10))
    assert not store.keep(make_evidence(), TODAY)
    assert list((tmp_path / "evidence").glob("*/*")) == []


def test_what_the_disk_does_not_take_whole_is_gone_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelves = make_shelves(tmp_path)

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(evidence_module, "write_atomically", full)
    with pytest.raises(OSError, match="No space"):
        make_store(tmp_path, shelves).keep(make_evidence(views=3), TODAY)
    assert list((tmp_path / "evidence").glob("*/NG-*")) == []
    assert shelves.bytes_of(Store.EVIDENCE) == 0


def test_evidence_of_a_picture_that_no_model_saw_has_no_pictures(tmp_path: Path) -> None:
    assert make_store(tmp_path).keep(replace(make_evidence(outcome=Outcome.ERROR), looks=()), TODAY)
    (record,) = find_evidence(tmp_path / "evidence")
    assert read_evidence(record, KEY).looks == ()
