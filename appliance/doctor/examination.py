"""Making the checks: all at once, each on a thread of its own, so that one that hangs or breaks is a finding.

A thread that does not come back is left behind; the process that asked ends soon, and with it the thread. The whole
takes no longer than the longest deadline.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.doctor.check import Check, Finding, Text, failed, unknown
from appliance.doctor.patient import Patient

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Examined:
    """`finding` None: the configuration has no such part. `took_s`: how long the check was waited for."""

    check: Check
    finding: Finding | None
    took_s: float


def examine(patient: Patient, checks: Sequence[Check]) -> tuple[Examined, ...]:
    """The findings in the order of `checks`; blocks until the last is made or its deadline is over."""
    began = time.monotonic()
    under_way = [_UnderWay(check, patient, began) for check in checks]
    return tuple(one.result() for one in under_way)


class _UnderWay:
    def __init__(self, check: Check, patient: Patient, began: float) -> None:
        self._check, self._patient, self._began = check, patient, began
        self._results: list[Examined] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"doctor-{check.id}", daemon=True)
        self._thread.start()

    def result(self) -> Examined:
        left_s = self._began + self._check.deadline_s - time.monotonic()
        if self._done.wait(max(0.0, left_s)):
            return self._results[0]
        seconds = self._check.deadline_s
        hung = failed(
            Text(f"no answer within {seconds:g} s", f"{seconds:g} 秒内无响应"),
            Text(
                "what it asks hangs: unplug and plug in the device, or restart the machine",
                "所查设备挂起：请重新插拔设备或重启机器",
            ),
        )
        return Examined(self._check, hung, seconds)

    def _run(self) -> None:
        try:
            finding = self._finding()
        except Exception as error:  # noqa: BLE001  a thread's top: a check that breaks is a finding of its own
            _log.debug("check %s broke", self._check.id, exc_info=True)
            finding = failed(
                Text(f"the check broke ({_shown(error)})", f"检查程序出错（{_shown(error)}）"),
                Text("send the bundle to the maintainers", "请将诊断包发给维护者"),
            )
        self._results.append(Examined(self._check, finding, time.monotonic() - self._began))
        self._done.set()

    def _finding(self) -> Finding | None:
        check, patient = self._check, self._patient
        if not check.needs_config and not patient.has_config:
            return check.run(patient)
        if not patient.has_config:
            return unknown(
                Text("not made: the configuration is not in order", "未检查：配置有误"),
                Text("correct the configuration first", "请先更正配置"),
            )
        return check.run(patient) if check.applies(patient.config) else None


def _shown(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
