"""Holds what PLC and subscriber wrote down against the journal: every verdict once, none lost, none invented."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from appliance.cameras.flange_defects import EMPTY
from appliance.demo.watcher import Watcher

FIRST_VERDICT_WITHIN_S = 10.0
Key = tuple[object, ...]
_EVALUATIONS = {"OK": 1, "NG": 2, "RECHECK": 3, "NO_PART": 0, "ERROR": 0}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the audit; `passed` is None for a figure that is only told."""

    name: str
    passed: bool | None
    detail: str

    def __str__(self) -> str:
        mark = "    " if self.passed is None else "pass" if self.passed else "FAIL"
        return f"  {mark}  {self.name:<34} {self.detail}"


@dataclass(frozen=True, slots=True)
class Findings:
    rows: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return all(row.passed is not False for row in self.rows)

    @property
    def text(self) -> str:
        return "\n".join(str(row) for row in self.rows)


@dataclass(frozen=True, slots=True)
class JournalRow:
    """What the audit needs of one row of the journal."""

    id: str
    inspection_id: int
    outcome: str
    supersedes: str | None
    picture: str


@dataclass(frozen=True, slots=True)
class Tally:
    """Deliveries held against the journal: `lost` were owed and not heard, `extra` were heard twice or never owed."""

    owed: int
    heard: int
    lost: int
    extra: int


def audit(state: Path, watcher: Watcher, *, simulator_code: int | None, network_log: Path) -> Findings:
    """All findings of one run, from the files it left in `state`."""
    rows = read_journal(state / "station.db")
    results = [line for line in read_lines(state / "plc.jsonl") if line.get("event") == "result"]
    received = [line for line in read_lines(state / "mqtt.jsonl") if line.get("event") == "result"]
    escapes = network_log.read_text(encoding="utf-8").splitlines()
    outcomes = Counter(row.outcome for row in rows)
    first = watcher.first_verdict_s
    return Findings(
        (
            Finding("OK and NG seen", bool(outcomes["OK"] and outcomes["NG"]), _counted(outcomes)),
            Finding(
                "ledger identity in every snapshot",
                watcher.snapshots > 0 and watcher.unbalanced == 0 and watcher.unreadable == 0,
                f"{watcher.snapshots} snapshots, {watcher.unbalanced} unbalanced, {watcher.unreadable} unreadable",
            ),
            _once(
                "PLC: every verdict exactly once",
                plc_tally(rows, results, armed=watcher.status is not None and watcher.status.armed),
                simulator_code == 0,
            ),
            _once("MQTT: every verdict exactly once", mqtt_tally(rows, received), True),
            Finding(
                "first verdict within 10 s of start",
                first is not None and first <= FIRST_VERDICT_WITHIN_S,
                "none" if first is None else f"{first:.1f} s",
            ),
            Finding("nothing tried to leave the machine", not escapes, escapes[0] if escapes else "0 attempts"),
            _truth(rows, read_lines(state / "run" / "truth.jsonl")),
            _latency(watcher),
        )
    )


def read_journal(path: Path) -> list[JournalRow]:
    """All rows in the order of their parts."""
    with closing(sqlite3.connect(path)) as db:
        found = db.execute(
            "SELECT id, inspection_id, outcome, supersedes, picture FROM parts ORDER BY boot_id, number, seq"
        )
        return [JournalRow(*row) for row in found]


def plc_tally(rows: list[JournalRow], results: list[dict[str, object]], *, armed: bool) -> Tally:
    """The PLC hears the last word on each part: what was superseded was never answered. Pass stands for OK alone."""
    replaced = {row.supersedes for row in rows}
    owed: Counter[Key] = Counter(
        (row.inspection_id, _EVALUATIONS[row.outcome], armed and row.outcome == "OK")
        for row in rows
        if row.id not in replaced
    )
    heard: Counter[Key] = Counter((result["tag"], result["evaluation"], result["pass"]) for result in results)
    return _tally(owed, heard)


def mqtt_tally(rows: list[JournalRow], received: list[dict[str, object]]) -> Tally:
    """The MES hears every row of the journal, by its id."""
    owed: Counter[Key] = Counter((row.id, row.outcome) for row in rows)
    heard: Counter[Key] = Counter((result["id"], result["outcome"]) for result in received)
    return _tally(owed, heard)


def _tally(owed: Counter[Key], heard: Counter[Key]) -> Tally:
    return Tally(owed.total(), heard.total(), (owed - heard).total(), (heard - owed).total())


def _once(name: str, tally: Tally, sound: bool) -> Finding:
    passed = sound and tally.owed > 0 and not tally.lost and not tally.extra
    detail = f"{tally.heard} of {tally.owed}, {tally.lost} lost, {tally.extra} doubled or foreign"
    return Finding(name, passed, detail)


def _truth(rows: list[JournalRow], drawn: Iterable[dict[str, object]]) -> Finding:
    """What the renderer knows of the parts it drew: told, not judged, for limits are a choice."""
    kinds = {f"part {line['number']}": line["kind"] for line in drawn}
    judged = [(kinds[row.picture], row.outcome) for row in rows if row.picture in kinds]
    empty = [outcome for kind, outcome in judged if kind == EMPTY]
    defective = [outcome for kind, outcome in judged if kind not in (None, EMPTY)]
    good = [outcome for kind, outcome in judged if kind is None]
    return Finding(
        "against what was drawn",
        None,
        f"{len(defective)} defective: {defective.count('OK')} escaped, {defective.count('NO_PART')} overlooked; "
        f"{len(good)} good: {good.count('NG')} rejected, {good.count('RECHECK')} to recheck, "
        f"{good.count('NO_PART')} overlooked; {len(empty)} gaps: {empty.count('NO_PART')} found",
    )


def _latency(watcher: Watcher) -> Finding:
    status = watcher.status
    if status is None or status.latency_p50_ms is None or status.latency_p99_ms is None:
        return Finding("trigger to answer", None, "none measured")
    return Finding(
        "trigger to answer",
        None,
        f"p50 {status.latency_p50_ms:.1f} ms, p99 {status.latency_p99_ms:.1f} ms, {status.drops} pictures dropped",
    )


def _counted(outcomes: Counter[str]) -> str:
    return ", ".join(f"{outcomes[name]} {name}" for name in _EVALUATIONS if outcomes[name]) or "no verdict"


def read_lines(path: Path) -> list[dict[str, object]]:
    """The JSON objects of a transcript; none when it was never written."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
