"""Whatever order the acknowledgements come in, rows are released in the order they were sent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.sinks.send_window import SendWindow


@given(st.permutations(range(12)), st.integers(0, 12))
def test_released_rows_are_all_rows_up_to_some_id(order: list[int], answered: int) -> None:
    window = SendWindow()
    for n in range(12):
        window.sent(packet_id=100 + n, row_id=n, topic="t", now_ns=n)
    released = [row for n in order[:answered] for row in window.acknowledged(100 + n)]
    assert released == list(range(len(released)))
    missing = set(range(12)) - set(order[:answered])
    assert len(released) == min(missing, default=12)
    assert window.oldest_sent_ns == (None if not missing else min(missing))


def test_a_packet_id_may_come_again() -> None:
    window = SendWindow()
    for row in (7, 8):
        window.sent(1, row, "t", 0)
        assert window.acknowledged(1) == (row,)
    assert len(window) == 0
