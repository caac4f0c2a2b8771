"""One line of the journal: a verdict with the number and the message under which it is kept."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.domain.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Record:
    """`seq` counts the results of one boot from 1 without a gap; `payload` is the result message as published.

    `package` is the hash of what judged the part, or both hashes with a blank between them. `audited`: it was drawn for
    the audit, with the probability `audit_share`.
    """

    verdict: Verdict
    seq: int
    created_utc: str
    payload: bytes
    package: str = ""
    audited: bool = False
    audit_share: float = 0.0
