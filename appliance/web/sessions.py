"""Who has shown the operator PIN lately: random names in this process's memory, gone after 15 minutes or a restart.

Flask-WTF is not used: its token lives in Flask's signed cookie, which the server cannot take back; here the session
itself is on the server and carries its token along.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

SESSION_S: Final = 900
MOST: Final = 16


@dataclass(frozen=True, slots=True)
class Session:
    """`csrf` must come back in a header, which no other site can do with the cookie alone."""

    id: str
    csrf: str
    ends: float


class Sessions:
    """Any thread. When there are too many, the oldest ends."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Session] = OrderedDict()

    def begin(self) -> Session:
        session = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(32), self._clock() + SESSION_S)
        with self._lock:
            self._open[session.id] = session
            if len(self._open) > MOST:
                self._open.popitem(last=False)
        return session

    def find(self, session_id: str) -> Session | None:
        """The session of that name if it has not ended."""
        with self._lock:
            session = self._open.get(session_id)
            if session is not None and self._clock() >= session.ends:
                del self._open[session_id]
                return None
            return session

    def end(self, session_id: str) -> None:
        with self._lock:
            self._open.pop(session_id, None)

    def left_s(self, session: Session) -> int:
        return max(0, int(session.ends - self._clock()))


def same_csrf(session: Session, token: str) -> bool:
    return hmac.compare_digest(session.csrf.encode(), token.encode())
