"""The ring delivers every picture once, whole and in order, or refuses it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.cameras.ring import Ring, RingError, TornPicture

SHAPE = (4, 5, 3)


def picture(value: int) -> np.ndarray:
    return np.full(SHAPE, value % 256, np.uint8)


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[tuple[Ring, Ring]]:
    with Ring.create(tmp_path / "ring", 3, SHAPE) as taker, Ring(tmp_path / "ring") as drawer:
        yield drawer, taker


def test_a_picture_comes_out_as_it_went_in(ends: tuple[Ring, Ring]) -> None:
    drawer, taker = ends
    drawer.put(41, 123, "stain", picture(9))
    drawer.put(42, 124, None, picture(10))
    first, second = taker.take(), taker.take()
    assert first is not None and second is not None
    assert (first.number, first.drawn_ns, first.kind, int(first.image[0, 0, 0])) == (41, 123, "stain", 9)
    assert (second.number, second.kind) == (42, None)
    assert taker.take() is None


def test_the_copy_is_write_protected_and_no_view_of_the_ring(ends: tuple[Ring, Ring]) -> None:
    drawer, taker = ends
    drawer.put(1, 0, None, picture(7))
    taken = taker.take()
    assert taken is not None
    with pytest.raises(ValueError, match="read-only"):
        taken.image[0, 0, 0] = 1
    for number in range(2, 5):
        drawer.put(number, 0, None, picture(99))
    assert (taken.image == 7).all()


def test_a_full_ring_refuses_the_picture_instead_of_overwriting_one(ends: tuple[Ring, Ring]) -> None:
    drawer, taker = ends
    for number in (1, 2, 3):
        drawer.put(number, 0, None, picture(number))
    with pytest.raises(RingError, match="slot is free"):
        drawer.put(4, 0, None, picture(4))
    assert [taker.take().number for _ in range(3)] == [1, 2, 3]  # type: ignore[union-attr]


def test_a_picture_of_another_shape_is_refused(ends: tuple[Ring, Ring]) -> None:
    with pytest.raises(RingError, match="does not fit"):
        ends[0].put(1, 0, None, np.zeros((4, 4, 3), np.uint8))


@pytest.mark.parametrize("stamp", [0, 1, 3, 4], ids=["never drawn", "being drawn", "being overwritten", "overwritten"])
def test_a_slot_whose_stamp_is_not_the_pictures_is_torn(ends: tuple[Ring, Ring], stamp: int) -> None:
    drawer, taker = ends
    drawer.put(1, 0, None, picture(1))
    drawer.put(2, 0, None, picture(2))
    drawer._slot_words[0][0] = stamp
    with pytest.raises(TornPicture):
        taker.take()
    after = taker.take()
    assert after is not None and after.number == 2


def test_a_slot_that_changes_during_the_copy_is_torn(ends: tuple[Ring, Ring]) -> None:
    drawer, taker = ends
    drawer.put(1, 0, None, picture(1))

    class Changing(np.ndarray):
        def copy(self, order: str = "C") -> np.ndarray:  # type: ignore[override]
            drawer._slot_words[0][0] = 9
            return np.asarray(self).copy()

    taker._pixels[0] = taker._pixels[0].view(Changing)
    with pytest.raises(TornPicture):
        taker.take()


@given(st.lists(st.booleans(), max_size=60))
def test_any_interleaving_keeps_order_and_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory, puts: list[bool]
) -> None:
    file = tmp_path_factory.mktemp("ring") / "ring"
    with Ring.create(file, 3, SHAPE) as taker, Ring(file) as drawer:
        put = taken = 0
        for is_put in puts:
            if is_put and put - taken < 3:
                put += 1
                drawer.put(put, 0, None, picture(put))
            elif not is_put:
                got = taker.take()
                assert (got is None) == (put == taken)
                if got is not None:
                    taken += 1
                    assert got.number == taken and (got.image == taken % 256).all()
        assert drawer.waiting == put - taken


def test_two_threads_never_see_a_mixed_picture(ends: tuple[Ring, Ring]) -> None:
    drawer, taker = ends
    free, whole = threading.Semaphore(3), threading.Semaphore(0)

    def draw_many() -> None:
        for number in range(1, 501):
            free.acquire()
            drawer.put(number, 0, None, picture(number))
            whole.release()

    thread = threading.Thread(target=draw_many)
    thread.start()
    for number in range(1, 501):
        assert whole.acquire(timeout=10)
        got = taker.take()
        assert got is not None and got.number == number and (got.image == number % 256).all()
        free.release()
    thread.join(10)


@pytest.mark.parametrize("content", [b"", b"short", b"X" * 8192], ids=["empty", "short", "another file"])
def test_a_file_that_is_no_ring_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ring").write_bytes(content)
    with pytest.raises(RingError, match="start the camera again"):
        Ring(tmp_path / "ring")


def test_a_missing_or_cut_ring_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RingError, match="cannot be mapped"):
        Ring(tmp_path / "missing")
    Ring.create(tmp_path / "ring", 3, SHAPE).close()
    data = (tmp_path / "ring").read_bytes()
    (tmp_path / "ring").write_bytes(data[:-4096])
    with pytest.raises(RingError, match="not a ring"):
        Ring(tmp_path / "ring")
