"""A station with nothing but a PLC link: admits one part at a time and answers each after a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from firmware_bridge.errors import BridgeError
from firmware_bridge.line import Evaluation, PlcResult, TriggerRequest
from firmware_bridge.slave import PlcSlave
from firmware_bridge.transport import SerialTransport
from tests.fakes.plc_line import counters, status


def ok_part(request: TriggerRequest, tag: int) -> PlcResult:
    now_ns = time.monotonic_ns()
    return PlcResult(tag, Evaluation.OK, 0, 0.1, False, False, now_ns, now_ns + 10_000_000_000)


class PlcStation:
    """Serves `port` whenever it can be opened; beats, publishes and answers on a thread of its own."""

    def __init__(
        self,
        port: Path,
        boot_id: int = 1,
        work_s: float = 0.005,
        judge: Callable[[TriggerRequest, int], PlcResult] = ok_part,
    ) -> None:
        self.port = port
        self.slave = PlcSlave(unit=1, boot_id=boot_id, serial="OKNG-TEST", line=self)
        self.lost: list[BridgeError] = []
        self.admitted = 0
        self.answered = 0
        self._work_s = work_s
        self._judge = judge
        self._stop = threading.Event()
        self._asked = threading.Event()
        self._job: tuple[TriggerRequest, int] | None = None
        self._threads = [threading.Thread(target=self._serve), threading.Thread(target=self._work)]

    def admit(self, request: TriggerRequest) -> int | None:
        if self._job is not None:
            return None
        self.admitted += 1
        tag = request.tag or self.admitted
        self._job = (request, tag)
        self._publish()
        self._asked.set()
        return tag

    def load_job(self, job: int) -> bool:
        return job == 1

    def start(self) -> None:
        self._publish()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._asked.set()
        for thread in self._threads:
            thread.join(10)

    def _publish(self) -> None:
        self.slave.publish(status(ready=self._job is None, counters=counters(self.admitted, self.answered)))

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                transport = SerialTransport(self.port)
                try:
                    self.slave.serve(transport, self._stop)
                finally:
                    transport.close()
            except BridgeError as error:
                self.lost.append(error)
                self._stop.wait(0.02)

    def _work(self) -> None:
        while not self._stop.is_set():
            self.slave.beat()
            if not self._asked.wait(0.1) or self._job is None:
                continue
            self._asked.clear()
            self._stop.wait(self._work_s)
            request, tag = self._job
            self.answered += 1
            self._job = None
            self._publish()
            self.slave.answer(self._judge(request, tag))


@contextmanager
def running(station: PlcStation) -> Iterator[PlcStation]:
    """Started, and stopped whatever happens."""
    station.start()
    try:
        yield station
    finally:
        station.stop()
