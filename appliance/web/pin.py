"""The operator PIN, and how often one may be wrong about it.

Five wrong PINs within a minute, or twenty since the last right one, lock the door for everybody: first for one minute,
then twice as long for every further five, up to an hour. A right PIN begins anew. While the door is locked a right PIN
is refused too, or locking would be worth nothing.

Flask-Limiter is not used: it counts requests by their sender's address, and this counts wrong answers of the station.
"""

from __future__ import annotations

import hmac
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from appliance.config.secrets import digest

_log = logging.getLogger(__name__)
WINDOW_S: Final = 60.0
MOST_IN_WINDOW: Final = 5
MOST_EVER: Final = 20
FIRST_LOCK_S: Final = 60.0
LONGEST_LOCK_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Tried:
    """`locked_s`: for how long no PIN is looked at; 0 when the door is not locked."""

    right: bool
    locked_s: float = 0.0


class PinGate:
    """Any thread; one PIN is looked at after the other, so that guessing in parallel gains nothing."""

    def __init__(self, pin: bytes, clock: Callable[[], float]) -> None:
        self._pin = pin
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong_at: deque[float] = deque(maxlen=MOST_IN_WINDOW)
        self._wrong_ever = 0
        self._locks = 0
        self._locked_until = 0.0

    def enter(self, pin: str) -> Tried:
        """Try a PIN."""
        with self._lock:
            now = self._clock()
            if now < self._locked_until:
                return Tried(False, self._locked_until - now)
            if hmac.compare_digest(digest(pin), self._pin):
                self._wrong_at.clear()
                self._wrong_ever = self._locks = 0
                return Tried(True)
            return Tried(False, self._count(now))

    def _count(self, now: float) -> float:
        """Note a wrong PIN; returns for how long that locks the door."""
        self._wrong_at.append(now)
        self._wrong_ever += 1
        hasty = len(self._wrong_at) == MOST_IN_WINDOW and now - self._wrong_at[0] <= WINDOW_S
        if not hasty and self._wrong_ever < MOST_EVER:
            return 0.0
        locked_s = min(FIRST_LOCK_S * 2.0 ** min(self._locks, 10), LONGEST_LOCK_S)
        self._locks += 1
        self._wrong_ever = MOST_EVER - MOST_IN_WINDOW
        self._wrong_at.clear()
        self._locked_until = now + locked_s
        _log.warning("wrong operator PINs: sign-in is locked for %.0f s", locked_s)
        return locked_s
