"""A station that only talks: speaks the live protocol on a real Unix socket, and says exactly what a test tells it."""

from __future__ import annotations

import contextlib
import socket
import threading
import uuid
from pathlib import Path
from typing import Any

from appliance.domain.reasons import Reason
from appliance.domain.stages import Stage
from appliance.live import Live, LiveCounters, LiveDefect, LiveDevice, LiveStatus, LiveVerdict
from appliance.live_metrics import LiveMetrics
from appliance.pipeline.histograms import BOUNDS_S

BOOT = "0a1b2c3d"
SCRATCH = LiveDefect(
    label="scratch", code=1, name_en="Scratch", name_zh="划痕", score=0.83, box=(466, 186, 184, 98)
)  # upper right of a 900 x 640 picture
REASONS = {
    "OK": ("score_below_limit", "No defect found", "未发现缺陷"),
    "NG": ("score_above_limit", "Defect found", "发现缺陷"),
    "RECHECK": (
        "score_between_limits",
        "Too close to the limit to decide; look at the part",
        "接近界限,无法判定;请人工复检",
    ),
    "ERROR": ("answer_late", "Verdict could not be stored in time; part rejected", "结果未能及时保存;工件已剔除"),
    "NO_PART": ("no_part", "No part in the picture", "图像中没有工件"),
}
SCORES = {"OK": 0.06, "NG": 0.83, "RECHECK": 0.48, "ERROR": None, "NO_PART": None}
DEVICE_IDS = ("camera", "plc", "mqtt", "disk", "model", "journal")


def verdict(outcome: str, number: int = 1287, **changes: Any) -> LiveVerdict:
    reason, english, chinese = REASONS[outcome]
    score = SCORES[outcome]
    fields: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "number": number,
        "inspection_id": number,
        "outcome": outcome,
        "decided_by": "fault" if outcome == "ERROR" else "model",
        "reason": reason,
        "reason_en": english,
        "reason_zh": chinese,
        "score": score,
        "ok_below": None if score is None else 0.40,
        "ng_from": None if score is None else 0.55,
        "defects": (SCRATCH,) if outcome == "NG" else (),
        "picture": True,
        "width_px": 900,
        "height_px": 640,
        "latency_ms": 38.2,
        "decided_utc": "2026-11-18T02:42:03.120Z",
    }
    return LiveVerdict(**(fields | changes))


def devices(**changes: tuple[str, str, str]) -> tuple[LiveDevice, ...]:
    """All six ok but those named: `camera=("fault", "english", "chinese")`."""
    rows = {name: changes.get(name, ("ok", "", "")) for name in DEVICE_IDS}
    return tuple(
        LiveDevice.model_validate({"id": name, "state": state, "text_en": english, "text_zh": chinese})
        for name, (state, english, chinese) in rows.items()
    )


def status(**changes: Any) -> LiveStatus:
    fields: dict[str, Any] = {
        "boot_id": BOOT,
        "utc": "2026-11-18T02:42:03Z",
        "name": "Line 2 · Station 3",
        "path": "okng/site/area/line/station",
        "serial": "OKNG-0001",
        "software": "0.1.0",
        "recipe_name": "Flange ring 42",
        "recipe_version": "7",
        "model_id": "flange-demo",
        "model_runtime": "openvino",
        "lot": "A-26-1118",
        "armed": True,
        "ready": True,
        "simulated": False,
        "counters": LiveCounters(accepted=1287, ok=1258, ng=28, recheck=1, no_part=0, error=0, in_flight=0, missed=0),
        "drops": 0,
        "outbox_depth": 0,
        "latency_p50_ms": 38.0,
        "latency_p99_ms": 44.0,
        "devices": devices(),
        "ng_rate": tuple((50, ng) for ng in (0, 1, 0, 1, 1, 0, 2, 1, 0, 1, 1, 0, 1, 2, 0, 1, 0, 1, 0, 6)),
    }
    return LiveStatus(**(fields | changes))


