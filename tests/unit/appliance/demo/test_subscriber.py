"""The reference consumer drops doubles, sees gaps and survives what is no result."""

from __future__ import annotations

import io
import json
from typing import Any

from appliance.demo.subscriber import Consumer
from tests.fakes.results import result


def transcript_of(*payloads: bytes) -> list[dict[str, Any]]:
    lines = io.StringIO()
    consumer = Consumer(lines)
    for payload in payloads:
        consumer.take(payload)
    consumer.end()
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_a_result_is_noted_with_what_an_audit_needs() -> None:
    message = result(1)
    noted = transcript_of(message.to_bytes())
    assert noted[0] == {
        "event": "result",
        "id": message.id,
        "boot_id": "0a1b2c3d",
        "seq": 1,
        "inspection_id": 1,
        "outcome": "OK",
        "gate": "pass",
        "double": False,
    }
    assert noted[-1] == {"event": "end", "received": 1, "results": 1, "doubles": 0, "missing": 0, "unreadable": 0}


def test_doubles_are_known_by_their_id_and_make_no_gap() -> None:
    messages = [result(seq).to_bytes() for seq in (1, 2, 3)]
    noted = transcript_of(*messages, *messages[1:], result(4).to_bytes())
    assert [line.get("double") for line in noted[:-1]] == [False, False, False, True, True, False]
    assert (noted[-1]["results"], noted[-1]["doubles"], noted[-1]["missing"]) == (4, 2, 0)


def test_a_gap_is_seen_within_a_boot_and_not_between_boots() -> None:
    noted = transcript_of(
        result(1).to_bytes(), result(5).to_bytes(), result(1, "ffffffff").to_bytes(), result(6).to_bytes()
    )
    gaps = [line for line in noted if line["event"] == "gap"]
    assert gaps == [{"event": "gap", "serial": "OKNG-0001", "boot_id": "0a1b2c3d", "first": 2, "last": 4}]
    assert noted[-1]["missing"] == 3


def test_a_consumer_may_come_late() -> None:
    assert transcript_of(result(100).to_bytes())[-1]["missing"] == 0


def test_what_is_no_result_is_noted() -> None:
    wrong = json.loads(result(1).to_bytes()) | {"outcome": "ERROR", "evaluation": "Undefined"}
    noted = transcript_of(b"no json", json.dumps(wrong).encode())
    assert [line["event"] for line in noted] == ["unreadable", "unreadable", "end"]
    assert "may not pass the gate" in noted[1]["error"]
