"""What stops a training run on purpose, and the exit code each one becomes.

    TrainingError
    ├── GateFailed        1   a gate that was asked for failed
    ├── BadData           2   the data set cannot be trained on as it is
    ├── NotThere          3   a file or directory is not there
    ├── ConversionFailed  4   a vendor's converter gave no usable file
    └── RefusedForSafety  4   the artefact may not be shipped (parity, scores that say nothing)

Every message is one sentence that ends with what to do.
"""

from __future__ import annotations

from training.text import Text


class TrainingError(Exception):
    exit_code = 1


class GateFailed(TrainingError):
    exit_code = 1


class BadData(TrainingError):
    exit_code = 2


class NotThere(TrainingError):
    exit_code = 3


class ConversionFailed(TrainingError):
    exit_code = 4


class RefusedForSafety(TrainingError):
    """`reason` alone is what a report says where the package is written all the same, without the refused file."""

    exit_code = 4

    def __init__(self, reason: Text, remedy: str) -> None:
        super().__init__(f"{reason.en}; {remedy}")
        self.reason = reason
