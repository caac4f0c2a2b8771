"""Checks of what an auditor asks for: the sealed trail, and evidence with the packages that it names."""

from __future__ import annotations

import sqlite3

from appliance.config.schema import Config
from appliance.doctor.check import Check, Finding, Text, failed, passed, unknown, warned
from appliance.doctor.journal_file import read_journal
from appliance.doctor.patient import Patient
from appliance.store.evidence import packages_named
from appliance.store.kept_packages import KeptPackages
from appliance.store.shelves import held_in
from appliance.store.trail_check import NoSecret, check_trail
from models.errors import PackageError

_MB = 1_000_000
_FULL = 0.95


def _trail(patient: Patient) -> Finding:
    journal = patient.state.journal
    if not journal.exists():
        return passed("no trail yet: the first start makes it", "尚无操作记录：首次启动时创建")
    try:
        with read_journal(journal) as db:
            report = check_trail(db, journal)
    except NoSecret as error:
        return unknown(
            Text(str(error).partition("; ")[0], "无法读取本站密钥，不能核对操作记录"),
            Text("run the doctor as the station's user", "请以检测站用户运行诊断"),
        )
    except sqlite3.Error as error:
        return unknown(
            Text(f"the trail cannot be read ({error})", f"无法读取操作记录（{error}）"),
            Text("mend the journal first", "请先处理结果库"),
        )
    if report.earlier:
        return warned(
            Text("an earlier version wrote it: no row is sealed", "由旧版本写入：尚未封印"),
            Text("start the station: it seals its trail from then on", "请启动检测站，此后将封印记录"),
        )
    if not report.sound:
        return failed(
            Text(f"not as it was written: {report.faults[0]}", f"操作记录与写入时不符（{len(report.faults)} 处）"),
            Text(
                "keep the state directory as it is; all places: okng audit verify",
                "请保持状态目录不变；详情请运行 okng audit verify",
            ),
        )
    return passed(f"{report.rows} rows, all as they were written", f"{report.rows} 条记录，均与写入时一致")


def _evidence(patient: Patient) -> Finding:
    folder, quota = patient.state.evidence, patient.config.evidence.quota_mb * _MB
    held = held_in(folder)
    packages = KeptPackages(patient.state.packages)
    gone = [name for name in sorted(packages_named(folder)) if not _is_kept(packages, name)]
    if gone:
        return warned(
            Text(
                f"packages that evidence names are not kept, or changed: {', '.join(gone)}",
                f"证据所用的模型包缺失或被改动：{', '.join(gone)}",
            ),
            Text("bring them back to packages/ to replay their verdicts", "请将其放回 packages/ 以便重放判定"),
        )
    found = Text(f"{held // _MB} MB of at most {quota // _MB} MB", f"已用 {held // _MB} MB，上限 {quota // _MB} MB")
    if held > _FULL * quota:
        return warned(
            Text(f"{found.en}: the oldest goes", f"{found.zh}：最旧的将被删除"),
            Text("raise [evidence] quota_mb to keep it longer", "如需保留更久请调大 [evidence] quota_mb"),
        )
    return Finding("pass", found)


def _is_kept(packages: KeptPackages, name: str) -> bool:
    try:
        packages.open(name)
    except PackageError:
        return False
    return True


def _keeps_evidence(config: Config) -> bool:
    return config.evidence.enabled


CHECKS = (
    Check("audit", Text("Audit trail", "操作记录"), _trail),
    Check("evidence", Text("Evidence", "证据"), _evidence, applies=_keeps_evidence),
)
