"""Who may act through the web, and what everybody else is told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from appliance.commands.client import NoStation
from appliance.commands.messages import AcceptedPart, Command, CommandReply
from appliance.commands.refusals import Refusal
from appliance.config.secrets import WebSecrets, web_secrets
from appliance.errors import NotThere, UsageError
from appliance.web.actions import MOST_ACTIONS, add_actions
from appliance.web.api import TEXTS, RecipeList, Trouble, openapi, status_of
from appliance.web.app import create_app
from appliance.web.feed import StationFeed
from tests.fakes.web_server import PIN, TOKEN, secret_file, web_config

HERE = {"Origin": "http://localhost"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Station:
    """Accepts everything, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Command] = []
        self.answer: CommandReply | Exception | None = None
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self, command: Command) -> CommandReply:
        self.asked.append(command)
        self.meanwhile()
        if isinstance(self.answer, Exception):
            raise self.answer
        part = AcceptedPart(id="p", number=1, inspection_id=1)
        return self.answer or CommandReply(request_id=command.request_id, verb="trigger", status="accepted", part=part)


@pytest.fixture
def station() -> Station:
    return Station()


@pytest.fixture
def secrets(tmp_path: Path) -> WebSecrets:
    pin, token = secret_file(tmp_path / "pin", PIN), secret_file(tmp_path / "token", TOKEN)
    return web_secrets(web_config(tmp_path, pin_file=pin, api_token_file=token).web)


def make_client(station: Station, secrets: WebSecrets) -> FlaskClient:
    app = Flask(__name__)
    add_actions(app, secrets, station, lambda: RecipeList(recipes=()), lambda: 0.0)
    return app.test_client()


@pytest.fixture
def client(station: Station, secrets: WebSecrets) -> FlaskClient:
    return make_client(station, secrets)


def trigger(client: FlaskClient, body: object = None, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/api/v1/trigger", json=body or {}, headers=named)


def sign_in(client: FlaskClient, pin: str = PIN) -> dict[str, str]:
    """The headers of a page that is signed in."""
    answer = client.post("/api/v1/session", json={"pin": pin}, headers=HERE)
    assert answer.status_code == 200, answer.text
    return HERE | {"X-CSRF-Token": answer.json["csrf"]}


def code(answer: TestResponse) -> tuple[int, str]:
    assert answer.json["text_en"]
    assert re.search("[\u4e00-\u9fff]", answer.json["text_zh"])
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.json["code"]


class TestProgram:
    def test_with_its_token_it_may(self, client: FlaskClient, station: Station) -> None:
        body = {"request_id": "7", "part_id": "SN-1", "wait": True, "user": "mes"}
        answer = client.post("/api/v1/trigger", json=body, headers=BEARER)
        assert (answer.status_code, answer.json["status"]) == (200, "accepted")
        [command] = station.asked
        assert (command.request_id, command.part_id, command.wait) == ("7", "SN-1", True)
        assert (command.actor.source, command.actor.name) == ("api", "mes")

    def test_without_an_id_each_request_is_its_own(self, client: FlaskClient, station: Station) -> None:
        trigger(client, **BEARER)
        trigger(client, **BEARER)
        assert len({command.request_id for command in station.asked}) == 2

    @pytest.mark.parametrize(
        "authorization", ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN]
    )
    def test_with_anything_else_it_may_not(self, client: FlaskClient, station: Station, authorization: str) -> None:
        assert code(trigger(client, Authorization=authorization)) == (401, "wrong_token")
        assert station.asked == []

    def test_a_wrong_token_is_not_made_good_by_a_session(self, client: FlaskClient, station: Station) -> None:
        headers = sign_in(client) | {"Authorization": "Bearer x"}
        assert client.post("/api/v1/trigger", json={}, headers=headers).status_code == 401
        assert station.asked == []


