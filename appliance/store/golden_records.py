"""The records of golden part sessions.

<state_dir>/golden/<id>.json    one session, sealed; ids sort by the time that they were begun

A session is on disk when it begins and again when it ends: one that was cut off is known to have been.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime, Field

from appliance.domain.golden import ExpectedPart, Judged, Moment, Plan, Session, Show
from appliance.domain.parts import RecipeKey
from appliance.errors import NotThere
from appliance.store.sealed_files import SealBroken, read_sealed, write_sealed
from appliance.store.station_key import StationKey
from models.decision import Outcome
from models.entry import Entry, Finite

_PURPOSE = "okng golden parts"
_KEPT = 1000

SessionOutcome = Literal["running", "passed", "failed", "aborted"]


class MomentEntry(Entry):
    utc: AwareDatetime
    monotonic_ns: int
    boot: str
    synchronized: bool

    @classmethod
    def of(cls, moment: Moment) -> Self:
        return cls(utc=moment.utc, monotonic_ns=moment.monotonic_ns, boot=moment.boot, synchronized=moment.synchronized)

    def moment(self) -> Moment:
        return Moment(self.utc, self.monotonic_ns, self.boot, self.synchronized)


class ShowEntry(Entry):
    """One show: `part` is None where the serial belonged to no golden part."""

    part: str | None
    part_serial: str | None
    expected: Outcome | None
    expected_class: str | None
    serial: str | None
    verdict: str
    outcome: Outcome
    reason: str
    labels: tuple[str, ...]
    score: Finite | None
    measures: dict[str, Finite]
    as_expected: bool

    @classmethod
    def of(cls, show: Show) -> Self:
        part, judged = show.part, show.judged
        return cls(
            part=part.name if part else None,
            part_serial=part.serial if part else None,
            expected=part.expected if part else None,
            expected_class=part.label if part else None,
            serial=judged.serial,
            verdict=judged.verdict_id,
            outcome=judged.outcome,
            reason=judged.reason,
            labels=judged.labels,
            score=judged.score,
            measures=dict(judged.measures),
            as_expected=show.as_expected,
        )

    def show(self) -> Show:
        judged = Judged(
            self.verdict, self.serial, self.outcome, self.reason, self.labels, self.score, dict(self.measures)
        )
        if self.part is None or self.expected is None:
            return Show(None, judged)
        return Show(ExpectedPart(self.part, self.part_serial, self.expected, self.expected_class), judged)


class RecipeEntry(Entry):
    id: str
    number: int
    version: str
    hash: str


class ModelEntry(Entry):
    package: str
    runtime: str


class BindingEntry(Entry):
    """What a session proves: this recipe, with these packages on these runtimes, on this processor and machine."""

    recipe: RecipeEntry
    models: tuple[ModelEntry, ...]
    instruction_set: str
    machine: str

    @classmethod
    def of(cls, recipe: RecipeKey, models: tuple[ModelEntry, ...], instruction_set: str, machine: str) -> Self:
        key = RecipeEntry(id=recipe.id, number=recipe.number, version=recipe.version, hash=recipe.hash)
        return cls(recipe=key, models=models, instruction_set=instruction_set, machine=machine)


class GoldenRecord(Entry):
    schema_version: Literal["okng-golden/1"] = "okng-golden/1"
    id: str = Field(pattern=r"^[0-9a-f-]{36}$")
    actor: str
    bound_to: BindingEntry
    begun: MomentEntry
    ended: MomentEntry | None
    outcome: SessionOutcome
    expires: AwareDatetime | None
    shows: tuple[ShowEntry, ...]

    @classmethod
    def of(cls, session: Session, plan: Plan, bound_to: BindingEntry) -> Self:
        outcome = outcome_of(session, plan)
        return cls(
            id=session.id,
            actor=session.actor,
            bound_to=bound_to,
            begun=MomentEntry.of(session.begun),
            ended=MomentEntry.of(session.ended) if session.ended else None,
            outcome=outcome,
            expires=_expires(session, plan.valid) if outcome == "passed" else None,
            shows=tuple(ShowEntry.of(show) for show in session.shows),
        )

    def session(self) -> Session:
        ended = self.ended.moment() if self.ended else None
        shows = tuple(show.show() for show in self.shows)
        return Session(self.id, self.actor, self.begun.moment(), shows, ended)


def outcome_of(session: Session, plan: Plan) -> SessionOutcome:
    if session.failed is not None:
        return "failed"
    if session.ended is None:
        return "running"
    return "aborted" if session.remaining(plan) else "passed"


def _expires(session: Session, valid: timedelta) -> AwareDatetime | None:
    return session.ended.utc + valid if session.ended else None


class GoldenRecords:
    """On disk, sealed by the station's key in `key_folder`."""

    def __init__(self, folder: Path, key: StationKey) -> None:
        self._folder = folder
        self._key = key

    def write(self, record: GoldenRecord) -> None:
        """Keep a record, and forget those beyond the last thousand.

        Raises:
            NotThere: it is not on disk.
        """
        try:
            write_sealed(self._folder / f"{record.id}.json", record, self._key, _PURPOSE)
            for path in self._paths()[:-_KEPT]:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise NotThere(
                f"the record of the golden parts in {self._folder} cannot be written ({error.strerror}); "
                "make it writable or free the disk"
            ) from error

    def last(self, bound_to: BindingEntry) -> GoldenRecord | None:
        """The last session that was begun under what the station runs now, or None.

        Raises:
            SealBroken: a record that may be it cannot be believed.
        """
        for path in reversed(self._paths()):
            record = read_sealed(path, GoldenRecord, self._key, _PURPOSE)
            if record.bound_to == bound_to:
                return record
        return None

    def all(self) -> Iterator[GoldenRecord | str]:
        """From the newest to the oldest; a sentence where a file cannot be believed."""
        for path in reversed(self._paths()):
            try:
                yield read_sealed(path, GoldenRecord, self._key, _PURPOSE)
            except SealBroken as error:
                yield str(error)

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9a-f]*.json"))
