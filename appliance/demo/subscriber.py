"""The reference consumer of results: reads them at QoS 1, drops doubles by id, sees gaps by (serial, boot_id, seq).

    python -m appliance.demo.subscriber --port 1883 --topic-root okng/v1/acme/hall/press/line1/cam1 \
        --transcript mqtt.jsonl

Each line of the transcript is one JSON object: `result` for every message received (`double` when its id came before),
`gap` for sequence numbers that were passed over, `unreadable` for a message that is no result, `end` with the sums.
"""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import TextIO

import click
from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import ValidationError

from appliance.demo import entry
from appliance.errors import NotThere
from appliance.sinks.result_schema import ResultMessage


class Consumer:
    """What a consumer keeps: the ids it has seen, and the last number of every boot of every station."""

    def __init__(self, transcript: TextIO) -> None:
        self._transcript = transcript
        self._ids: set[str] = set()
        self._last_seq: dict[tuple[str, str], int] = {}
        self.received = 0
        self.doubles = 0
        self.missing = 0
        self.unreadable = 0

    def take(self, payload: bytes) -> None:
        """Note one message."""
        try:
            result = ResultMessage.model_validate_json(payload)
        except ValidationError as error:
            self.unreadable += 1
            self._write("unreadable", error=str(error.errors(include_url=False, include_input=False)[0]["msg"]))
            return
        double = result.id in self._ids
        self._ids.add(result.id)
        self.received += 1
        self.doubles += double
        self._write(
            "result",
            id=result.id,
            boot_id=result.boot_id,
            seq=result.seq,
            inspection_id=result.inspection_id,
            outcome=result.outcome,
            gate=result.gate.action,
            double=double,
        )
        if not double:
            self._follow(result)

    def end(self) -> None:
        """Write the sums."""
        self._write(
            "end",
            received=self.received,
            results=len(self._ids),
            doubles=self.doubles,
            missing=self.missing,
            unreadable=self.unreadable,
        )

    def _follow(self, result: ResultMessage) -> None:
        """The first message of a boot starts its count: a consumer may come late."""
        key = (result.station.serial, result.boot_id)
        last = self._last_seq.get(key, result.seq - 1)
        if result.seq > last + 1:
            self.missing += result.seq - last - 1
            self._write("gap", serial=key[0], boot_id=key[1], first=last + 1, last=result.seq - 1)
        self._last_seq[key] = max(last, result.seq)

    def _write(self, event: str, **fields: object) -> None:
        self._transcript.write(json.dumps({"event": event, **fields}) + "\n")
        self._transcript.flush()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=1883, show_default=True)
@click.option("--topic-root", required=True, help="okng/v1/ENTERPRISE/SITE/AREA/LINE/STATION")
@click.option("--transcript", type=click.Path(path_type=Path), required=True)
def subscriber(host: str, port: int, topic_root: str, transcript: Path) -> None:
    """Write down every result until SIGTERM; prints `ready` when subscribed."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with transcript.open("a", encoding="utf-8") as lines:
        consumer = Consumer(lines)
        client = _client(consumer, f"{topic_root}/evt/result")
        try:
            client.connect(host, port)
        except OSError as error:
            why = error.strerror or error
            raise NotThere(f"MQTT broker {host}:{port} not reachable ({why}); start it first") from error
        client.loop_start()
        stop.wait()
        client.disconnect()
        client.loop_stop()
        consumer.end()


def _client(consumer: Consumer, topic: str) -> Client:
    """The broker keeps the session while the consumer is away; in MQTT 3.1.1 that is `clean_session=False`."""
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id="okng-reference-consumer",
        clean_session=False,
        protocol=MQTTProtocolVersion.MQTTv311,
    )
    client.reconnect_delay_set(1, 60)

    def on_connect(
        client: Client, userdata: object, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if not reason.is_failure:
            client.subscribe(topic, qos=1)

    def on_message(client: Client, userdata: object, message: MQTTMessage) -> None:
        consumer.take(bytes(message.payload))

    client.on_connect = on_connect
    client.on_subscribe = lambda *_: click.echo("ready")
    client.on_message = on_message
    return client


if __name__ == "__main__":
    entry.run(subscriber)
