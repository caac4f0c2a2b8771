"""Who may act through the web: a program by its token, a person by the operator PIN, nobody by a sender's address."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from flask import request

from appliance.commands.envelope import Source
from appliance.config.secrets import WebSecrets, digest
from appliance.web.api import Problem, Trouble, problem
from appliance.web.pin import PinGate
from appliance.web.sessions import Session, Sessions, same_csrf

COOKIE: Final = "okng_session"
_BEARER: Final = "Bearer "


@dataclass(frozen=True, slots=True)
class Caller:
    source: Source
    name: str


class Doorkeeper:
    """Who may act. `secrets` are what the configuration names; without one nobody comes in by that way."""

    def __init__(self, secrets: WebSecrets, clock: Callable[[], float]) -> None:
        self._token = secrets.token
        self._gate = None if secrets.pin is None else PinGate(secrets.pin, clock)
        self.sessions = Sessions(clock)

    def caller(self) -> Caller | Problem:
        """Who makes the present request, or why it may not act."""
        authorization = request.headers.get("Authorization")
        if authorization is not None:
            return self._program(authorization)
        if self._gate is None:
            return problem(Trouble.NOT_CONFIGURED)
        session = self.signed_in()
        return session if isinstance(session, Problem) else Caller("web", "operator")

    def signed_in(self) -> Session | Problem:
        """The session of the present request, which must come from this page itself."""
        if not _from_this_page():
            return problem(Trouble.CROSS_SITE)
        session = self.session()
        if session is None:
            return problem(Trouble.SIGN_IN)
        if not same_csrf(session, request.headers.get("X-CSRF-Token", "")):
            return problem(Trouble.CROSS_SITE)
        return session

    def session(self) -> Session | None:
        return self.sessions.find(request.cookies.get(COOKIE, ""))

    def sign_in(self, pin: str) -> Session | Problem:
        if self._gate is None:
            return problem(Trouble.NOT_CONFIGURED)
        if not _from_this_page():
            return problem(Trouble.CROSS_SITE)
        tried = self._gate.enter(pin)
        if tried.right:
            return self.sessions.begin()
        return problem(Trouble.LOCKED if tried.locked_s else Trouble.WRONG_PIN, tried.locked_s)

    def _program(self, authorization: str) -> Caller | Problem:
        if self._token is None:
            return problem(Trouble.NO_TOKEN)
        if not authorization.startswith(_BEARER):
            return problem(Trouble.WRONG_TOKEN)
        if not hmac.compare_digest(digest(authorization.removeprefix(_BEARER)), self._token):
            return problem(Trouble.WRONG_TOKEN)
        return Caller("api", "program")


def _from_this_page() -> bool:
    """Whether the browser says that the request comes from this very host; every browser says so with an action."""
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc == request.host
