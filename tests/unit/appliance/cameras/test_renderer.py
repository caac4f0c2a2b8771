"""The renderer's loop without its process: how far it draws ahead, and what it writes before a picture is whole."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.cameras.flange import draw, draw_empty
from appliance.cameras.renderer import render
from appliance.cameras.ring import Ring, RingPicture

SHAPE = (640, 900, 3)


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[Ring]:
    with Ring.create(tmp_path / "ring", 2, SHAPE) as ring:
        yield ring


def options(
    truth: Path | None = None, first: int = 1, distinct: int | None = None, empty_rate: float = 0.0
) -> argparse.Namespace:
    return argparse.Namespace(
        seed=4, defect_rate=0.5, first=first, truth=truth, distinct=distinct, empty_rate=empty_rate
    )


def test_it_draws_until_the_ring_is_full_and_ends_with_the_station(ring: Ring) -> None:
    announced: list[int] = []
    render(ring, options(), announce=lambda: announced.append(ring.waiting), await_taken=lambda: 0)
    assert announced == [1, 2]


def test_it_draws_on_as_pictures_are_taken(ring: Ring) -> None:
    taken: list[int] = []

    def take_one() -> int:
        picture = ring.take()
        assert picture is not None
        taken.append(picture.number)
        return 1 if len(taken) < 3 else 0

    render(ring, options(first=10), announce=lambda: None, await_taken=take_one)
    assert taken == [10, 11, 12]
    assert ring.begun == 13


def test_a_few_distinct_parts_are_shown_in_turn(ring: Ring) -> None:
    taken: list[RingPicture] = []

    def take_one() -> int:
        picture = ring.take()
        assert picture is not None
        taken.append(picture)
        return 1 if len(taken) < 5 else 0

    render(ring, options(distinct=2), announce=lambda: None, await_taken=take_one)
    assert [picture.number for picture in taken] == [1, 2, 3, 4, 5]
    for picture in taken:
        assert (picture.image == draw(4, 2 - picture.number % 2, defect_rate=0.5).image).all()


def test_the_truth_is_on_disk_before_the_picture_can_be_taken(ring: Ring, tmp_path: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    lines: list[int] = []
    render(
        ring,
        options(truth),
        announce=lambda: lines.append(len(truth.read_text(encoding="utf-8").splitlines())),
        await_taken=lambda: 0,
    )
    assert lines == [1, 2]
    told = [json.loads(line) for line in truth.read_text(encoding="utf-8").splitlines()]
    assert told == [{"number": n, "kind": draw(4, n, defect_rate=0.5).kind} for n in (1, 2)]


def test_gaps_are_drawn_and_told_as_what_they_are(ring: Ring, tmp_path: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    taken: list[RingPicture | None] = []
    asked = options(truth, empty_rate=1.0)
    render(ring, asked, announce=lambda: taken.append(ring.take()), await_taken=lambda: 0)
    assert [picture.kind for picture in taken if picture] == ["empty", "empty"]
    assert all((picture.image == draw_empty(4, picture.number).image).all() for picture in taken if picture)
    assert [json.loads(line)["kind"] for line in truth.read_text(encoding="utf-8").splitlines()] == ["empty", "empty"]


def test_the_number_is_said_before_the_part_is_drawn(ring: Ring) -> None:
    def station_gone() -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        render(ring, options(first=5), announce=station_gone, await_taken=lambda: 0)
    assert ring.begun == 5
