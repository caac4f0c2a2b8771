"""What a broker hands to the station, before anybody has looked into it."""

from __future__ import annotations

from dataclasses import dataclass

from paho.mqtt.client import MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions


@dataclass(frozen=True, slots=True)
class Subscription:
    """`number` is another one at each connection: by it MQTT 5 tells whether a message was meant for this one."""

    topics: str
    number: int

    @property
    def options(self) -> SubscribeOptions:
        # As published: without it a broker hides from the station that a message it sees at once was a retained one.
        return SubscribeOptions(qos=1, retainAsPublished=True)

    @property
    def properties(self) -> Properties:
        properties = Properties(PacketTypes.SUBSCRIBE)  # type: ignore[no-untyped-call]
        properties.SubscriptionIdentifier = self.number
        return properties


@dataclass(frozen=True, slots=True)
class Incoming:
    """`stale`: it came to the broker while the station was not connected, and waited there."""

    topic: str
    payload: bytes
    retained: bool
    stale: bool
    packet_id: int
    qos: int
    response_topic: str | None = None
    correlation: bytes | None = None


def incoming_of(message: MQTTMessage, subscription: Subscription, *, v5: bool) -> Incoming:
    """MQTT 3.1.1 has none of the properties; there the station keeps no session, so nothing waits at the broker."""
    properties = message.properties if v5 else None
    numbers = getattr(properties, "SubscriptionIdentifier", [])
    return Incoming(
        topic=message.topic,
        payload=bytes(message.payload),
        retained=bool(message.retain),
        stale=v5 and subscription.number not in numbers,
        packet_id=message.mid,
        qos=message.qos,
        response_topic=getattr(properties, "ResponseTopic", None),
        correlation=getattr(properties, "CorrelationData", None),
    )
