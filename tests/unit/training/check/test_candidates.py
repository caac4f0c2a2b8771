"""Candidates by spectrum: wherever a texture lies, and each pair once."""

from __future__ import annotations

import numpy as np
import pytest

from training.check import look
from training.check.candidates import candidates, signatures_of
from training.check.look import room_for
from training.check.shelf import Shelf
from training.check.texture import texture_of


def test_a_texture_that_lies_elsewhere_is_among_the_nearest() -> None:
    rng = np.random.default_rng(1)
    pictures = [rng.integers(60, 200, (150, 170), np.uint8) for _ in range(60)]
    pictures.append(np.ascontiguousarray(pictures[20][14:, 9:]))
    pairs = candidates(signatures_of([texture_of(one, (one.shape[0], one.shape[1])) for one in pictures]))
    assert (20, 60) in pairs
    assert pairs == sorted(set(pairs)) and all(one < other for one, other in pairs)
    # Nobody is compared with all the others.
    assert len(pairs) <= 61 * 10


def test_a_shelf_holds_textures_of_several_shapes() -> None:
    shelf = Shelf([(2, 3), (4, 1)])
    shelf.put(1, np.array([[1], [2], [3], [-4]], np.int8))
    shelf.put(0, np.full((2, 3), 7, np.int8))
    assert [one.tolist() for one in shelf[0:2]] == [[[7, 7, 7], [7, 7, 7]], [[1], [2], [3], [-4]]]


def test_much_room_lies_in_a_file_and_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "_IN_MEMORY", 1000)
    room = room_for((3, 500))
    assert isinstance(room, np.memmap)
    room[2, -1] = 5
    assert room[2, -1] == 5 and room[0, 0] == 0
    assert not isinstance(room_for((2, 500)), np.memmap)
