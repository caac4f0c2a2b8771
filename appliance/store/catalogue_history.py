"""What this station ever saw of its defect catalogue, so that a row that was changed or taken out is noticed.

<state_dir>/catalogue.jsonl     a line for each row when it is first seen, and whenever its words change

Every line names the hash of the one before: a line that is changed, taken out or put in between breaks the chain. Only
cutting off the end goes unnoticed; the rows that were cut off are then seen anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from appliance.errors import NotThere
from models.catalogue import CatalogueRow, DefectCatalogue
from models.decision import DefectClass, Severity
from models.durable import write_atomically
from models.errors import CatalogueError

_FIRST = 64 * "0"


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    utc: datetime
    code: int = Field(ge=1, le=65_535)
    label: str
    name_en: str
    name_zh: str
    severity: Severity
    retired: bool
    previous: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def row(self) -> CatalogueRow:
        return CatalogueRow(DefectClass(self.label, self.code, self.name_en, self.name_zh, self.severity), self.retired)


class CatalogueHistory:
    """Read by anyone, written under a lock."""

    def __init__(self, path: Path, utc: Callable[[], datetime]) -> None:
        self._path = path
        self._utc = utc

    def known(self) -> tuple[DefectClass, ...]:
        """Every label with its code that was ever seen, in the order of their first time, with the last words.

        Raises:
            CatalogueError: the history itself was changed.
            NotThere: it cannot be read.
        """
        lines, _ = self._read()
        last = {(line.label, line.code): line.row.defect for line in lines}
        return tuple(last.values())

    def learn(self, catalogue: DefectCatalogue) -> int:
        """Add what is new or says something else; returns how many lines that were. On disk when this returns.

        Raises:
            CatalogueError: the history itself was changed.
            NotThere: it cannot be read or written.
        """
        try:
            with self._locked():
                return self._learn(catalogue)
        except OSError as error:
            raise NotThere(
                f"what is known of the defect catalogue cannot be written to {self._path} ({error.strerror}); make it "
                "writable or correct [station] state_dir"
            ) from error

    def _learn(self, catalogue: DefectCatalogue) -> int:
        lines, content = self._read()
        last = {line.label: line.row for line in lines}
        fresh = [row for row in catalogue.rows if last.get(row.defect.label) != row]
        for row in fresh:
            line = _Line(
                utc=self._utc(),
                code=row.defect.code,
                label=row.defect.label,
                name_en=row.defect.name_en,
                name_zh=row.defect.name_zh,
                severity=row.defect.severity,
                retired=row.retired,
                previous=_hash_of_last(content),
            )
            content += line.model_dump_json().encode() + b"\n"
        if fresh:
            write_atomically(self._path, content)
        return len(fresh)

    def _read(self) -> tuple[list[_Line], bytes]:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return [], b""
        except OSError as error:
            raise NotThere(
                f"what is known of the defect catalogue cannot be read from {self._path} ({error.strerror}); correct "
                "its rights"
            ) from error
        lines = []
        previous = _FIRST
        for number, raw in enumerate(content.splitlines(), start=1):
            try:
                line = _Line.model_validate_json(raw)
            except ValidationError as error:
                raise self._changed(number) from error
            if line.previous != previous:
                raise self._changed(number)
            previous = hashlib.sha256(raw).hexdigest()
            lines.append(line)
        return lines, content

    def _changed(self, number: int) -> CatalogueError:
        return CatalogueError(
            f"line {number} of {self._path} is not as the station wrote it; put that file back from a copy: it proves "
            "which codes were ever in use"
        )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _hash_of_last(content: bytes) -> str:
    return hashlib.sha256(content.splitlines()[-1]).hexdigest() if content else _FIRST
