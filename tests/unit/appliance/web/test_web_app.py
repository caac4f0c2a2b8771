"""What the page answers, to whom, and with which headers."""

from __future__ import annotations

import gzip
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance.web.app import STREAMS, THREADS, create_app
from appliance.web.feed import StationFeed
from tests.fakes.station_socket import status, verdict
from tests.fakes.web_server import web_config

JPEG = b"\xff\xd8\xff\xe0 a picture"
ANSWERS = ["/", "/texts.js", "/static/live.css", "/static/live.js", "/static/icon.svg", "/healthz", "/nothing"]


@pytest.fixture
def feed(tmp_path: Path) -> StationFeed:
    (tmp_path / "run" / "live").mkdir(parents=True)
    return StationFeed(tmp_path)


@pytest.fixture
def app(tmp_path: Path, feed: StationFeed) -> Flask:
    return create_app(web_config(tmp_path), feed)


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_carries_the_security_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["img-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Access-Control-Allow-Origin" not in headers


def test_the_page_has_no_inline_script_or_style_and_names_no_other_host(client: FlaskClient) -> None:
    page = client.get("/").text
    assert '<noscript><p class="stale">This page needs JavaScript' in page
    assert re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", page) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", page) == []
    for name in (
        "live.js",
        "live.css",
        "actions.js",
        "chart.js",
        "dom.js",
        "panels.js",
        "picture.js",
        "text.js",
        "verdict.js",
    ):
        page += client.get(f"/static/{name}").text
    assert set(re.findall(r"(?:https?:)?//[a-z0-9][\w.-]*\.\w+", page)) <= {"http://www.w3.org"}


def test_the_whole_page_is_small(client: FlaskClient) -> None:
    modules = (
        "live.js",
        "actions.js",
        "chart.js",
        "dom.js",
        "panels.js",
        "picture.js",
        "text.js",
        "verdict.js",
        "live.css",
        "icon.svg",
    )
    answers = [client.get(path) for path in ("/", "/texts.js", *(f"/static/{name}" for name in modules))]
    assert {answer.status_code for answer in answers} == {200}
    assert sum(len(gzip.compress(answer.data)) for answer in answers) <= 100_000


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost:8080", "[::1]:8080", "192.168.1.20:8080"])
def test_addresses_are_answered(client: FlaskClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "a b", "[::1", ""]
)
@pytest.mark.parametrize("path", ["/", "/events", "/healthz", "/static/live.js"])
def test_a_rebound_name_is_refused_everywhere(client: FlaskClient, host: str, path: str) -> None:
    assert client.get(path, headers={"Host": host}).status_code == 421


def test_streams_are_capped_and_freed(client: FlaskClient, feed: StationFeed) -> None:
    assert STREAMS == THREADS - 8
    streams = [client.get("/events") for _ in range(STREAMS)]
    assert {stream.status_code for stream in streams} == {200}
    refused = client.get("/events")
    assert refused.status_code == 503
    health = client.get("/healthz").json
    assert health is not None
    assert (health["streams"], health["streams_max"]) == (STREAMS, STREAMS)
    # Closed without ever having been read: the slot must come back all the same.
    streams[0].close()
    again = client.get("/events")
    assert again.status_code == 200
    for stream in (*streams[1:], again):
        stream.close()
    health = client.get("/healthz").json
    assert health is not None
    assert health["streams"] == 0


def test_a_head_request_takes_no_slot(client: FlaskClient) -> None:
    for _ in range(STREAMS + 1):
        assert client.head("/events").status_code == 200


def test_a_stream_starts_with_the_state_and_says_every_second_how_old_it_is(
    client: FlaskClient, feed: StationFeed
) -> None:
    feed.take([status().model_dump_json().encode()])
    with client.get("/events") as answer:
        assert answer.mimetype == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        stream = iter(answer.response)
        first, second = next(stream), next(stream)
    assert b"event: snapshot\n" in first
    assert b'"boot_id":"0a1b2c3d"' in first
    assert re.fullmatch(rb'event: link\ndata: {"silent_s": [0-9.]+}\n\n', second)


def test_closing_the_feed_ends_the_streams(client: FlaskClient, feed: StationFeed) -> None:
    with client.get("/events") as answer:
        stream = iter(answer.response)
        next(stream)
        feed.close()
        assert list(stream) == []
    with client.get("/events") as late:
        assert len(list(late.response)) == 1


def test_a_picture_is_served_by_the_id_of_a_known_part(client: FlaskClient, feed: StationFeed, tmp_path: Path) -> None:
    part = verdict("NG")
    (tmp_path / "run" / "live" / f"{part.id}.jpg").write_bytes(JPEG)
    assert client.get(f"/frame/{part.id}.jpg").status_code == 404
    feed.take([part.model_dump_json().encode()])
    answer = client.get(f"/frame/{part.id}.jpg")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/jpeg", JPEG)


@pytest.mark.parametrize(
    "name", [str(uuid.UUID(int=0)), "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/station", "a", "%00", "*", "station.sock"]
)
def test_any_other_name_is_no_picture(client: FlaskClient, name: str) -> None:
    assert client.get(f"/frame/{name}.jpg").status_code == 404


def test_a_name_that_is_no_part_id_is_refused_even_if_it_was_admitted(
    client: FlaskClient, feed: StationFeed, tmp_path: Path
) -> None:
    (tmp_path / "run" / "live" / "secret.jpg").write_bytes(JPEG)
    feed.pictures.admit(verdict("OK", id="secret"))
    assert client.get("/frame/secret.jpg").status_code == 404


def test_health_tells_a_silent_station_from_a_dead_page(client: FlaskClient, feed: StationFeed) -> None:
    health = client.get("/healthz").json
    assert health is not None
    assert (health["status"], health["station"], health["silent_s"]) == ("ok", "silent", None)
    feed.take([status().model_dump_json().encode(), b"garbage"])
    health = client.get("/healthz").json
    assert health is not None
    assert (health["station"], health["refused_lines"]) == ("up", 1)


class TestLanguage:
    def test_the_browser_decides_at_first(self, client: FlaskClient) -> None:
        page = client.get("/", headers={"Accept-Language": "zh-CN"}).text
        assert '<html lang="zh-Hans">' in page
        assert "实时检测" in page

    def test_the_choice_outlives_the_browser_s_wish(self, client: FlaskClient) -> None:
        answer = client.get("/language/zh")
        assert (answer.status_code, answer.location) == (303, "/")
        cookie = answer.headers["Set-Cookie"]
        assert "SameSite=Strict" in cookie
        assert '<html lang="zh-Hans">' in client.get("/", headers={"Accept-Language": "en"}).text

    def test_a_foreign_choice_is_not_taken(self, client: FlaskClient) -> None:
        assert client.get("/language/fr").status_code == 404
        client.set_cookie("okng_language", '"><script>')
        assert '<html lang="en">' in client.get("/").text


@pytest.mark.parametrize("path", ["/", "/events", "/healthz", "/frame/x.jpg", "/language/zh"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_here_changes_the_station(client: FlaskClient, path: str, method: str) -> None:
    assert client.open(path, method=method).status_code == 405