class TestPage:
    def test_signed_in_it_may_under_one_name(self, client: FlaskClient, station: Station) -> None:
        answer = client.post("/api/v1/trigger", json={"user": "the boss"}, headers=sign_in(client))
        assert answer.status_code == 200
        [command] = station.asked
        assert (command.actor.source, command.actor.name) == ("web", "operator")

    def test_the_cookie_is_for_this_site_and_no_script(self, client: FlaskClient) -> None:
        answer = client.post("/api/v1/session", json={"pin": PIN}, headers=HERE)
        cookie = answer.headers["Set-Cookie"]
        for word in ("okng_session=", "HttpOnly", "SameSite=Strict", "Max-Age=900", "Path=/"):
            assert word in cookie
        assert PIN not in cookie

    def test_without_a_session_it_may_not(self, client: FlaskClient, station: Station) -> None:
        assert code(client.post("/api/v1/trigger", json={}, headers=HERE)) == (401, "sign_in")
        client.set_cookie("okng_session", "made-up")
        assert code(client.post("/api/v1/trigger", json={}, headers=HERE)) == (401, "sign_in")
        assert station.asked == []

    @pytest.mark.parametrize(
        "change",
        [
            {"Origin": "http://evil.example"},
            {"Origin": "http://localhost:9999"},
            {"Origin": "null"},
            {"Origin": None},
            {"X-CSRF-Token": "x"},
            {"X-CSRF-Token": None},
        ],
        ids=str,
    )
    def test_another_site_cannot_use_the_session(
        self, client: FlaskClient, station: Station, change: dict[str, str | None]
    ) -> None:
        headers = {name: value for name, value in (sign_in(client) | change).items() if value is not None}
        assert code(client.post("/api/v1/trigger", json={}, headers=headers)) == (403, "cross_site")
        assert station.asked == []

    def test_another_site_cannot_sign_anybody_in(self, client: FlaskClient) -> None:
        for headers in ({}, {"Origin": "http://evil.example"}):
            answer = client.post("/api/v1/session", json={"pin": PIN}, headers=headers)
            assert code(answer) == (403, "cross_site")
            assert "Set-Cookie" not in answer.headers

    def test_a_form_cannot_act(self, client: FlaskClient, station: Station) -> None:
        headers = sign_in(client)
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            answer = client.post("/api/v1/trigger", data=b"{}", content_type=kind, headers=headers)
            assert code(answer) == (400, "malformed")
        assert station.asked == []

    def test_signed_out_is_signed_out(self, client: FlaskClient, station: Station) -> None:
        headers = sign_in(client)
        assert client.get("/api/v1/session").json["csrf"] == headers["X-CSRF-Token"]
        assert client.delete("/api/v1/session", headers=HERE).status_code == 403
        cookie = client.get_cookie("okng_session")
        assert cookie is not None
        assert client.delete("/api/v1/session", headers=headers).json == {"csrf": None, "seconds_left": 0}
        client.set_cookie("okng_session", cookie.value)
        assert client.post("/api/v1/trigger", json={}, headers=headers).status_code == 401
        assert client.get("/api/v1/session").json == {"csrf": None, "seconds_left": 0}
        assert station.asked == []

    def test_wrong_pins_are_told_so_and_then_locked_out(self, client: FlaskClient, station: Station) -> None:
        for _ in range(4):
            answer = client.post("/api/v1/session", json={"pin": "000000"}, headers=HERE)
            assert code(answer) == (401, "wrong_pin")
        for pin in ("000000", PIN):
            answer = client.post("/api/v1/session", json={"pin": pin}, headers=HERE)
            assert code(answer) == (429, "locked")
            assert answer.json["retry_after_s"] == int(answer.headers["Retry-After"]) == 61
            assert "Set-Cookie" not in answer.headers
        assert trigger(client, **BEARER).status_code == 200, "programs are not locked out with the operators"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"nonsense", b'{"wait":"yes"}', b'{"part_id":""}', b'{"verb":"recipe"}', b"\xff", b"{" * 900]
)
def test_a_body_that_is_not_exactly_a_request_asks_nothing(client: FlaskClient, station: Station, body: bytes) -> None:
    answer = client.post("/api/v1/trigger", data=body, content_type="application/json", headers=BEARER)
    assert code(answer) == (400, "malformed")
    assert station.asked == []


@pytest.mark.parametrize(
    ("pin", "token", "headers", "wanted"),
    [
        (False, False, HERE, "not_configured"),
        (False, True, HERE, "not_configured"),
        (False, False, BEARER, "no_token"),
        (True, False, BEARER, "no_token"),
    ],
)
def test_what_is_not_configured_is_refused_with_the_setting(
    station: Station, secrets: WebSecrets, pin: bool, token: bool, headers: dict[str, str], wanted: str
) -> None:
    client = make_client(station, WebSecrets(secrets.pin if pin else None, secrets.token if token else None))
    answer = client.post("/api/v1/trigger", json={}, headers=headers)
    assert code(answer) == (403, wanted)
    assert "[web] " in answer.json["text_en"]
    if not pin:
        assert code(client.post("/api/v1/session", json={"pin": "1"}, headers=HERE)) == (403, "not_configured")
    assert station.asked == []


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (NoStation(Refusal.STATION_DOWN), 503),
        (NoStation(Refusal.NO_ANSWER), 504),
        (CommandReply.refusal(Refusal.NOT_READY), 409),
        (CommandReply.refusal(Refusal.PLC_TRIGGERS), 403),
        (CommandReply.refusal(Refusal.BUSY), 503),
    ],
)
def test_a_refusal_is_never_a_200(
    client: FlaskClient, station: Station, answer: CommandReply | Exception, status: int
) -> None:
    station.answer = answer
    assert code(trigger(client, **BEARER))[0] == status


