"""When a model may set Pass on a machine: listed by its package, or proven here by a replay of its golden frames.

The package's list speaks for the engine and device that packages are proven on, `<runtime>-cpu`, on the instruction
sets it names. Everything else (GPU, NPU, TensorRT, tflite_runtime, another instruction set) needs a record that
`okng certify` wrote on the very machine: it holds for one package, one runtime label with its version and device, one
instruction set and one machine, and carries a seal of the station's own key, so that neither a copied nor an edited one
counts.

A record is a statement of the past; the golden frames are replayed at every start all the same. What neither can see is
an update of the driver of OpenVINO's GPU or NPU between two starts that keeps the frames within their tolerance.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import Field, ValidationError, model_validator

from models.artefact import ArtefactEntry
from models.decision import Outcome
from models.entry import Entry, FileName, Finite, Unit, json_bytes, strict_json
from models.errors import RecordError
from models.golden import Replay

_Text = Field(min_length=1, max_length=300)
_Result = Literal["passed", "refused"]


@dataclass(frozen=True, slots=True)
class Place:
    """What a certification is bound to; `package` is "sha256:<hex>", `runtime` a label such as "tflite-cpu 2.3.0"."""

    package: str
    runtime: str
    instruction_set: str
    machine: str


class Certificates(Protocol):
    """Where a station keeps its records."""

    def why_not(self, place: Place) -> str | None:
        """None where a record certifies this place, else the reason why none does; blocks for a file's reading."""


class NoCertificates:
    """For whoever has no station at hand."""

    def why_not(self, place: Place) -> str | None:
        return f"the package does not list {place.runtime.split(' ')[0]} on {place.instruction_set}"


class FrameResult(Entry):
    """A golden frame: what was expected and what came out here."""

    file: FileName
    expected: Outcome
    outcome: Outcome
    expected_score: Unit
    score: Unit
    deviation: Finite = Field(ge=0.0)
    expected_label: str = ""
    label: str = ""

    def agrees(self, tolerance: float) -> bool:
        same = self.outcome is self.expected and self.label == self.expected_label
        return same and self.deviation <= tolerance


class Finding(Entry):
    """What one replay of all golden frames found; `time` is UTC, "YYYY-MM-DDThh:mm:ssZ"."""

    schema_version: Literal["okng-certified/1"]
    package: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    runtime: str = _Text
    instruction_set: str = _Text
    machine: str = _Text
    time: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")
    frames: tuple[FrameResult, ...] = Field(min_length=1, max_length=1000)
    tolerance: float = Field(gt=0.0, le=0.1, allow_inf_nan=False)
    largest_deviation: Finite
    outcome: _Result

    @model_validator(mode="after")
    def _follows_from_frames(self) -> Finding:
        if self.largest_deviation != max(frame.deviation for frame in self.frames):
            raise ValueError("the largest deviation is none of its frames'")
        if self.outcome != _result(self.frames, self.tolerance):
            raise ValueError("the outcome does not follow from the frames")
        return self

    def place(self) -> Place:
        return Place(self.package, self.runtime, self.instruction_set, self.machine)


class Record(Finding):
    """A finding with the seal of the station that made it."""

    seal: str = Field(pattern=r"^[0-9a-f]{64}$")

    def to_bytes(self) -> bytes:
        return json_bytes(self)


def find(place: Place, replays: Sequence[Replay], tolerance: float, time: str) -> Finding:
    """The finding of a replay."""
    frames = tuple(
        FrameResult(
            file=replay.file,
            expected=replay.expected.outcome,
            outcome=replay.outcome,
            expected_score=replay.expected.score,
            score=replay.score,
            deviation=replay.deviation,
            expected_label=replay.expected.label,
            label=replay.label,
        )
        for replay in replays
    )
    return Finding(
        schema_version="okng-certified/1",
        package=place.package,
        runtime=place.runtime,
        instruction_set=place.instruction_set,
        machine=place.machine,
        time=time,
        frames=frames,
        tolerance=tolerance,
        largest_deviation=max(frame.deviation for frame in frames),
        outcome=_result(frames, tolerance),
    )


def _result(frames: Sequence[FrameResult], tolerance: float) -> _Result:
    """Passed: every frame agrees, and among them are parts to let through and parts to stop.

    A classifier lets none through: among its frames, which all have a label, are parts of two classes.
    """
    agree = all(frame.agrees(tolerance) for frame in frames)
    tells = {Outcome.OK, Outcome.NG} <= {frame.expected for frame in frames}
    if all(frame.expected_label for frame in frames):
        tells = len({frame.expected_label for frame in frames if frame.expected is Outcome.NG}) > 1
    return "passed" if agree and tells else "refused"


def sealed(finding: Finding, key: bytes) -> Record:
    """The finding as a record of the station whose secret is `key`."""
    return Record.model_validate({**finding.model_dump(), "seal": _seal(finding, key)})


def read_record(content: bytes, key: bytes) -> Record:
    """A record that this station wrote.

    Raises:
        RecordError: it is none, or was changed, or is another station's.
    """
    try:
        strict_json(content)
        record = Record.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "its content"
        raise RecordError(f"the record is wrong at {where} ({first['msg']})") from error
    except ValueError as error:
        raise RecordError(f"the record is no valid JSON ({error})") from error
    finding = Finding.model_validate(record.model_dump(exclude={"seal"}))
    if not hmac.compare_digest(record.seal, _seal(finding, key)):
        raise RecordError("the record was changed, or written by another station")
    return record


def why_not(record: Record, place: Place) -> str | None:
    """None where the record certifies the place, else the first reason why it does not."""
    if record.outcome != "passed":
        return f"okng certify refused it on {record.time}"
    certified = record.place()
    for name, then, now in (
        ("package", certified.package, place.package),
        ("runtime", certified.runtime, place.runtime),
        ("instruction set", certified.instruction_set, place.instruction_set),
        ("machine", certified.machine, place.machine),
    ):
        if then != now:
            return f"the record is for the {name} {then}, this is {now}"
    return None


def listed(artefact: ArtefactEntry, runtime: str, place: Place) -> bool:
    """Whether the package's own list certifies the place; `runtime` is the family whose list is asked."""
    sets = {str(name): found for name, found in artefact.certified.items()}.get(runtime, ())
    return place.runtime.split(" ")[0] == f"{runtime}-cpu" and place.instruction_set in sets


def _seal(finding: Finding, key: bytes) -> str:
    return hmac.new(key, json_bytes(finding), "sha256").hexdigest()
