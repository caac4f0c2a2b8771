"""TLS: a broker with the right certificate is used, another one is refused before the password leaves the station."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.fakes.mosquitto import Mosquitto
from tests.fakes.publisher import Running
from tests.fakes.tls import self_signed
from tests.fakes.waiting import until

Start = Callable[..., Running]


def test_only_the_broker_of_the_ca_file_is_trusted(tmp_path: Path, start: Start) -> None:
    right, other = self_signed(tmp_path / "right.pem"), self_signed(tmp_path / "other.pem")
    with Mosquitto(tmp_path / "broker", certificate=right) as broker:
        trusting = start(broker.port, ca_file=right.with_suffix(".crt"), client_id="trusting")
        trusting.add(3)
        until(lambda: len(trusting.outbox) == 0, "delivered over TLS")
        careful = start(broker.port, ca_file=other.with_suffix(".crt"), client_id="careful")
        careful.add(3)
        until(lambda: careful.states, "the refusal")
        assert careful.states[-1].state == "fault"
        assert "cannot be trusted" in careful.states[-1].text_en
        assert "correct [mqtt] ca_file" in careful.states[-1].text_en
        assert len(careful.outbox) == 3
        assert "careful" not in broker.log.read_text()


def test_a_station_that_expects_tls_sends_nothing_in_clear(tmp_path: Path, start: Start) -> None:
    certificate = self_signed(tmp_path / "right.pem")
    with Mosquitto(tmp_path / "broker") as broker:
        station = start(broker.port, ca_file=certificate.with_suffix(".crt"), client_id="careful")
        station.add(1)
        until(lambda: station.states, "the refusal")
        assert station.states[-1].state == "fault"
        assert len(station.outbox) == 1
        assert "careful" not in broker.log.read_text()
