"""Ids sort by time, and are UUIDv7."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.domain.ids import IdSource, uuid7


def test_the_example_of_the_standard() -> None:
    """RFC 9562, appendix A.6."""
    random_bytes = (0x18C4DC0C0C07398F).to_bytes(8)
    assert uuid7(0x017F22E279B0, 0xCC3, random_bytes) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(st.integers(0, 2**48 - 1), st.integers(0, 0xFFF), st.binary(min_size=8, max_size=8))
def test_version_variant_and_time_are_where_they_belong(unix_ms: int, counter: int, random_bytes: bytes) -> None:
    text = uuid7(unix_ms, counter, random_bytes)
    parsed = uuid.UUID(text)
    assert str(parsed) == text
    assert (parsed.version, parsed.variant, parsed.int >> 80) == (7, uuid.RFC_4122, unix_ms)


@given(st.lists(st.integers(0, 2**40), max_size=200))
def test_ids_rise_even_if_the_clock_falls(times: list[int]) -> None:
    source = IdSource()
    ids = [source.next(unix_ms) for unix_ms in times]
    assert ids == sorted(set(ids))


def test_ids_rise_when_the_counter_of_a_standing_clock_is_used_up() -> None:
    source = IdSource()
    ids = [source.next(1_000) for _ in range(10_000)]
    assert ids == sorted(set(ids))


@pytest.mark.parametrize(
    "parts", [(-1, 0, b"8 bytes!"), (1 << 48, 0, b"8 bytes!"), (0, 4096, b"8 bytes!"), (0, 0, b"7")]
)
def test_what_does_not_fit_is_refused(parts: tuple[int, int, bytes]) -> None:
    with pytest.raises(ValueError, match="UUIDv7"):
        uuid7(*parts)
