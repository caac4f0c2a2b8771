"""The virtual photo-eye: as many triggers as parts, whatever noise, light and belt do."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.pipeline.presence import Moment, PresenceDetector, PresenceRules, Sight, Zone
from models.decision import Box
from tests.fakes.belt import WIDTH_PX, belt

ZONE = Box(60, 40, 40, 40)
FRAME_NS = 33_000_000
Y = 60.0


def rules(at: Moment = Moment.ENTER, frames: int = 2, blocked_s: float = 1000.0) -> PresenceRules:
    return PresenceRules(ZONE, 0.2, 0.1, frames, 15.0, at, learn_frames=5, blocked_ns=int(blocked_s * 1e9))


class Eye:
    """A detector with its frames counted; `fired` holds the numbers of those that were triggers."""

    def __init__(self, detector: PresenceDetector, *, learn: bool = True) -> None:
        self.detector = detector
        self.count = 0
        self.fired: list[int] = []
        self.unseen = 0
        if learn:
            self.show(belt() for _ in range(8))

    def show(self, images: Iterable[NDArray[np.uint8]]) -> None:
        for image in images:
            sight = self.detector.look(image, self.count * FRAME_NS)
            self.fired += [self.count] if sight is Sight.PART else []
            self.unseen += sight is Sight.UNSEEN
            self.count += 1


def pass_by(speed: float, *, backwards: bool = False, noise: float = 0.0, **more: float) -> list[NDArray[np.uint8]]:
    """One part across the picture."""
    places = np.arange(-30.0, WIDTH_PX + 30.0, speed)
    return [
        belt((x, Y), noise=noise, seed=n, **more)  # type: ignore[arg-type]
        for n, x in enumerate(places[::-1] if backwards else places)
    ]


@settings(max_examples=40, deadline=None)
@given(
    parts=st.lists(st.tuples(st.floats(1.5, 14.0), st.booleans()), min_size=1, max_size=5),
    at=st.sampled_from([Moment.ENTER, Moment.CENTRE, Moment.LEAVE]),
    noise=st.floats(0.0, 8.0),
    drift=st.floats(-0.0008, 0.0008),
)
def test_n_parts_are_n_triggers_under_noise_drifting_light_and_any_speed(
    parts: list[tuple[float, bool]], at: Moment, noise: float, drift: float
) -> None:
    eye, light = Eye(PresenceDetector(rules(at))), 1.0
    for speed, backwards in parts:
        for image in pass_by(speed, backwards=backwards, noise=noise):
            light += drift
            eye.show([np.clip(image * light, 0, 255).astype(np.uint8)])
    assert (len(eye.fired), eye.unseen) == (len(parts), 0)


@settings(max_examples=40, deadline=None)
@given(noise=st.floats(0.0, 10.0), seed=st.integers(0, 1000))
def test_an_empty_belt_never_triggers(noise: float, seed: int) -> None:
    eye = Eye(PresenceDetector(rules()))
    eye.show(belt(noise=noise, seed=seed + n) for n in range(60))
    assert eye.fired == [] and eye.detector.zone is Zone.EMPTY


def walk(*turns: float, speed: float = 4.0) -> list[NDArray[np.uint8]]:
    """A part that goes from turn to turn."""
    images = []
    for start, end in pairwise(turns):
        steps = max(2, round(abs(end - start) / speed))
        images += [belt((x, Y)) for x in np.linspace(start, end, steps)]
    return images


@pytest.mark.parametrize("at", [Moment.ENTER, Moment.CENTRE, Moment.LEAVE])
@pytest.mark.parametrize(
    ("turns", "what"),
    [
        ((-30, 60, 190), "stops on its way in"),
        ((-30, 95, 190), "stops on its way out"),
        ((-30, 75, -30), "turns back before the middle"),
        ((-30, 95, 70, 95, 190), "goes to and fro inside"),
        ((-30, 95, 48, 95, 190), "goes nearly out and comes back"),
    ],
)
def test_stops_and_reversals_inside_are_one_part(turns: tuple[float, ...], what: str, at: Moment) -> None:
    eye = Eye(PresenceDetector(rules(at)))
    for start, end in pairwise(turns):
        eye.show(walk(start, end))
        eye.show(belt((end, Y), noise=2.0, seed=n) for n in range(12))
    assert (len(eye.fired), eye.unseen) == (1, 0), what


def test_a_part_that_left_and_comes_back_is_another_part() -> None:
    eye = Eye(PresenceDetector(rules()))
    eye.show(walk(-30, 150, -30))
    assert len(eye.fired) == 2


def test_the_moments_come_in_their_order_and_centre_is_the_centre() -> None:
    found = {}
    for at in (Moment.ENTER, Moment.CENTRE, Moment.LEAVE):
        eye = Eye(PresenceDetector(rules(at)))
        eye.show(pass_by(4.0))
        (found[at],) = ((eye.fired[0] - 8) * 4.0 - 30.0,)
    assert found[Moment.ENTER] < found[Moment.CENTRE] < found[Moment.LEAVE]
    assert found[Moment.CENTRE] == pytest.approx(80.0, abs=6.0)


def test_rest_waits_until_the_part_stands_still() -> None:
    eye = Eye(PresenceDetector(rules(Moment.REST)))
    moving = walk(-30, 80)
    eye.show(moving)
    assert eye.fired == []
    eye.show(belt((80.0, Y), noise=2.0, seed=n) for n in range(20))
    assert len(eye.fired) == 1
    assert eye.fired[0] >= 8 + len(moving) + 7


def test_a_part_that_jumps_over_its_moment_is_unseen_and_not_a_trigger() -> None:
    eye = Eye(PresenceDetector(rules(Moment.CENTRE)))
    eye.show([belt((50.0, Y)), belt((51.0, Y)), belt(), belt()])
    assert (eye.fired, eye.unseen) == ([], 1)


def test_one_frame_of_something_is_a_glimpse() -> None:
    eye = Eye(PresenceDetector(rules()))
    eye.show([belt((80.0, Y)), belt(), belt((80.0, Y)), belt()])
    assert (eye.fired, eye.detector.glimpses) == ([], 2)


def test_parts_that_touch_are_one_until_the_zone_is_blocked() -> None:
    eye = Eye(PresenceDetector(rules(blocked_s=2.0)))
    for x in np.arange(-100.0, 400.0, 4.0):
        eye.show([belt(*((x - 40.0 * n, Y) for n in range(8)))])
        if eye.detector.zone is Zone.BLOCKED:
            break
    assert eye.detector.zone is Zone.BLOCKED
    assert len(eye.fired) == 1
    eye.show([belt()] * 3)
    assert eye.detector.zone is Zone.EMPTY
    eye.show(pass_by(4.0))
    assert len(eye.fired) == 2


@pytest.mark.parametrize("light", [0.6, 0.8, 1.3])
@pytest.mark.parametrize("at", list(Moment))
def test_a_step_of_the_light_costs_one_trigger_at_most_and_then_parts_count_again(at: Moment, light: float) -> None:
    eye = Eye(PresenceDetector(rules(at)))
    eye.show(belt(light=light) for _ in range(20))
    assert eye.detector.zone is Zone.EMPTY
    false = len(eye.fired)
    assert false <= 1
    if at is not Moment.REST:
        eye.show(pass_by(4.0, light=light))
        assert len(eye.fired) == false + 1


@pytest.mark.parametrize("end", [0.65, 1.45])
def test_light_that_fades_within_two_seconds_is_no_part(end: float) -> None:
    eye = Eye(PresenceDetector(rules()))
    eye.show(belt(light=light) for light in np.linspace(1.0, end, 60))
    assert (eye.fired, eye.detector.zone) == ([], Zone.EMPTY)
    eye.show(pass_by(4.0, light=end))
    assert len(eye.fired) == 1


@pytest.mark.parametrize("at", [Moment.ENTER, Moment.CENTRE, Moment.LEAVE])
@pytest.mark.parametrize("cut", range(10, 55, 3))
def test_frames_lost_in_the_middle_of_a_part_never_trigger_twice(at: Moment, cut: int) -> None:
    eye = Eye(PresenceDetector(rules(at)))
    images = pass_by(4.0)
    eye.show(images[:cut])
    eye.detector.lost()
    eye.show(images[cut + 2 :])
    assert len(eye.fired) + eye.unseen == 1


@pytest.mark.parametrize("at", [Moment.CENTRE, Moment.LEAVE])
def test_a_part_that_is_gone_when_the_camera_comes_back_is_told_once(at: Moment) -> None:
    eye = Eye(PresenceDetector(rules(at)))
    eye.show(walk(-30, 55))
    assert (eye.fired, eye.detector.zone) == ([], Zone.PRESENT)
    eye.detector.lost()
    eye.show([belt()] * 4)
    assert len(eye.fired) + eye.unseen == 1


def test_it_learns_from_a_zone_at_rest_only() -> None:
    eye = Eye(PresenceDetector(rules()), learn=False)
    eye.show(belt((60.0 + 9 * (n % 4), Y)) for n in range(30))
    assert eye.detector.zone is Zone.LEARNING
    eye.show(belt(noise=3.0, seed=n) for n in range(8))
    assert eye.detector.zone is Zone.EMPTY


@pytest.mark.parametrize("light", [0.7, 1.0, 1.3])
def test_with_a_picture_of_the_empty_zone_it_waits_until_the_zone_is_empty(light: float) -> None:
    eye = Eye(PresenceDetector(rules(), belt()), learn=False)
    eye.show(belt((80.0, Y), light=light) for _ in range(30))
    assert (eye.fired, eye.detector.zone) == ([], Zone.OCCUPIED)
    eye.show(belt(light=light, noise=2.0, seed=n) for n in range(4))
    assert eye.detector.zone is Zone.EMPTY
    eye.show(pass_by(4.0, light=light))
    assert len(eye.fired) == 1


def test_a_zone_outside_the_picture_is_told() -> None:
    eye = Eye(PresenceDetector(rules()), learn=False)
    eye.show([belt()[:70]])
    assert eye.detector.zone is Zone.OUTSIDE
    eye.show([belt()] * 6)
    assert eye.detector.zone is Zone.EMPTY


def test_colour_and_gray_pictures_say_the_same() -> None:
    gray, colour = Eye(PresenceDetector(rules())), Eye(PresenceDetector(rules()), learn=False)
    colour.show(np.repeat(belt()[:, :, None], 3, axis=2) for _ in range(8))
    images = pass_by(3.0, noise=4.0)
    gray.show(images)
    colour.show(np.repeat(image[:, :, None], 3, axis=2) for image in images)
    assert gray.fired == colour.fired != []
