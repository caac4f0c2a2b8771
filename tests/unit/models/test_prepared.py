"""Which pictures need no model."""

from __future__ import annotations

import pytest

from models.decision import Unfit
from tests.fakes.parts import make_prepared


@pytest.mark.parametrize("unfit", [None, *Unfit])
def test_only_a_fit_or_a_moved_picture_waits_for_a_model(unfit: Unfit | None) -> None:
    assert make_prepared(unfit).settled is (unfit not in (None, Unfit.MOVED))


@pytest.mark.parametrize("unfit", [None, *Unfit])
def test_an_empty_place_needs_no_model(unfit: Unfit | None) -> None:
    assert make_prepared(unfit, empty=True).settled
