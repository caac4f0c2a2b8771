"""A learning that was stopped goes on from its last whole epoch: one file, replaced atomically.

The file says what it belongs to; one of other pictures, settings or code is refused, never used in part.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from models.durable import write_atomically
from training.errors import BadData


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`belongs_to`: a hash of all that decides what is learned."""

    path: Path
    belongs_to: str

    def save(self, state: dict[str, Any]) -> None:
        """Replace the file; a kill leaves the earlier one whole."""
        buffer = io.BytesIO()
        torch.save({"belongs_to": self.belongs_to, "state": state}, buffer)
        write_atomically(self.path, buffer.getvalue())

    def load(self) -> dict[str, Any] | None:
        """The state that was saved last; None where there is no file.

        Raises:
            BadData: it cannot be read, or belongs to something else.
        """
        if not self.path.exists():
            return None
        remedy = "delete it to learn from the start"
        try:
            found = torch.load(io.BytesIO(self.path.read_bytes()), map_location="cpu", weights_only=True)
            belongs_to, state = found["belongs_to"], found["state"]
        except (UnpicklingError, RuntimeError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise BadData(f"the checkpoint {self.path} cannot be read ({type(error).__name__}); {remedy}") from error
        if belongs_to != self.belongs_to or not isinstance(state, dict):
            raise BadData(f"the checkpoint {self.path} is of other pictures, settings or code; {remedy}")
        return state

    def remove(self) -> None:
        """Forget it, once what it was for is written."""
        self.path.unlink(missing_ok=True)
