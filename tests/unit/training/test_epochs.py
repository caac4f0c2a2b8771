"""Every row once an epoch, in another order each, and on from any batch as if nothing had happened."""

from __future__ import annotations

import hashlib
import threading
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from training.data.cache import Cache, Making
from training.data.epochs import Batch, Epochs, EpochState

ROWS = [np.full((4, 6, 3), number, np.uint8) for number in range(23)]


def taken(start: EpochState, count: int, size: int = 5) -> list[Batch]:
    with Epochs(ROWS, size, start) as epochs:
        return list(islice(epochs, count))


def test_every_row_comes_once_an_epoch_in_another_order_each() -> None:
    batches = taken(EpochState(7), 10)
    assert [len(one.pictures) for one in batches] == [5, 5, 5, 5, 3] * 2
    epochs = [np.concatenate([one.indices for one in part]) for part in (batches[:5], batches[5:])]
    assert all(sorted(epoch) == list(range(23)) for epoch in epochs) and (epochs[0] != epochs[1]).any()
    assert all((one.pictures[:, 0, 0, 0] == one.indices).all() for one in batches)
    assert batches[0].pictures.shape == (5, 4, 6, 3) and batches[0].pictures.dtype == np.uint8


def test_a_run_goes_on_behind_any_batch() -> None:
    whole = taken(EpochState(7), 12)
    for stopped in (0, 3, 4, 9):
        rest = taken(whole[stopped].after, 11 - stopped)
        assert all((one.indices == other.indices).all() for one, other in zip(rest, whole[stopped + 1 :], strict=True))
    assert whole[4].after == EpochState(7, 1, 0)
    assert (taken(EpochState(8), 1)[0].indices != whole[0].indices).any()


def test_its_thread_ends_with_it_whatever_is_waiting() -> None:
    with Epochs(ROWS, 2, EpochState(0)) as epochs:
        next(iter(epochs))
    with Epochs(ROWS, 2, EpochState(0)):
        pass
    assert "epochs" not in [thread.name for thread in threading.enumerate()]


class Broken(list[NDArray[np.uint8]]):
    def __getitem__(self, index: object) -> NDArray[np.uint8]:  # type: ignore[override]
        raise OSError("gone")


def test_a_row_that_cannot_be_read_ends_the_run_that_waits_for_it() -> None:
    with Epochs(Broken(ROWS), 5, EpochState(0)) as epochs, pytest.raises(OSError, match="gone"):
        next(iter(epochs))


@pytest.mark.parametrize(("rows", "size", "batch"), [([], 5, 0), (ROWS, 0, 0), (ROWS, 5, 5), (ROWS, 5, -1)])
def test_what_has_no_such_batch_is_refused(rows: list[NDArray[np.uint8]], size: int, batch: int) -> None:
    with pytest.raises(ValueError, match="have no batch"):
        Epochs(rows, size, EpochState(0, 0, batch))


def test_rows_of_a_cache_are_batched_from_their_map(tmp_path: Path) -> None:
    shelf = Cache(tmp_path / "c", print, 10**9).shelf(Making("inputs", (1, 4, 6, 3)), 23)
    rows = [shelf.put(hashlib.sha256(row.tobytes()).hexdigest(), row[np.newaxis])[0] for row in ROWS]
    with Epochs(rows, 23, EpochState(0)) as epochs:
        (batch,) = islice(epochs, 1)
    assert (batch.pictures == np.stack(ROWS)).all() and batch.pictures.flags.writeable
