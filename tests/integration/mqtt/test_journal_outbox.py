"""What the journal owes the MES survives the death of the publishing process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from appliance.config.schema import MqttConfig
from appliance.domain.device import DeviceState
from appliance.sinks.mqtt import MqttPublisher
from appliance.store.journal import Journal
from tests.fakes.mosquitto import Listener, Mosquitto
from tests.fakes.publisher import first_seen, ids_of
from tests.fakes.results import BOOT_ID, IDENTITY, ROOT, record, result, status
from tests.fakes.waiting import until

REPO = Path(__file__).parents[3]
RESULTS = 100


PUBLISH = """
import sys, threading
from pathlib import Path
from appliance.config.schema import MqttConfig
from appliance.sinks.mqtt import MqttPublisher
from appliance.store.journal import Journal
from tests.fakes.results import BOOT_ID, IDENTITY, ROOT, status
journal = Journal(Path(sys.argv[1]), boot_id=BOOT_ID, publish=True)
config = MqttConfig(enabled=True, port=int(sys.argv[2]))
def connected(state):
    print(state.state, flush=True)
    sys.stdin.readline()
publisher = MqttPublisher(config, ROOT, journal, lambda: IDENTITY, status, connected)
threading.Thread(target=publisher.run, args=(threading.Event(),)).start()
while publisher.in_flight < 20:
    threading.Event().wait(0.01)
print("full", flush=True)
"""


def test_what_a_killed_process_had_in_flight_is_sent_again(tmp_path: Path) -> None:
    """SIGKILL with a full window: the broker may have had all, some or none of it, the consumer loses nothing."""
    path = tmp_path / "station.db"
    journal = Journal(path, boot_id=BOOT_ID, publish=True)
    sent = [result(seq) for seq in range(1, RESULTS + 1)]
    journal.write([record(seq, one.to_bytes()) for seq, one in enumerate(sent, start=1)])
    journal.close()
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as listener:
        command = [sys.executable, "-c", PUBLISH, str(path), str(broker.port)]
        environment = {**os.environ, "PYTHONPATH": str(REPO)}
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=REPO, env=environment, stdin=pipe, stdout=pipe) as first:
            assert first.stdin is not None and first.stdout is not None
            assert first.stdout.readline() == b"ok\n"
            broker.freeze()
            first.stdin.write(b"go on\n")
            first.stdin.flush()
            assert first.stdout.readline() == b"full\n"
            first.kill()
        broker.thaw()
        assert publish_all(path, broker.port) == 0
        until(lambda: len(first_seen(ids_of(listener.on("evt/result")))) == RESULTS, "all results")
        heard = ids_of(listener.on("evt/result"))
    assert first_seen(heard) == [one.id for one in sent]
    assert json.loads(listener.on("state/availability")[-1].payload)["online"] is False


def publish_all(path: Path, port: int) -> int:
    """Publish what the journal owes, as the next process would, and return how many rows are left on disk."""
    journal = Journal(path, boot_id=BOOT_ID, publish=True)
    states: list[DeviceState] = []
    stop = threading.Event()
    config = MqttConfig(enabled=True, port=port)
    publisher = MqttPublisher(config, ROOT, journal, lambda: IDENTITY, status, states.append)
    thread = threading.Thread(target=publisher.run, args=(stop,))
    thread.start()

    def written_off() -> bool:
        journal.write(())
        return journal.outbox_rows == 0

    until(written_off, "everything is delivered", 20.0)
    stop.set()
    thread.join(10.0)
    journal.close()
    return journal.outbox_rows
