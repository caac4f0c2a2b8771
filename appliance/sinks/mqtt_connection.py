"""One connection to an MQTT broker; the only module that knows paho.

A connection is used once: when it breaks, a fresh one is made. paho keeps unacknowledged messages in memory and sends
them again by itself, which would double the outbox and lose the order; with a client of its own for each connection the
outbox on disk is the only queue. paho's callbacks run inside `open`, `poll` and `close`, on the caller's thread; they
only note what happened.
"""

from __future__ import annotations

import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from appliance.config.schema import MqttConfig
from appliance.domain.device import DeviceState
from appliance.sinks import mqtt_faults as faults
from appliance.sinks.mqtt_faults import BrokerFault
from appliance.sinks.mqtt_files import read_password
from appliance.sinks.mqtt_incoming import Incoming, Subscription, incoming_of

WINDOW = 20
CONNECT_TIMEOUT_S = 5.0
FAREWELL_TIMEOUT_S = 2.0
TICK_S = 0.05
SESSION_EXPIRY_S = 3600
WILL_DELAY_S = 5
FAILURE_FROM = 0x80
MAX_PACKET = 16 * 1024


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One QoS 1 message. `schema` and `boot_id` travel as user properties in MQTT 5; `expiry_s` 0 is never.

    `correlation`: what the caller of a command sent along, in MQTT 5.
    """

    topic: str
    payload: bytes
    retain: bool
    schema: str
    boot_id: str
    expiry_s: int = 0
    correlation: bytes | None = None


@dataclass(frozen=True, slots=True)
class Ack:
    """The broker's answer to one message; `accepted` is False for every failing reason code."""

    packet_id: int
    accepted: bool
    reason: str


class Connection(Protocol):
    """One thread opens, uses and closes it. `deaf`: why the broker lets no commands through, or empty."""

    window: int
    deaf: str

    def open(self, give_up: Callable[[], bool]) -> None:
        """Connect and wait for the broker's answer; blocks at most 10 s. Raises: BrokerFault."""

    def publish(self, message: Outgoing) -> int:
        """Hand a message over and return its packet id; does not block. Raises: BrokerFault."""

    def poll(self, timeout_s: float) -> tuple[Ack, ...]:
        """Do the network's work, waiting at most `timeout_s` for something to do. Raises: BrokerFault."""

    def take(self, most: int) -> tuple[Incoming, ...]:
        """The next messages that the station subscribed to, at most so many; each is to be accepted."""

    def accept(self, said: Incoming) -> None:
        """Acknowledge a message: the broker may forget it. Raises: BrokerFault."""

    def disconnect(self) -> None:
        """Leave in order, so that the broker drops the will; blocks at most 2 s."""

    def close(self) -> None:
        """Let go of the socket; without a `disconnect` before, the broker publishes the will."""


@dataclass(frozen=True, slots=True)
class Login:
    """`will`: what the broker says when the station vanishes; `fresh` drops the session of an earlier process.

    `session_expiry_s`: how long the broker keeps the session of a client that is gone (MQTT 5).
    `commands`: what to subscribe to once connected, if anything.
    """

    client_id: str
    will: Outgoing | None
    fresh: bool
    session_expiry_s: int = SESSION_EXPIRY_S
    commands: Subscription | None = None


