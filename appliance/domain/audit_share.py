"""Which parts are drawn for the audit: at random, whatever becomes of them.

    drawn(part)  ⇔  first 8 bytes of HMAC-SHA256(key, part id)  <  share · 2^64

The part's id is given at its admission, before there is a picture, and the key is the station's: nobody can tell from a
part, its picture or its verdict whether it will be drawn, and nobody who makes parts can make them be drawn or not.
Every part has the same probability, which stands beside it in the journal: estimates over all parts stay honest when
the share is changed (Horvitz and Thompson, 1952). Who has the key can draw again, and so finds what is missing.
"""

from __future__ import annotations

import hmac

PURPOSE = "okng audit share 1"


class AuditShare:
    """`share` from 0 to 1."""

    def __init__(self, share: float, key: bytes) -> None:
        self.share = share
        self._key = key

    def draws(self, part_id: str) -> bool:
        number = int.from_bytes(hmac.digest(self._key, part_id.encode(), "sha256")[:8])
        return number < int(self.share * 2**64)
