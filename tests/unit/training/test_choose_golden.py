"""Golden frames are such that every runtime answers clearly, and a file that shares expectations repeats them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from models.decision import Limits, Outcome, Scores
from models.golden import decode_frame
from models.runtimes.choose import REFERENCE
from training.errors import RefusedForSafety
from training.golden import Frame, choose_golden, covered

LIMITS, TOLERANCE = Limits(0.4, 0.6), 0.02
Answer = Callable[[Frame], Scores]


def frames(value: int, count: int = 12) -> list[Frame]:
    return [Frame(np.full((1, 32, 32, 3), value + index, np.uint8)) for index in range(count)]


def answer(offset: float = 0.0, from_value: int = 0) -> Answer:
    """Score = first pixel / 255; `offset` is added from a pixel value on."""

    def judge(frame: Frame) -> Scores:
        value = int(frame.tensor[0, 0, 0, 0])
        score = value / 255 + (offset if value >= from_value else 0.0)
        return Scores(score, score, np.full((2, 2), score, np.float32))

    return judge


def test_twins_that_repeat_the_reference_take_nothing_away() -> None:
    golden = choose_golden(frames(10), frames(220), {REFERENCE: answer()}, LIMITS, TOLERANCE, {"twin": answer(0.009)})
    assert len(golden.frames) == 16
    assert all(set(frame.expected) == {REFERENCE} for frame in golden.frames)


def test_frames_on_which_a_twin_answers_otherwise_are_passed_over() -> None:
    twin = answer(0.011, from_value=222)
    golden = choose_golden(frames(10), frames(214), {REFERENCE: answer()}, LIMITS, TOLERANCE, {"twin": twin})
    worst = max(frame.expected[REFERENCE].score for frame in golden.frames)
    assert worst < 222 / 255


def test_a_twin_that_never_repeats_the_reference_is_refused() -> None:
    with pytest.raises(RefusedForSafety, match="0 good and 0 bad"):
        choose_golden(frames(10), frames(220), {REFERENCE: answer()}, LIMITS, TOLERANCE, {"twin": answer(0.02)})


def test_parts_of_a_middle_gray_have_bad_frames_though_inverting_them_changes_nothing() -> None:
    def judge(frame: Frame) -> Scores:
        score = float(np.abs(frame.tensor.astype(np.int16) - 127).max()) / 128
        return Scores(score, score, np.full((2, 2), score, np.float32))

    golden = choose_golden(frames(122), (), {REFERENCE: judge}, LIMITS, TOLERANCE)
    scores = [frame.expected[REFERENCE].score for frame in golden.frames]
    assert (sum(score < 0.4 for score in scores), sum(score > 0.6 for score in scores)) == (8, 8)


def share_of_squares(frame: Frame) -> Scores:
    """Of the frame, how much is black or white; a ninth of it may look like anything."""
    score = float(np.isin(frame.tensor, (0, 255)).mean())
    return Scores(score, score, np.full((2, 2), score, np.float32))


def test_parts_that_differ_so_much_that_a_ninth_tells_nothing_have_bad_frames() -> None:
    good = frames(122)
    golden = choose_golden(good, (), {REFERENCE: share_of_squares}, LIMITS, TOLERANCE)
    found = [(frame.expected[REFERENCE].outcome, frame.expected[REFERENCE].score) for frame in golden.frames]
    assert found == [(Outcome.OK, 0.0)] * 8 + [(Outcome.NG, 1.0)] * 8
    tensors = [decode_frame({"a": frame.png}, "a", (32, 32)) for frame in golden.frames]
    assert all((one == frame.tensor).all() for one, frame in zip(tensors[:8], good[:8], strict=True))
    assert all((one == covered(good[0]).tensor).all() for one in tensors[8:])


def test_a_frame_is_covered_only_where_nothing_less_is_ng() -> None:
    seen: list[float] = []

    def judge(frame: Frame) -> Scores:
        seen.append(float(np.isin(frame.tensor, (0, 255)).mean()))
        score = float(np.ptp(frame.tensor.astype(np.int16)) > 0)
        return Scores(score, score, np.full((2, 2), score, np.float32))

    choose_golden(frames(90), (), {REFERENCE: judge}, LIMITS, TOLERANCE)
    assert max(seen) < 0.5
