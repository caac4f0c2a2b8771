"""How far the station would get with its MQTT broker: reach it, trust it, be let in, be allowed to write.

Each step is made by a client of the doctor's own: with an id that no station has, without a will, with a session that
ends with it, and a message that is not retained. So nothing the station or the MES relies on is touched.
"""

from __future__ import annotations

import json
import secrets
import socket
import ssl
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from appliance.config.schema import Config, MqttConfig
from appliance.domain.device import DeviceState
from appliance.errors import OkngError
from appliance.sinks import mqtt_faults as faults
from appliance.sinks.mqtt_connection import Ack, Login, Outgoing, PahoConnection
from appliance.sinks.mqtt_faults import BrokerFault
from appliance.sinks.mqtt_files import check_files

TOPIC_SUFFIX = "evt/doctor"
_CONNECT_S = 5.0
_ACK_S = 5.0


@dataclass(frozen=True, slots=True)
class Broker:
    """None: the step before it failed, so that this one was not made. `expires` belongs to the broker's certificate."""

    reached: DeviceState
    trusted: DeviceState | None = None
    expires: datetime | None = None
    let_in: DeviceState | None = None
    may_write: DeviceState | None = None


def ask_broker(config: Config) -> Broker:
    """Blocks for 20 s at most."""
    mqtt = config.mqtt
    try:
        with socket.create_connection((mqtt.host, mqtt.port), timeout=_CONNECT_S) as connection:
            trusted, expires = _trust(mqtt, connection)
    except OSError as error:
        return Broker(faults.unreachable(mqtt, error.strerror or str(error)))
    if trusted.state != "ok":
        return Broker(faults.OK, trusted, expires)
    let_in, may_write = _enter(config)
    return Broker(faults.OK, trusted, expires, let_in, may_write)


def _trust(mqtt: MqttConfig, connection: socket.socket) -> tuple[DeviceState, datetime | None]:
    """The TLS handshake alone; ok without TLS."""
    if mqtt.ca_file is None:
        return faults.OK, None
    try:
        context = ssl.create_default_context(cafile=mqtt.ca_file)
        with context.wrap_socket(connection, server_hostname=mqtt.host) as secured:
            ends = str((secured.getpeercert() or {}).get("notAfter", ""))
    except ssl.SSLError as error:
        return faults.untrusted(mqtt, error.reason or str(error)), None
    except OSError as error:
        return faults.untrusted(mqtt, error.strerror or str(error)), None
    return faults.OK, datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None


def _enter(config: Config) -> tuple[DeviceState, DeviceState | None]:
    mqtt = config.mqtt
    login = Login(f"okng-doctor-{secrets.token_hex(4)}", will=None, fresh=True, session_expiry_s=0)
    try:
        check_files(mqtt)
        with closing(PahoConnection(mqtt, login)) as connection:
            connection.open(lambda: False)
            try:
                return faults.OK, _write(connection, config)
            except BrokerFault as fault:
                return faults.OK, fault.state
            finally:
                connection.disconnect()
    except BrokerFault as fault:
        return fault.state, None
    except OkngError as error:
        return faults.misconfigured(str(error)), None


def _write(connection: PahoConnection, config: Config) -> DeviceState:
    topic = f"okng/v1/{config.station.path}/{TOPIC_SUFFIX}"
    payload = json.dumps({"schema": "okng.doctor_visit/1", "serial": config.station.serial}).encode()
    packet = connection.publish(Outgoing(topic, payload, False, "okng.doctor_visit/1", "00000000", expiry_s=60))
    answer = _answer(connection, packet)
    if answer is None:
        return faults.silent(config.mqtt)
    return faults.OK if answer.accepted else faults.denied(config.mqtt, (topic,))


def _answer(connection: PahoConnection, packet: int) -> Ack | None:
    deadline = time.monotonic() + _ACK_S
    while time.monotonic() < deadline:
        for ack in connection.poll(0.1):
            if ack.packet_id == packet:
                return ack
    return None
