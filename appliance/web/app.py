"""The pages as a WSGI application: watching needs no sign-in, and only `actions` can have the station do anything."""

from __future__ import annotations

from functools import partial
from typing import Final

from flask import Flask, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as WsgiResponse

from appliance.commands.order import ask
from appliance.config.schema import Config
from appliance.config.secrets import web_secrets
from appliance.fitting import catalogue_of
from appliance.web import security, texts
from appliance.web.actions import add_actions
from appliance.web.feed import SILENCE_S, StationFeed
from appliance.web.metrics import serve_metrics
from appliance.web.pictures import is_part_id
from appliance.web.recipe_list import listed_recipes
from appliance.web.stream import EventStream, StreamSlots

THREADS: Final = 32
STREAMS: Final = THREADS - 8
COOKIE: Final = "okng_language"
COOKIE_S: Final = 365 * 24 * 3600


def create_app(config: Config, feed: StationFeed) -> Flask:
    """The application for one station; `feed` is started and closed by the caller.

    Raises:
        NotThere, UsageError: a secret for actions cannot be read, or anybody can.
    """
    app = Flask(__name__)
    slots = StreamSlots(STREAMS)
    catalogue = texts.as_module()
    security.protect(app, config.web.host)
    secrets = web_secrets(config.web)
    add_actions(app, secrets, partial(ask, config), partial(listed_recipes, catalogue_of(config)))

    @app.get("/")
    def live() -> str:
        language = _language()
        words = partial(texts.text, language=language)
        return render_template("live.html", language=language, t=words, actions=secrets.pin is not None)

    @app.get("/language/<any(en, zh):language>")
    def choose_language(language: str) -> WsgiResponse:
        """For a browser whose script did not run; the script changes the language in the page itself."""
        response = redirect("/", 303)
        response.set_cookie(COOKIE, language, max_age=COOKIE_S, samesite="Strict")
        return response

    @app.get("/texts.js")
    def catalogue_module() -> Response:
        response = Response(catalogue, mimetype="text/javascript")
        response.cache_control.no_cache = True
        response.add_etag()
        response.make_conditional(request)
        return response

    @app.get("/events")
    def events() -> Response:
        if request.method == "HEAD":
            return Response(mimetype="text/event-stream")
        if not slots.acquire():
            return _text("Too many screens are open; close one.", 503)
        response = Response(EventStream(feed, slots), mimetype="text/event-stream")
        response.cache_control.no_store = True
        return response

    @app.get("/frame/<part>.jpg")
    def frame(part: str) -> Response:
        data = feed.pictures.read(part) if is_part_id(part) else None
        if data is None:
            return _text("This picture is not kept.", 404)
        response = Response(data, mimetype="image/jpeg")
        response.cache_control.private = True
        response.cache_control.max_age = 3600
        return response

    serve_metrics(app, config.web, feed, slots)

    @app.get("/healthz")
    def health() -> Response:
        silent_s = feed.silent_s
        response = jsonify(
            status="ok",
            station="up" if silent_s is not None and silent_s < SILENCE_S else "silent",
            silent_s=silent_s,
            streams=slots.open,
            streams_max=slots.limit,
            skipped_events=feed.viewers.skipped,
            refused_lines=feed.refused_lines,
            feed_failures=feed.failures,
        )
        response.cache_control.no_store = True
        return response

    return app


def _language() -> texts.Language:
    chosen = request.cookies.get(COOKIE)
    for language in texts.LANGUAGES:
        if chosen == language:
            return language
    return texts.accepted_language(request.headers.get("Accept-Language", ""))


def _text(message: str, status: int) -> Response:
    response = Response(message + "\n", status, mimetype="text/plain")
    response.cache_control.no_store = True
    return response
