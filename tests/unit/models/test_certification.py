"""Which record or list makes a model certified here, and that nothing else does."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from models.artefact import ArtefactEntry
from models.certification import NoCertificates, Place, listed, read_record, sealed, why_not
from models.decision import Outcome
from models.errors import RecordError
from models.golden import Replay
from tests.fakes.certificates import NG, OK, PLACE, finding, replay

KEY = b"k" * 32
RECORD = sealed(finding(), KEY)


def test_a_passing_replay_certifies_its_place() -> None:
    read = read_record(RECORD.to_bytes(), KEY)
    assert (read.outcome, read.largest_deviation, read.place()) == ("passed", 0.004, PLACE)
    assert why_not(read, PLACE) is None


@pytest.mark.parametrize(
    "replays",
    [
        [replay(OK), replay(NG, Outcome.OK)],
        [replay(OK, Outcome.NG), replay(NG)],
        [replay(OK, Outcome.RECHECK), replay(NG)],
        [replay(OK), replay(NG, deviation=0.0051)],
        [replay(OK)],
        [replay(NG)],
    ],
    ids=["escape", "overkill", "recheck", "too far off", "nothing to stop", "nothing to let through"],
)
def test_a_replay_that_proves_too_little_is_refused(replays: list[Replay]) -> None:
    record = sealed(finding(*replays), KEY)
    assert record.outcome == "refused"
    assert why_not(record, PLACE) == "okng certify refused it on 2026-11-22T08:00:00Z"


@pytest.mark.parametrize(
    ("place", "says"),
    [
        (replace(PLACE, package="sha256:" + "cd" * 32), "for the package"),
        (
            replace(PLACE, runtime="openvino-gpu 2026.4.2"),
            "for the runtime openvino-gpu 2026.4.1, this is openvino-gpu",
        ),
        (replace(PLACE, runtime="openvino-cpu 2026.4.1"), "for the runtime"),
        (replace(PLACE, runtime="openvino-auto-gpu 2026.4.1"), "for the runtime"),
        (replace(PLACE, instruction_set="avx512_vnni"), "for the instruction set avx2, this is avx512_vnni"),
        (replace(PLACE, machine="AMD EPYC ba9876543210"), "for the machine"),
    ],
)
def test_a_record_holds_for_its_own_place_alone(place: Place, says: str) -> None:
    reason = why_not(RECORD, place)
    assert reason is not None
    assert says in reason


def altered(**changes: Any) -> bytes:
    return json.dumps(json.loads(RECORD.to_bytes()) | changes).encode()


FRAMES = json.loads(RECORD.to_bytes())["frames"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (altered(runtime="openvino-cpu 2026.4.1"), "changed, or written by another station"),
        (altered(machine="AMD EPYC ba9876543210"), "changed, or written by another station"),
        (altered(time="2027-01-01T00:00:00Z"), "changed, or written by another station"),
        (altered(seal="0" * 64), "changed, or written by another station"),
        (altered(outcome="refused"), "does not follow"),
        (altered(frames=[FRAMES[0], FRAMES[1] | {"outcome": "OK"}]), "does not follow"),
        (altered(frames=[FRAMES[0]]), "largest deviation"),
        (altered(largest_deviation=0.0), "largest deviation"),
        (altered(tolerance=0.0001), "does not follow"),
        (altered(tolerance=1.0), "tolerance"),
        (altered(frames=[]), "frames"),
        (altered(schema_version="okng-certified/2"), "schema_version"),
        (altered(remark="trust me"), "remark"),
        (altered(package="sha256:0"), "package"),
        (b"", "no valid JSON"),
        (b"\xff", "no valid JSON"),
        (b"[" * 100_000, "no valid JSON"),
        (RECORD.to_bytes()[:-2] + b', "seal": ""}', "twice"),
        (b"[]", "wrong at its content"),
    ],
)
def test_what_is_not_our_record_never_counts(content: bytes, says: str) -> None:
    with pytest.raises(RecordError, match=says):
        read_record(content, KEY)


def test_another_stations_record_never_counts() -> None:
    with pytest.raises(RecordError, match="another station"):
        read_record(RECORD.to_bytes(), b"K" * 32)


def artefact(**certified: tuple[str, ...]) -> ArtefactEntry:
    return ArtefactEntry.model_validate(
        {
            "file": "model.onnx",
            "format": "onnx",
            "quantization": "int8 QDQ U8S8 per-channel reduce_range",
            "certified": certified,
        }
    )


@pytest.mark.parametrize(
    ("label", "instruction_set", "expected"),
    [
        ("openvino-cpu 2026.4.1", "avx2", True),
        ("openvino-cpu 2027.1.0", "avx2", True),
        ("openvino-cpu 2026.4.1", "avx512_vnni", False),
        ("openvino-gpu 2026.4.1", "avx2", False),
        ("openvino-npu 2026.4.1", "avx2", False),
        ("openvino-auto-cpu 2026.4.1", "avx2", False),
        ("openvino-cpux 2026.4.1", "avx2", False),
    ],
)
def test_the_package_speaks_for_the_cpu_of_its_runtimes_alone(label: str, instruction_set: str, expected: bool) -> None:
    place = replace(PLACE, runtime=label, instruction_set=instruction_set)
    assert listed(artefact(openvino=("avx2", "neon")), "openvino", place) is expected
    assert not listed(artefact(onnxruntime=("avx2",)), "openvino", place)


@pytest.mark.parametrize(
    "label", ["onnxruntime-tensorrt 1.20.0", "onnxruntime-tensorrt+cuda 1.20.0", "onnxruntime-cuda 1"]
)
def test_the_package_never_speaks_for_nvidias_providers(label: str) -> None:
    assert not listed(artefact(onnxruntime=("avx2", "neon")), "onnxruntime", replace(PLACE, runtime=label))


def test_without_a_station_nothing_but_the_package_speaks() -> None:
    assert NoCertificates().why_not(PLACE) == "the package does not list openvino-gpu on avx2"