class PahoConnection:
    """Adapter of `Connection` to paho-mqtt."""

    def __init__(self, config: MqttConfig, login: Login) -> None:
        self.window = WINDOW
        self._config = config
        self._login = login
        self._v5 = config.version == "5"
        self._refusal: ReasonCode | None = None
        self._connected = False
        self._end: ReasonCode | None = None
        self._acks: list[Ack] = []
        self._inbox: deque[Incoming] = deque()
        self.deaf = ""
        self._client = self._make_client()

    def open(self, give_up: Callable[[], bool]) -> None:
        try:
            self._connect()
        except ssl.SSLError as error:
            raise BrokerFault(faults.untrusted(self._config, error.reason or str(error))) from error
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise BrokerFault(faults.unreachable(self._config, why)) from error
        deadline = time.monotonic() + CONNECT_TIMEOUT_S
        while not self._connected:
            rc = self._client.loop(TICK_S)
            if self._refusal is not None:
                raise BrokerFault(faults.refused(self._config, self._refusal.value, self._refusal.getName()))
            if rc != MQTTErrorCode.MQTT_ERR_SUCCESS or time.monotonic() > deadline or give_up():
                raise BrokerFault(faults.unwelcome(self._config))

    def publish(self, message: Outgoing) -> int:
        info = self._client.publish(
            message.topic, message.payload, qos=1, retain=message.retain, properties=self._properties(message)
        )
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BrokerFault(self._why_lost())
        return info.mid

    def poll(self, timeout_s: float) -> tuple[Ack, ...]:
        rc = self._client.loop(timeout_s)
        acks, self._acks = tuple(self._acks), []
        # What was acknowledged before the connection broke is delivered: hand it out, break at the next call.
        if not acks and (rc != MQTTErrorCode.MQTT_ERR_SUCCESS or not self._connected):
            raise BrokerFault(self._why_lost())
        return acks

    def take(self, most: int) -> tuple[Incoming, ...]:
        return tuple(self._inbox.popleft() for _ in range(min(most, len(self._inbox))))

    def accept(self, said: Incoming) -> None:
        if self._client.ack(said.packet_id, said.qos) != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BrokerFault(self._why_lost())

    def disconnect(self) -> None:
        self._client.disconnect()
        deadline = time.monotonic() + FAREWELL_TIMEOUT_S
        # paho closes its socket once the farewell is written.
        while self._client.socket() is not None and time.monotonic() < deadline:
            self._client.loop(TICK_S)

    def close(self) -> None:
        sock = self._client.socket()
        if sock is not None:
            sock.close()
        # A client that points back here would wait for the garbage collector, which the station stops.
        client = self._client
        client.on_connect = client.on_disconnect = client.on_publish = client.on_message = client.on_subscribe = None

    def _make_client(self) -> Client:
        config, will = self._config, self._login.will
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._login.client_id,
            clean_session=None if self._v5 else True,
            protocol=MQTTProtocolVersion.MQTTv5 if self._v5 else MQTTProtocolVersion.MQTTv311,
            # Also keeps paho from falling back to MQTT 3.1 on its own.
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        if config.username is not None:
            client.username_pw_set(config.username, read_password(config))
        if config.ca_file is not None:
            client.tls_set(ca_certs=str(config.ca_file))
        if will is not None:
            self._set_will(client, will)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        return client

    def _set_will(self, client: Client, will: Outgoing) -> None:
        properties = None
        if self._v5:
            properties = _properties_of(PacketTypes.WILLMESSAGE)
            properties.WillDelayInterval = WILL_DELAY_S
            _identify(properties, will)
        client.will_set(will.topic, will.payload, qos=1, retain=True, properties=properties)

    def _connect(self) -> None:
        # paho notices a silent broker after two of its periods: two thirds make that 1.33 of ours.
        keepalive_s = max(1, self._config.keepalive_s * 2 // 3)
        if not self._v5:
            self._client.connect(self._config.host, self._config.port, keepalive_s)
            return
        properties = _properties_of(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = self._login.session_expiry_s
        properties.ReceiveMaximum = WINDOW
        properties.MaximumPacketSize = MAX_PACKET
        self._client.connect(
            self._config.host, self._config.port, keepalive_s, clean_start=self._login.fresh, properties=properties
        )

    def _properties(self, message: Outgoing) -> Properties | None:
        if not self._v5:
            return None
        properties = _properties_of(PacketTypes.PUBLISH)
        if message.expiry_s:
            properties.MessageExpiryInterval = message.expiry_s
        if message.correlation is not None:
            properties.CorrelationData = message.correlation
        _identify(properties, message)
        return properties

    def _why_lost(self) -> DeviceState:
        if self._end is None:
            return faults.lost(self._config, 0, "connection closed")
        if self._end.getName() == "Keep alive timeout":
            return faults.silent(self._config)
        return faults.lost(self._config, self._end.value, self._end.getName())

    def _on_connect(
        self, client: Client, userdata: object, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._refusal = reason
            return
        self._connected = True
        self.window = min(WINDOW, getattr(properties, "ReceiveMaximum", WINDOW))
        self._subscribe(client, properties)

    def _subscribe(self, client: Client, properties: Properties | None) -> None:
        if (commands := self._login.commands) is None:
            return
        if not self._v5:
            client.subscribe(commands.topics, qos=1)
        elif getattr(properties, "SubscriptionIdentifierAvailable", 1):
            client.subscribe(commands.topics, options=commands.options, properties=commands.properties)
        else:  # then nothing would tell a command of now from one that waited for an hour
            self.deaf = "it has no subscription identifiers"

    def _on_subscribe(
        self, client: Client, userdata: object, packet_id: int, reasons: list[ReasonCode], properties: Properties
    ) -> None:
        self.deaf = next((reason.getName() for reason in reasons if reason.is_failure), "")

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        if self._login.commands is None:
            return
        said = incoming_of(message, self._login.commands, v5=self._v5)
        # At QoS 1 the broker sends no more than it may before it is answered; at QoS 0 nothing holds it back.
        if said.qos == 0 and len(self._inbox) >= WINDOW:
            return
        self._inbox.append(said)

    def _on_disconnect(
        self,
        client: Client,
        userdata: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._connected = False
        self._end = reason

    def _on_publish(
        self, client: Client, userdata: object, packet_id: int, reason: ReasonCode, properties: Properties
    ) -> None:
        self._acks.append(Ack(packet_id, reason.value < FAILURE_FROM, reason.getName()))


def _properties_of(packet_type: int) -> Properties:
    return Properties(packet_type)  # type: ignore[no-untyped-call]


def _identify(properties: Properties, message: Outgoing) -> None:
    properties.UserProperty = [("schema", message.schema), ("boot_id", message.boot_id)]
