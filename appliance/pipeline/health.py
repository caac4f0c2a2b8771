"""How all devices are, and whether the station may take parts."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.domain.device import DeviceId, DeviceState
from appliance.domain.readiness import Hindrance, Readiness

DISK_WARN_BYTES = 1_000_000_000
DISK_FAULT_BYTES = 64_000_000
EVIDENCE_FREE_BYTES = 256_000_000
"""With less, evidence goes too; between this and `DISK_WARN_BYTES` pictures alone."""
SPOOL_HIGH = 0.8
_DISK_EVERY_NS = 500_000_000


@dataclass(frozen=True, slots=True)
class Probes:
    """How to ask each device; every probe is cheap and may be called from any thread.

    `set_up`: whether there is no recipe to judge by, or the camera is being set for one.
    `data_set`: whether a collecting station can keep one more picture; always ok where nothing is collected.
    `golden_due`: production waits for golden parts; `golden_mode`: they are being shown.
    """

    camera: Callable[[], DeviceState]
    plc: Callable[[], DeviceState]
    mqtt: Callable[[], DeviceState]
    model: Callable[[], DeviceState]
    journal: Callable[[], DeviceState]
    camera_ready: Callable[[], bool]
    outbox_fill: Callable[[], float]
    failed_part: Callable[[], str | None]
    clock_synced: Callable[[], bool]
    set_up: Callable[[], bool] = lambda: False
    data_set: Callable[[], DeviceState] = lambda: DeviceState("ok")
    golden_due: Callable[[], bool] = lambda: False
    golden_mode: Callable[[], bool] = lambda: False


class Health:
    """`stopping` and `started` are set by the station as it goes through its life.

    The disk is asked twice a second: it is slower to answer than all the rest together, and fills slowly.
    """

    def __init__(self, probes: Probes, state_dir: Path, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._probes = probes
        self._state_dir = state_dir
        self._now_ns = monotonic_ns
        self._disk_asked: tuple[int, DeviceState] | None = None
        self.started = False
        self.stopping = False

    def devices(self) -> dict[DeviceId, DeviceState]:
        """By the ids of `appliance.live.LiveDevice`, in the page's order."""
        journal = self._probes.journal()
        failed = self._probes.failed_part()
        if journal.state == "ok" and failed is not None:
            journal = DeviceState(
                "fault",
                f"Internal fault in '{failed}'; restart the station and send the log to support",
                f"内部故障（{failed}）；请重启检测站并提交日志",
            )
        if journal.state == "ok" and self._probes.outbox_fill() >= SPOOL_HIGH:
            journal = DeviceState(
                "warn",
                "Results wait for the MES and fill the outbox; mend the MQTT broker",
                "待发送结果即将占满发件箱；请修复 MQTT 服务器",
            )
        return {
            "camera": self._probes.camera(),
            "plc": self._probes.plc(),
            "mqtt": self._probes.mqtt(),
            "disk": self._disk(),
            "model": self._probes.model(),
            "journal": journal,
        }

    def readiness(self) -> Readiness:
        fill = self._probes.outbox_fill()
        return Readiness(
            hindrance=self._hindrance(fill),
            mqtt_connected=self._probes.mqtt().state == "ok",
            spool_high=fill >= SPOOL_HIGH,
            clock_synced=self._probes.clock_synced(),
            alarm=any(state.state in ("warn", "fault") for state in self.devices().values()),
            golden=self._probes.golden_mode(),
        )

    def _hindrance(self, outbox_fill: float) -> Hindrance | None:
        found = {
            Hindrance.STARTING: not self.started,
            Hindrance.STOPPING: self.stopping,
            Hindrance.INTERNAL: self._probes.failed_part() is not None,
            Hindrance.JOURNAL: self._probes.journal().state == "fault",
            Hindrance.DISK: self._disk().state == "fault",
            Hindrance.SPOOL: outbox_fill >= 1.0,
            Hindrance.SET_UP: self._probes.set_up(),
            Hindrance.CAMERA: not self._probes.camera_ready(),
            Hindrance.GOLDEN: self._probes.golden_due(),
        }
        return next((hindrance for hindrance, stands in found.items() if stands), None)

    def _disk(self) -> DeviceState:
        """The disk of the state directory; that of the data set where it is worse."""
        disk, data_set = self._state_disk(), self._probes.data_set()
        return data_set if data_set.state == "fault" and disk.state != "fault" else disk

    def _state_disk(self) -> DeviceState:
        now_ns, asked = self._now_ns(), self._disk_asked
        if asked is None or now_ns - asked[0] >= _DISK_EVERY_NS:
            asked = self._disk_asked = (now_ns, self._ask_disk())
        return asked[1]

    def _ask_disk(self) -> DeviceState:
        try:
            free = shutil.disk_usage(self._state_dir).free
        except OSError as error:
            return DeviceState(
                "fault",
                f"The state directory cannot be reached ({error.strerror}); check the disk",
                "无法访问状态目录；请检查磁盘",
            )
        megabytes = free // 1_000_000
        if free < DISK_FAULT_BYTES:
            return DeviceState(
                "fault", f"Disk full ({megabytes} MB free); free space", f"磁盘已满（剩余 {megabytes} MB）；请清理"
            )
        if free < DISK_WARN_BYTES:
            return DeviceState("warn", f"Disk nearly full ({megabytes} MB free)", f"磁盘将满（剩余 {megabytes} MB）")
        return DeviceState("ok")


def model_state(armed: bool, certified: bool, runtime: str) -> DeviceState:
    """Whether the model may set Pass where the engineer armed the station."""
    if armed and not certified:
        return DeviceState(
            "warn",
            f"Model is not certified on {runtime}: monitor mode; run okng certify here, then start again",
            f"模型未在 {runtime} 上认证：仅监视模式；请在本机运行 okng certify 后重新启动",
        )
    return DeviceState("ok")


def journal_state(writing: DeviceState, aside: Path | None) -> DeviceState:
    """How writing goes, or what was put aside when the journal was opened."""
    if writing.state == "ok" and aside is not None:
        return DeviceState(
            "warn",
            f"The journal was unreadable and was put aside as {aside.name}; keep that file and check the disk",
            f"日志文件损坏，已另存为 {aside.name}；请保留该文件并检查磁盘",
        )
    return writing
