"""How late a picture may be, from the rhythm of those before it."""

from __future__ import annotations

import pytest

from appliance.cameras.punctuality import Punctuality

MS = 1_000_000


def lateness_ms(*intervals_ms: int) -> list[int]:
    """Of the pictures behind a quiet start at one picture in 50 ms."""
    punctuality, now = Punctuality(), 0
    for _ in range(10):
        now += 50 * MS
        punctuality.lateness_ns(now)
    found = []
    for interval in intervals_ms:
        now += interval * MS
        found.append(punctuality.lateness_ns(now) // MS)
    return found


def test_a_steady_stream_is_on_time_and_so_is_one_that_jitters() -> None:
    assert lateness_ms(50, 50, 35, 65, 90, 30) == [0, 0, 0, 0, 0, 0]


def test_what_comes_behind_a_pause_may_be_as_old_as_the_pause() -> None:
    assert lateness_ms(550) == [500]


def test_what_comes_in_a_rush_behind_a_pause_was_held_up_with_it() -> None:
    found = lateness_ms(250, 1, 1, 1, 1, 50)
    assert found[0] == 200
    assert all(late > 0 for late in found[:4])
    assert found == sorted(found, reverse=True)
    assert found[-1] == 0


def test_a_stream_that_only_dropped_pictures_is_on_time_again_with_its_rhythm() -> None:
    assert lateness_ms(500, 50) == [450, 0]


@pytest.mark.parametrize("intervals", [[], [10_000]])
def test_without_a_known_rhythm_nothing_is_late(intervals: list[int]) -> None:
    punctuality, now = Punctuality(), 0
    for interval in [1, *intervals]:
        now += interval * MS
        assert punctuality.lateness_ns(now) == 0
