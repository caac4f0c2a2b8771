"""The audit's draw: the share that was asked for, whatever becomes of the parts."""

from __future__ import annotations

import random

import pytest

from appliance.domain.audit_share import AuditShare
from models.intervals import two_sided


def ids(count: int) -> list[str]:
    source = random.Random(1)
    return [f"019b{source.getrandbits(112):028x}" for _ in range(count)]


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
def test_about_that_share_of_parts_is_drawn(share: float) -> None:
    audit = AuditShare(share, b"key")
    drawn = sum(audit.draws(id) for id in ids(20_000))
    low, high = two_sided(drawn, 20_000, 0.9999)
    assert low <= share <= high


def test_the_same_part_is_drawn_again_by_the_same_key_alone() -> None:
    parts = ids(1000)
    draw = [AuditShare(0.5, b"key").draws(id) for id in parts]
    assert draw == [AuditShare(0.5, b"key").draws(id) for id in parts]
    other = [AuditShare(0.5, b"other").draws(id) for id in parts]
    assert 350 < sum(one != two for one, two in zip(draw, other, strict=True)) < 650


def test_a_smaller_share_draws_of_the_same_parts() -> None:
    parts = ids(1000)
    few, many = AuditShare(0.1, b"key"), AuditShare(0.3, b"key")
    assert all(many.draws(id) for id in parts if few.draws(id))
