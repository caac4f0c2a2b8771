"""What `okng check-data` says: each finding with its weight, what was found, in which pictures, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from training.text import Text


class Severity(StrEnum):
    """ERROR: a training would be refused, or its figures wrong. WARNING: likely worse for it. NOTE: good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


_CODES = """
labels labels-noted folder-unreadable catalogue split-strangers groups-strangers
unreadable truncated animated not-a-picture sixteen-bit alpha too-large synthetic
wrong-ending exif-rotation coarse-jpeg name-characters name-elsewhere name-clash
label-conflict copies copies-across-splits series series-grouped series-across-labels series-across-splits
groups-missing groups-incomplete groups-across-splits one-group
no-pictures no-good too-few-good class-counts few-of-class imbalance label-spelling unlabelled
mask-unreadable mask-size mask-empty mask-full mask-gray class-unmarked good-marked mask-of-good
mask-without-picture shape-outside shape-flat marks-missing
region-counts few-of-region region-outside
sizes small gray-and-colour blur light-dark light-bright light-overexposed light-underexposed light-flat
light-discoloured light-incomplete
shortcut-light shortcut-contrast shortcut-sharpness shortcut-blue shortcut-red shortcut-size shortcut-file
shortcut-compression shortcut-colour shortcut-camera shortcut-lot
"""
# Every code there is; what each means stands in docs/check-data.md and never changes.
CODES = frozenset(_CODES.split())


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    `code` is one of `CODES`. `pictures`: names of all that are concerned, inside
    the data set; `groups`: those that belong beside each other (copies, one exposure series), each in order.
    `remarks`: picture, class or group → what is said of this one alone.
    """

    code: str
    severity: Severity
    title: Text
    found: Text
    remedy: Text
    pictures: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    remarks: tuple[tuple[str, Text | str], ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError: nobody can look such a code up."""
        if self.code not in CODES:
            raise ValueError(f"{self.code} is none of the codes in docs/check-data.md")

    @property
    def line(self) -> str:
        """The finding in one line of English."""
        return f"{self.severity.value}: {self.title.en}: {self.found.en}"


_ORDER = tuple(Severity)


def by_severity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors first, then warnings, then notes; otherwise in the order of the checks."""
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity)))


def printable(text: str) -> str:
    """A text that any file and terminal takes: what is no UTF-8 in the names of files is escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def many(count: int, thing: str = "picture", things: str = "") -> str:
    """A number with its noun: "1 picture", "1,204 pictures"."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"
