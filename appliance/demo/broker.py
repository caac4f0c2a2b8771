"""An MQTT 3.1.1 broker for the demonstration and for trying things out: loopback only, no accounts, nothing on disk.

python -m appliance.demo.broker --port 1883
"""

from __future__ import annotations

import asyncio
import errno
import logging
import signal

import click
from amqtt.broker import Broker  # type: ignore[import-untyped]
from amqtt.contexts import BrokerConfig, ListenerConfig  # type: ignore[import-untyped]
from amqtt.errors import BrokerError  # type: ignore[import-untyped]

from appliance.demo import entry
from appliance.errors import NotThere

HOST = "127.0.0.1"


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=1883, show_default=True)
def broker(port: int) -> None:
    """Serve MQTT 3.1.1 on 127.0.0.1 until SIGTERM; prints `ready` when clients may connect."""
    # amqtt reports a taken port with a stack trace, and every client's coming and going.
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.CRITICAL)
    asyncio.run(_serve(port))


async def _serve(port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = Broker(
        BrokerConfig(
            listeners={"default": ListenerConfig(bind=f"{HOST}:{port}")},
            plugins={"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        )
    )
    try:
        await server.start()
    except BrokerError as error:
        taken = isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE
        why = "is taken" if taken else f"cannot be opened ({error.__cause__})"
        raise NotThere(f"port {port} {why}; choose another with --port") from error
    click.echo("ready")
    await stop.wait()
    await server.shutdown()


if __name__ == "__main__":
    entry.run(broker)