def test_every_code_but_no_verdict_is_an_http_error() -> None:
    fine = [one for one in (*Trouble, *Refusal) if status_of(one) < 400]
    # A command of the API is never stale, and its verb is its address.
    assert set(fine) <= {Refusal.NO_VERDICT, Refusal.STALE, Refusal.UNKNOWN_VERB, Refusal.BAD_RESPONSE_TOPIC}


def test_only_so_many_actions_at_once(client: FlaskClient, station: Station) -> None:
    answers: list[TestResponse] = []

    def again() -> None:
        if len(station.asked) <= MOST_ACTIONS:
            answers.append(trigger(client, **BEARER))

    station.meanwhile = again  # each asks within the one before
    answers.append(trigger(client, **BEARER))
    assert sorted(answer.status_code for answer in answers) == [200] * MOST_ACTIONS + [503]
    assert trigger(client, **BEARER).status_code == 200, "the room is given back"


class TestSecrets:
    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
    def test_others_must_not_read_them(self, tmp_path: Path, mode: int) -> None:
        for setting, secret in (("pin_file", PIN), ("api_token_file", TOKEN)):
            config = web_config(tmp_path, **{setting: secret_file(tmp_path / "secret", secret, mode)})
            with pytest.raises(UsageError, match="chmod 600") as caught:
                create_app(config, StationFeed(tmp_path))
            assert secret not in str(caught.value)

    @pytest.mark.parametrize(
        ("setting", "secret"),
        [
            *[("pin_file", pin) for pin in ("", "12345", "1234567890123", "12345a", "１２３４５６", "123 456")],
            *[("api_token_file", token) for token in ("", "x" * 31, "x" * 257, "x" * 30 + " " + "x" * 30)],
        ],
    )
    def test_they_must_not_be_guessed_easily(self, tmp_path: Path, setting: str, secret: str) -> None:
        config = web_config(tmp_path, **{setting: secret_file(tmp_path / "secret", secret)})
        with pytest.raises(UsageError, match=r"digits; write one|openssl rand"):
            web_secrets(config.web)

    def test_one_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(NotThere, match=r"correct \[web\] pin_file"):
            web_secrets(web_config(tmp_path, pin_file=tmp_path / "none").web)

    def test_they_are_not_shown(self, secrets: WebSecrets) -> None:
        assert repr(secrets) == "WebSecrets()"


class TestOpenApi:
    def test_its_references_lead_somewhere_and_its_schemas_are_schemas(self, client: FlaskClient) -> None:
        document = client.get("/api/v1/openapi.json").json
        schemas = document["components"]["schemas"]
        for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)):
            assert name in schemas
        for schema in schemas.values():
            Draft202012Validator.check_schema(schema)

    def test_every_route_is_in_it_and_no_other(self, client: FlaskClient) -> None:
        described = {(f"/api/v1{path}", method.upper()) for path, item in openapi()["paths"].items() for method in item}
        served = {
            (str(rule), method)
            for rule in client.application.url_map.iter_rules()
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
            if str(rule).startswith("/api/") and not str(rule).endswith("openapi.json")
        }
        assert described == served

    def test_answers_fit_it(self, client: FlaskClient, station: Station) -> None:
        document = openapi()

        def fits(answer: TestResponse, schema: str) -> None:
            root: dict[str, Any] = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
            Draft202012Validator(root).validate(answer.json)

        fits(trigger(client, **BEARER), "CommandReply")
        fits(trigger(client), "Problem")
        fits(client.post("/api/v1/session", json={"pin": PIN}, headers=HERE), "SessionState")


def test_every_trouble_has_words() -> None:
    assert set(TEXTS) == set(Trouble)


def test_without_a_pin_the_page_has_no_button(tmp_path: Path) -> None:
    pages = []
    for web in ({}, {"pin_file": secret_file(tmp_path / "pin", PIN)}):
        pages.append(create_app(web_config(tmp_path, **web), StationFeed(tmp_path)).test_client().get("/").text)
    assert 'id="trigger"' not in pages[0]
    assert "<button" not in pages[0]
    assert 'id="trigger"' in pages[1]
    assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", pages[1]) == []
