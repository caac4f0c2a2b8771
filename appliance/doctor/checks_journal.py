"""Checks of the journal: is it whole, what is owed, was one put aside."""

from __future__ import annotations

import sqlite3

from appliance.doctor.check import Check, Finding, Text, failed, passed, unknown, warned
from appliance.doctor.journal_file import read_journal
from appliance.doctor.patient import Patient
from appliance.pipeline.health import SPOOL_HIGH

_KEEP = Text(
    "stop the station, keep a copy, and check the disk; a restart puts it aside",
    "请停止检测站、保留副本并检查磁盘；重启后会另存该文件",
)


def _journal(patient: Patient) -> Finding:
    path = patient.state.journal
    if not path.exists():
        return passed("no journal yet: the first start makes it", "尚无结果库：首次启动时创建")
    for last in (False, True):
        try:
            with read_journal(path) as db:
                verdict = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
                rows = int(db.execute("SELECT count(*) FROM parts").fetchone()[0]) if verdict == "ok" else 0
        except sqlite3.OperationalError as error:
            if "interrupted" in str(error):
                return unknown(
                    Text("too large to be checked in a few seconds", "文件过大，无法在几秒内检查"),
                    Text("check it while the station is stopped, with sqlite3", "请停止检测站后用 sqlite3 检查"),
                )
            verdict = str(error)
        except sqlite3.DatabaseError as error:
            verdict = str(error)
        # A station that started meanwhile has written under our eyes: what looks broken is read once more.
        if verdict == "ok" or last:
            break
    if verdict != "ok":
        return failed(Text(f"the journal is not whole ({verdict})", f"结果库损坏或无法读取（{verdict}）"), _KEEP)
    return passed(f"{rows} results, all whole", f"{rows} 条结果，完好")


def _outbox(patient: Patient) -> Finding:
    path, mqtt = patient.state.journal, patient.config.mqtt
    if not path.exists():
        return passed("nothing is owed", "没有待发送结果")
    try:
        with read_journal(path) as db:
            rows, size = db.execute("SELECT count(*), coalesce(sum(length(payload)), 0) FROM outbox").fetchone()
    except sqlite3.Error as error:
        return unknown(
            Text(f"the outbox cannot be read ({error})", f"无法读取发件箱（{error}）"),
            Text("mend the journal first", "请先处理结果库"),
        )
    found = Text(f"{rows} results wait for the MES", f"{rows} 条结果待发送")
    if rows and not mqtt.enabled:
        return warned(found, Text("set [mqtt] enabled to deliver them", "请启用 [mqtt] 以发送"))
    fill = size / (mqtt.outbox_max_mb * 1_000_000)
    remedy = Text("mend the MQTT broker, or raise [mqtt] outbox_max_mb", "请修复 MQTT 服务器或增大 outbox_max_mb")
    if fill >= 1.0:
        return failed(found, remedy)
    return warned(found, remedy) if fill >= SPOOL_HIGH else Finding("pass", found)


def _quarantine(patient: Patient) -> Finding:
    root, name = patient.state.root, patient.state.journal.name
    aside = sorted(path.name for path in root.glob(f"{name}.unreadable-*") if not path.name.endswith(("-wal", "-shm")))
    if aside:
        return warned(
            Text(
                f"unreadable journals were put aside: {', '.join(aside)}", f"有损坏的结果库被另存：{', '.join(aside)}"
            ),
            Text("save what they hold, check the disk, move them away", "请备份、检查磁盘，然后移走这些文件"),
        )
    return passed("no journal was put aside", "没有另存的结果库")


CHECKS = (
    Check("journal", Text("Journal", "结果库"), _journal),
    Check("outbox", Text("Results owed to the MES", "待发送结果"), _outbox),
    Check("quarantine", Text("Journals put aside", "另存的结果库"), _quarantine),
)