def metrics(**changes: Any) -> LiveMetrics:
    """The figures of the same station; the counters fit those of `status`."""
    counts = (0, 0, 0, 10, 300, 900, 77, *[0] * 9)
    fields: dict[str, Any] = {
        "boot_id": BOOT,
        "started_s": 1_795_000_000.0,
        "facts": {
            "path": "okng/site/area/line/station",
            "name": "Line 2 · Station 3",
            "serial": "OKNG-0001",
            "software": "0.1.0",
            "recipe": "flange-42",
            "recipe_version": "7",
            "model": "flange-demo",
            "runtime": "openvino",
            "simulated": False,
        },
        "armed": True,
        "armed_configured": True,
        "hindrance": None,
        "deadline_s": 1.0,
        "devices": dict.fromkeys(DEVICE_IDS, "ok"),
        "durations": {"bounds_s": BOUNDS_S, "stages": {stage: {"counts": counts, "total_s": 40.5} for stage in Stage}},
        "ledger": {
            **{"accepted": 1290, "ok": 1258, "ng": 26, "recheck": 1, "no_part": 0, "error": 2, "in_flight": 3},
            **{"missed": 4, "late": 1, "refused_verdicts": 1},
            "errors": {Reason.DEADLINE_MISSED: 1, Reason.NO_FRAME: 1},
        },
        "camera": {"pictures": 1300, "lost": 3, "unusable": 1, "frozen": 0, "openings": 2, "left_behind": 0},
        "workers": {
            name: {"queued": 1, "refused": 0, "crashes": 0} for name in ("capture", "infer", "record", "pictures")
        },
        "drops": {"picture_shed": 5},
        "outbox": {"rows": 2, "bytes": 2400, "limit_bytes": 256_000_000, "oldest_s": 1.5},
        "process": {"cpu_s": 61.5, "resident_bytes": 2e8, "threads": 12, "open_files": 20, "max_open_files": 1024},
        "machine": {
            **{"disk_free_bytes": 5_000_000_000, "disk_bytes": 32_000_000_000, "temperatures": {"cpu-thermal-0": 54.5}},
            **{"throttled": False, "throttle_events": 0, "clock_synchronized": True},
        },
    }
    return LiveMetrics.model_validate(fields | changes)


class StationSocket:
    """Listens on `<state_dir>/run/station.sock`; `greeting` is said to every reader that connects."""

    def __init__(self, state_dir: Path) -> None:
        self.pictures = state_dir / "run" / "live"
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.path = state_dir / "run" / "station.sock"
        self.greeting: list[Live] = []
        self._readers: list[socket.socket] = []
        self._changed = threading.Condition()
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self.path))
        listener.listen()
        self._listener = listener
        self._thread = threading.Thread(target=self._accept, args=(listener,), name="fake-station", daemon=True)
        self._thread.start()

    def wait_for_reader(self, timeout_s: float = 10.0) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: bool(self._readers), timeout_s), "nobody connected"

    def show(self, part: LiveVerdict, jpeg: bytes) -> None:
        """Writes the part's preview, then says its verdict, in the station's order."""
        (self.pictures / f"{part.id}.jpg").write_bytes(jpeg)
        self.say(part)

    def say(self, *messages: Live) -> None:
        self.say_bytes(b"".join(message.model_dump_json().encode() + b"\n" for message in messages))

    def say_bytes(self, data: bytes) -> None:
        with self._changed:
            readers = list(self._readers)
        for reader in readers:
            with contextlib.suppress(OSError):
                reader.sendall(data)

    def stop(self) -> None:
        """Gone, as after a kill: the listener and every connection are closed."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._listener = self._thread = None
        with self._changed:
            for reader in self._readers:
                reader.close()
            self._readers.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                reader, _ = listener.accept()
            except OSError:
                return
            reader.sendall(b"".join(message.model_dump_json().encode() + b"\n" for message in self.greeting))
            with self._changed:
                self._readers.append(reader)
                self._changed.notify_all()
