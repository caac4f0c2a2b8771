"""No secret leaves the house, however it is spelt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance.doctor.redaction import Redaction, secrets_in, secrets_of_environment, secrets_of_files

TABLE = {
    "camera": {"source": "rtsp://eve:s%40cret@10.0.0.9/live?user=eve&password=topf"},
    "mqtt": {"username": "line7", "password_file": "/etc/okng/pw", "host": "broker"},
}


@pytest.mark.parametrize(
    "secret", ["pa55word", 'quo"ted', "back\\slash", "密码很长", "two words", "it's", "a/b?c", "line7", "ab"]
)
def test_a_known_secret_is_hidden_in_every_spelling(secret: str) -> None:
    redaction = Redaction([secret])
    for text in (secret, json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret), f"x {secret}."):
        hidden = redaction.text(text)
        assert secret not in hidden
        assert json.dumps(secret)[1:-1] not in hidden
        assert "***" in hidden


def test_user_and_password_of_an_address_are_hidden_and_its_place_stays() -> None:
    hidden = Redaction([]).text("cannot open rtsp://eve:topf@10.0.0.9:554/live?user=eve&pwd=topf&n=1 (timeout)")
    assert hidden == "cannot open rtsp://***@10.0.0.9:554/live?user=***&pwd=***&n=*** (timeout)"


@pytest.mark.parametrize("text", ["password=topf", "Password: topf", "token = 'topf'", 'api_key="topf"', "pwd:topf"])
def test_what_a_log_assigns_is_hidden(text: str) -> None:
    assert "topf" not in Redaction([]).text(text)


def test_keys_that_name_a_secret_lose_their_value_and_paths_stay() -> None:
    hidden = json.dumps(Redaction(secrets_in(TABLE)).configuration(TABLE))
    assert "eve" not in hidden
    assert "cret" not in hidden
    assert "topf" not in hidden
    assert "line7" not in hidden
    assert "/etc/okng/pw" in hidden
    assert "10.0.0.9" in hidden


def test_a_slash_in_a_password_hides_nothing_less() -> None:
    assert Redaction([]).text("rtsp://eve:to/p#f@cam/live") == "rtsp://***@cam/live"


def test_addresses_in_lists_are_known_too() -> None:
    assert {"eve", "topf"} <= set(secrets_in({"cameras": [{"source": "rtsp://eve:topf@cam"}], "more": ["x"]}))


def test_a_password_in_an_address_is_known_decoded_too() -> None:
    assert {"eve", "s@cret", "eve:s@cret"} <= set(secrets_in(TABLE))


def test_a_short_secret_does_not_eat_words() -> None:
    assert Redaction(["ab"]).text("about ab, cab") == "about ***, cab"


def test_empty_secrets_hide_nothing() -> None:
    assert Redaction(["", "  "]).text("nothing here") == "nothing here"


def test_files_and_environment_give_up_their_secrets(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("one\ntwo\n")
    assert list(secrets_of_files([tmp_path / "pw", tmp_path / "none"])) == ["one", "two"]
    environment = {"MQTT_PASSWORD": "a111", "API_KEY": "b222", "HOME": "/root", "PWD": "/work", "A_KEY": "1"}
    assert list(secrets_of_environment(environment)) == ["a111", "b222"]
