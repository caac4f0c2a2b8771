"""Where the audit trail's head is kept outside its table, so that a tail that was cut off is missed.

<state_dir>/audit.anchor     {"schema_version": …, "number": 17, "head": "<seal of row 17>", "seal": "<of all this>"}

The file is replaced, whole, once the rows are on disk: after a kill or a power cut it may be behind the table by the
rows of one transaction, and is never ahead of it. Who puts back an old anchor together with an old data base is found
out by a witness only: every row's number and seal go out as `evt/audit`.
"""

from __future__ import annotations

import hmac
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from appliance.store.station_key import read_plain_file
from models.durable import write_atomically
from models.entry import Entry, json_bytes, strict_json

_MAX_BYTES = 4096
_SEAL = r"^[0-9a-f]{64}$"


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of the chain: its number and seal."""

    number: int
    seal: str


START = Head(0, "0" * 64)
"""Before the first row."""


class _Content(Entry):
    schema_version: Literal["okng-audit-anchor/1"] = "okng-audit-anchor/1"
    number: int = Field(ge=0)
    head: str = Field(pattern=_SEAL)
    seal: str = Field(pattern=_SEAL)


class AnchorBroken(Exception):
    """There is no anchor that this station wrote; the message says why."""


def anchor_of(journal: Path) -> Path:
    """The anchor's place beside its journal."""
    return journal.with_name("audit.anchor")


def read_anchor(path: Path, key: bytes) -> Head:
    """The head as it was last anchored.

    Raises:
        AnchorBroken: no anchor is there, or it was changed.
    """
    try:
        content = read_plain_file(path, _MAX_BYTES)
        strict_json(content)
        anchor = _Content.model_validate_json(content)
    except OSError as error:
        raise AnchorBroken(f"the anchor {path} cannot be read ({error.strerror})") from error
    except (ValidationError, ValueError) as error:
        raise AnchorBroken(f"the anchor {path} is damaged") from error
    head = Head(anchor.number, anchor.head)
    if not hmac.compare_digest(anchor.seal, _seal(head, key)):
        raise AnchorBroken(f"the anchor {path} was changed, or written by another station or with another key")
    return head


def write_anchor(path: Path, head: Head, key: bytes) -> None:
    """Replace the anchor; blocks for fsync. Raises OSError."""
    write_atomically(path, json_bytes(_Content(number=head.number, head=head.seal, seal=_seal(head, key))))


def anchor_fault(db: sqlite3.Connection, anchored: Head) -> str | None:
    """Why the anchored head is not in the table, or None."""
    if anchored == START:
        return None
    row = db.execute("SELECT seal FROM audit WHERE id = ?", (anchored.number,)).fetchone()
    if row is None:
        last = db.execute("SELECT coalesce(max(id), 0) FROM audit").fetchone()[0]
        return f"the trail was cut: it ends at row {last}, and row {anchored.number} was written"
    return None if row[0] == anchored.seal else f"row {anchored.number} is not the one that was written"


def _seal(head: Head, key: bytes) -> str:
    return hmac.digest(key, f"anchor {head.number} {head.seal}".encode(), "sha256").hex()
