"""What a page or a program may have the station do: `/api/v1`.

    program   Authorization: Bearer TOKEN
    page      session cookie (after the operator PIN) + X-CSRF-Token + an Origin that is this page's

Every answer is JSON; one that is no success has a code and a sentence in both languages.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from flask import Flask, Response, request
from pydantic import BaseModel, ValidationError

from appliance.commands.client import NoStation
from appliance.commands.messages import REQUESTS, AnyRequest, Command, CommandReply
from appliance.commands.refusals import Refusal
from appliance.config.secrets import WebSecrets
from appliance.web.api import PinEntry, Problem, RecipeList, SessionState, openapi, problem, status_of
from appliance.web.door import COOKIE, Doorkeeper
from appliance.web.sessions import SESSION_S, Session

MOST_ACTIONS: Final = 4

Ask = Callable[[Command], CommandReply]
Body = TypeVar("Body", bound=BaseModel)


def add_actions(
    app: Flask,
    secrets: WebSecrets,
    ask: Ask,
    recipes: Callable[[], RecipeList],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Add `/api/v1` to the pages; `ask` puts a command to the station and blocks until it answers."""
    actions = Actions(Doorkeeper(secrets, clock), ask)
    app.add_url_rule("/api/v1/recipes", "recipes", lambda: _say(recipes()), methods=["GET"])
    root = "/api/v1"
    app.add_url_rule(f"{root}/openapi.json", view_func=actions.describe, methods=["GET"])
    for verb, schema in REQUESTS.items():
        app.add_url_rule(f"{root}/{verb}", verb, partial(actions.order, schema), methods=["POST"])
    app.add_url_rule(f"{root}/session", view_func=actions.read_session, methods=["GET"])
    app.add_url_rule(f"{root}/session", view_func=actions.sign_in, methods=["POST"])
    app.add_url_rule(f"{root}/session", view_func=actions.sign_out, methods=["DELETE"])


class Actions:
    """The views. Each action in progress holds one of the server's threads, and the pages need theirs."""

    def __init__(self, door: Doorkeeper, ask: Ask) -> None:
        self._door = door
        self._ask = ask
        self._document = openapi()
        self._room = threading.BoundedSemaphore(MOST_ACTIONS)

    def describe(self) -> Response:
        return _say(self._document)

    def order(self, schema: type[AnyRequest]) -> Response:
        """Put the request in the body to the station, and its answer to the caller."""
        caller = self._door.caller()
        if isinstance(caller, Problem):
            return _refuse(caller)
        wanted = _read(schema)
        if wanted is None:
            return _refuse(problem(Refusal.MALFORMED))
        if caller.source == "web":  # the PIN is everybody's: a name said with it would prove nothing
            wanted = wanted.model_copy(update={"user": None})
        if not self._room.acquire(blocking=False):
            return _refuse(problem(Refusal.BUSY))
        try:
            reply = self._ask(wanted.command(caller.source, caller.name))
        except NoStation as error:
            return _refuse(problem(error.code))
        finally:
            self._room.release()
        return _say(reply, status_of(reply.code))

    def read_session(self) -> Response:
        # No other site can read this: answers carry no CORS header, and Cross-Origin-Resource-Policy says same-origin.
        return _say(self._state(self._door.session()))

    def sign_in(self) -> Response:
        entry = _read(PinEntry)
        if entry is None:
            return _refuse(problem(Refusal.MALFORMED))
        session = self._door.sign_in(entry.pin)
        if isinstance(session, Problem):
            return _refuse(session)
        response = _say(self._state(session))
        response.set_cookie(
            COOKIE, session.id, max_age=SESSION_S, httponly=True, samesite="Strict", secure=request.is_secure
        )
        return response

    def sign_out(self) -> Response:
        session = self._door.signed_in()
        if isinstance(session, Problem):
            return _refuse(session)
        self._door.sessions.end(session.id)
        response = _say(self._state(None))
        response.delete_cookie(COOKIE, httponly=True, samesite="Strict")
        return response

    def _state(self, session: Session | None) -> SessionState:
        if session is None:
            return SessionState(csrf=None, seconds_left=0)
        return SessionState(csrf=session.csrf, seconds_left=self._door.sessions.left_s(session))


def _read(model: type[Body]) -> Body | None:
    """The body of the present request. A form of another site cannot have this content type."""
    if request.mimetype != "application/json":
        return None
    try:
        return model.model_validate_json(request.get_data())
    except ValidationError:
        return None


def _refuse(why: Problem) -> Response:
    response = _say(why, status_of(why.code))
    if why.retry_after_s is not None:
        response.headers["Retry-After"] = str(why.retry_after_s)
    return response


def _say(said: BaseModel | dict[str, object], status: int = 200) -> Response:
    text = said.model_dump_json() if isinstance(said, BaseModel) else json.dumps(said)
    response = Response(text, status, mimetype="application/json")
    response.cache_control.no_store = True
    return response
