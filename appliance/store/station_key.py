"""The station's own secret: it seals what nobody but this station may have written.

<state_dir>/certified/key     32 random bytes, readable by the station's user alone

Each use has a key of its own, derived from the secret (HMAC-SHA256, as HKDF-Expand does with one block, RFC 5869), so
that a seal of one kind is never one of another.
"""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

_BYTES = 32


class KeyDamaged(Exception):
    """The file of the secret is not as long as one."""


class StationKey:
    """The secret in `<folder>/key`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "key"

    def read(self) -> bytes:
        """The secret.

        Raises:
            KeyDamaged: the file holds none.
            OSError: it is not there, or may not be read.
        """
        secret = read_plain_file(self.path, _BYTES)
        if len(secret) != _BYTES:
            raise KeyDamaged(f"{self.path} is damaged")
        return secret

    def ensure(self) -> bytes:
        """The secret; made at the first use, and made anew, voiding all seals, where it is damaged.

        Raises:
            OSError: it cannot be read or written.
        """
        try:
            return self.read()
        except KeyDamaged:
            self.path.unlink()
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        secret = secrets.token_bytes(_BYTES)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        return secret


def derived(secret: bytes, purpose: str) -> bytes:
    """The key for one use of the secret."""
    return hmac.digest(secret, purpose.encode() + b"\x01", "sha256")


def read_plain_file(path: Path, most: int) -> bytes:
    """At most so many bytes and one of a file that is no link; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(most + 1)
