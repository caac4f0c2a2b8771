"""Guessing the operator PIN: how far it gets."""

from __future__ import annotations

import logging

import pytest

from appliance.config.secrets import digest
from appliance.web.pin import PinGate, Tried
from appliance.web.sessions import MOST, SESSION_S, Sessions, same_csrf

PIN = "271828"


class Seconds:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def gate(clock: Seconds) -> PinGate:
    return PinGate(digest(PIN), clock)


def wrong(gate: PinGate, times: int) -> Tried:
    for _ in range(times):
        tried = gate.enter("000000")
    return tried


def test_the_right_pin_and_no_other(gate: PinGate) -> None:
    assert gate.enter(PIN) == Tried(True)
    for near in ("", "27182", "2718280", "271829", " 271828", "２７１８２８"):
        assert not gate.enter(near).right or near == PIN
        gate.enter(PIN)


def test_the_fifth_wrong_one_in_a_minute_locks_even_the_right_one_out(gate: PinGate, clock: Seconds) -> None:
    assert wrong(gate, 4) == Tried(False)
    assert wrong(gate, 1) == Tried(False, 60.0)
    clock.now += 59.5
    assert gate.enter(PIN) == Tried(False, 0.5)
    clock.now += 0.5
    assert gate.enter(PIN) == Tried(True)


def test_every_further_five_lock_for_twice_as_long_up_to_an_hour(gate: PinGate, clock: Seconds) -> None:
    seen = []
    for _ in range(9):
        locked_s = wrong(gate, 5).locked_s
        seen.append(locked_s)
        clock.now += locked_s
    assert seen == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_slow_guessing_is_locked_out_too(gate: PinGate, clock: Seconds) -> None:
    tries = 0
    while not (tried := wrong(gate, 1)).locked_s:
        assert not tried.right
        tries += 1
        clock.now += 20
    assert tries == 19


def test_a_right_pin_forgives(gate: PinGate, clock: Seconds) -> None:
    clock.now += wrong(gate, 5).locked_s
    assert gate.enter(PIN).right
    assert wrong(gate, 4).locked_s == 0
    assert wrong(gate, 1).locked_s == 60


def test_no_pin_is_ever_logged(gate: PinGate, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        gate.enter(PIN)
        wrong(gate, 6)
    assert "locked for 60 s" in caplog.text
    assert PIN not in caplog.text
    assert "000000" not in caplog.text


class TestSessions:
    def test_one_ends_after_a_quarter_of_an_hour(self, clock: Seconds) -> None:
        sessions = Sessions(clock)
        session = sessions.begin()
        clock.now += SESSION_S - 1
        assert sessions.find(session.id) == session
        assert sessions.left_s(session) == 1
        clock.now += 1
        assert sessions.find(session.id) is None

    def test_there_are_only_so_many(self, clock: Seconds) -> None:
        sessions = Sessions(clock)
        made = [sessions.begin() for _ in range(MOST + 1)]
        assert sessions.find(made[0].id) is None
        assert all(sessions.find(session.id) for session in made[1:])

    def test_names_cannot_be_guessed_and_a_token_belongs_to_its_session(self, clock: Seconds) -> None:
        sessions = Sessions(clock)
        one, two = sessions.begin(), sessions.begin()
        assert len({one.id, two.id, one.csrf, two.csrf}) == 4
        assert min(map(len, (one.id, one.csrf))) >= 43
        assert same_csrf(one, one.csrf)
        assert not same_csrf(one, two.csrf)
        assert not same_csrf(one, "é")
