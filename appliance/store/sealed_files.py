"""Small files that nobody but this station may have written: one JSON object with a seal of the station's key.

    {"content": {…}, "seal": "<HMAC-SHA256 of the content, hex>"}

Written whole or not at all, and on disk when `write_sealed` returns.
"""

from __future__ import annotations

import hmac
import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from appliance.store.station_key import KeyDamaged, StationKey, derived, read_plain_file
from models.durable import write_atomically
from models.entry import Entry, json_bytes, strict_json

_MAX_BYTES = 4 << 20

Content = TypeVar("Content", bound=Entry)


class SealBroken(Exception):
    """The file is there and does not count; the message says why."""


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    content: dict[str, object]
    seal: str = Field(pattern=r"^[0-9a-f]{64}$")


def write_sealed(path: Path, content: Entry, key: StationKey, purpose: str) -> None:
    """Replace a file; `purpose` tells its seal from every other kind's. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    envelope = _Envelope(content=content.model_dump(mode="json"), seal=_seal(content, key.ensure(), purpose))
    write_atomically(path, envelope.model_dump_json().encode() + b"\n")


def read_sealed(path: Path, model: type[Content], key: StationKey, purpose: str) -> Content:
    """What this station wrote.

    Raises:
        FileNotFoundError: there is no such file.
        SealBroken: it cannot be read, or was changed, or another station wrote it.
    """
    try:
        data = read_plain_file(path, _MAX_BYTES)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SealBroken(f"{path} cannot be read ({error.strerror})") from error
    try:
        envelope = _Envelope.model_validate(strict_json(data))
        content = model.model_validate_json(json.dumps(envelope.content))
        secret = key.read()
    except (ValidationError, ValueError) as error:
        raise SealBroken(f"{path} is none of the station's records") from error
    except (KeyDamaged, OSError) as error:
        raise SealBroken(f"the station's key cannot be read ({error})") from error
    if not hmac.compare_digest(envelope.seal, _seal(content, secret, purpose)):
        raise SealBroken(f"{path} was changed, or written by another station")
    return content


def _seal(content: Entry, secret: bytes, purpose: str) -> str:
    return hmac.new(derived(secret, purpose), json_bytes(content), "sha256").hexdigest()
