"""Secrets live in files of their own, which nobody but their owner may read."""

from __future__ import annotations

import hashlib
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from appliance.config.schema import WebConfig
from appliance.errors import NotThere, UsageError

_PIN = re.compile(r"[0-9]{6,12}", re.ASCII)
_TOKEN = re.compile(r"[\x21-\x7e]{32,256}")


def read_secret(path: Path, what: str, setting: str) -> str:
    """The content of a secret file without its line end. `what` and `setting` are for the operator's sentence.

    Raises:
        NotThere: the file cannot be read.
        UsageError: others may read it.
    """
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError(f"others may read the {what} in {path}; run: chmod 600 {path}")
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise NotThere(f"the {what} file {path} cannot be read ({error}); correct {setting}") from error


@dataclass(frozen=True, slots=True)
class WebSecrets:
    """Digests of the operator PIN and of the API token; None where the configuration names no file."""

    pin: bytes | None = field(repr=False)
    token: bytes | None = field(repr=False)


def web_secrets(web: WebConfig) -> WebSecrets:
    """What actions through the web have to show.

    Raises:
        NotThere: a file cannot be read.
        UsageError: others may read it, or its content is too easily guessed.
    """
    pin = token = None
    if web.pin_file is not None:
        secret = read_secret(web.pin_file, "operator PIN", "[web] pin_file")
        if not _PIN.fullmatch(secret):
            raise UsageError(f"the operator PIN in {web.pin_file} is not 6 to 12 digits; write one into it")
        pin = digest(secret)
    if web.api_token_file is not None:
        secret = read_secret(web.api_token_file, "API token", "[web] api_token_file")
        if not _TOKEN.fullmatch(secret):
            raise UsageError(
                f"the API token in {web.api_token_file} is not 32 to 256 characters without spaces; "
                f"make one with: openssl rand -hex 32 > {web.api_token_file}"
            )
        token = digest(secret)
    return WebSecrets(pin, token)


def digest(secret: str) -> bytes:
    """Of one length whatever the secret's, so that comparing takes the same time."""
    return hashlib.sha256(secret.encode()).digest()
