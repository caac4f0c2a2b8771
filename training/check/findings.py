"""What `okng check-data` says: each finding with its weight, what was found, in which pictures, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from training.page import Text


class Severity(StrEnum):
    """ERROR: a training would be refused, or its figures wrong. WARNING: likely worse for it. NOTE: good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    `code` never changes its meaning. `pictures`: names of all that are concerned, inside the data set; `groups`: those
    that belong beside each other (copies, one exposure series), each group in order; `remarks`: name → what is said of
    this one alone.
    """

    code: str
    severity: Severity
    title: Text
    found: Text
    remedy: Text
    pictures: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    remarks: tuple[tuple[str, str], ...] = ()

    @property
    def line(self) -> str:
        """The finding in one line of English."""
        return f"{self.severity.value}: {self.title.en}: {self.found.en}"


_ORDER = tuple(Severity)


def sorted_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors first, then warnings, then notes; otherwise in the order of the checks."""
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity)))
