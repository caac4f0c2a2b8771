"""The bundle: one zip for whoever helps, with findings and facts and without secrets.

findings.json        the report (docs/doctor.md)
versions.json        okng, Python, system, processor, installed packages
configuration.json   the station's file without comments, secrets hidden; left out when it is no TOML
journal.json         the last results: number, outcome, reason, score, time; part ids only when asked for
logs/<name>.txt      ends of the services' logs and of log files in the state directory
machine/<name>.txt   what the kernel says of memory, processor, heat
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import platform
import sqlite3
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from appliance.doctor.journal_file import read_journal
from appliance.doctor.machine import Machine
from appliance.doctor.patient import Patient
from appliance.doctor.redaction import Redaction, secrets_in, secrets_of_environment, secrets_of_files
from appliance.doctor.report import DoctorReport
from appliance.doctor.settings import names_secret_file
from appliance.errors import NotThere, UsageError

ROWS = 200
_LOG_BYTES = 200_000
_MAX_LOGS = 20
# A shorter part id tells nobody anything, and taken out of every text it would make them unreadable.
_TELLING = 4
_SERVICES = ("okng-station", "okng-web")
_FACTS = (
    "proc/version",
    "proc/uptime",
    "proc/loadavg",
    "proc/stat",
    "proc/meminfo",
    "proc/cpuinfo",
    "proc/pressure/*",
    "proc/device-tree/model",
    "sys/class/thermal/thermal_zone*/type",
    "sys/class/thermal/thermal_zone*/temp",
    "sys/devices/system/cpu/cpu*/cpufreq/scaling_*",
    "sys/devices/system/cpu/cpu*/thermal_throttle/*_count",
    "etc/os-release",
    "etc/timezone",
)
_COLUMNS = ("seq", "number", "inspection_id", "outcome", "decided_by", "reason", "score", "created_utc")


@dataclass(frozen=True, slots=True)
class Asked:
    """`part_ids`: whether ids, serials and lots of parts may leave the house."""

    target: Path
    force: bool = False
    part_ids: bool = False


def refuse_existing(asked: Asked) -> None:
    """Said before the examination, so that nobody waits for it in vain.

    Raises:
        UsageError: the target is there and may not be replaced.
    """
    if asked.target.exists() and not asked.force:
        raise UsageError(f"{asked.target} exists already; choose another name or add --force")


def write_bundle(asked: Asked, patient: Patient, report: DoctorReport) -> None:
    """Write the zip whole or not at all, readable by its owner alone.

    Raises:
        UsageError: the target is there and may not be replaced.
        NotThere: the target cannot be written.
    """
    rows = _journal_rows(patient)
    table = _table(patient)
    redaction = Redaction(_secrets(patient, table, [] if asked.part_ids else rows))
    files: dict[str, object] = {
        "findings.json": report.model_dump(mode="json", by_alias=True),
        "versions.json": _versions(report, patient.machine),
        "journal.json": rows if asked.part_ids else [{key: row[key] for key in _COLUMNS} for row in rows],
        **dict(_logs(patient)),
        **dict(_facts(patient.machine)),
    }
    if table is not None:
        files["configuration.json"] = redaction.configuration(table)
    _put(asked, _zip({name: _cleaned(content, redaction) for name, content in files.items()}))


def _cleaned(content: object, redaction: Redaction) -> bytes:
    if isinstance(content, str):
        return redaction.text(content).encode()
    # Cleaned before it is written as JSON, whose escapes would hide a secret from us and from nobody else.
    return json.dumps(redaction.data(content), indent=1, ensure_ascii=False).encode()


def _secrets(patient: Patient, table: Mapping[str, object] | None, rows: list[dict[str, object]]) -> Iterator[str]:
    yield from secrets_of_environment(patient.machine.environ)
    if table is not None:
        yield from secrets_in(table)
        # From the file as written: a configuration with a mistake elsewhere names its password files all the same.
        yield from secrets_of_files(_secret_files(table, patient.config_path.resolve().parent))
    for row in rows:
        yield str(row["id"])
        result = row["result"]
        part = result.get("part_id") if isinstance(result, dict) else None
        if isinstance(part, str) and len(part) >= _TELLING:
            yield part


def _secret_files(table: Mapping[str, object], folder: Path) -> Iterator[Path]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _secret_files(value, folder)
        elif isinstance(value, str) and names_secret_file(key):
            yield folder / Path(value).expanduser()


def _table(patient: Patient) -> dict[str, object] | None:
    try:
        return tomllib.loads(patient.config_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _versions(report: DoctorReport, machine: Machine) -> dict[str, object]:
    return {
        "okng": report.software,
        "python": platform.python_version(),
        "system": platform.platform(),
        "machine": platform.machine(),
        "processor": _processor(machine),
        "packages": dict(sorted((one.name, one.version) for one in distributions() if one.name)),
    }


def _processor(machine: Machine) -> str:
    lines = (machine.text("proc/cpuinfo") or "").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.lower().startswith("model name")), "")


def _journal_rows(patient: Patient) -> list[dict[str, object]]:
    if not patient.has_config or not patient.state.journal.exists():
        return []
    names = ("id", *_COLUMNS, "result")
    try:
        with read_journal(patient.state.journal) as db:
            found = db.execute(f"SELECT {', '.join(names)} FROM parts ORDER BY rowid DESC LIMIT {ROWS}").fetchall()
    except sqlite3.Error:
        return []  # the findings say what is wrong with it
    return [{**dict(zip(names, row, strict=True)), "result": _result(row[-1])} for row in found]


def _result(payload: bytes) -> object:
    try:
        return json.loads(payload)
    except ValueError:
        return None


def _logs(patient: Patient) -> Iterator[tuple[str, str]]:
    for service in _SERVICES:
        said = patient.machine.command(("journalctl", "-u", service, "-n", "1000", "--no-pager", "-q"))
        if said.code == 0 and said.text.strip():
            yield f"logs/{service}.txt", said.text[-_LOG_BYTES:]
    if not patient.has_config:
        return
    for path in sorted(patient.state.root.glob("*.log"))[:_MAX_LOGS]:
        with contextlib.suppress(OSError):
            yield f"logs/{path.stem}.txt", _end_of(path)


def _end_of(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _LOG_BYTES))
        return file.read(_LOG_BYTES).decode(errors="replace")


def _facts(machine: Machine) -> Iterator[tuple[str, str]]:
    for pattern in _FACTS:
        for name in machine.paths(pattern):
            text = machine.text(name)
            if text is not None:
                yield f"machine/{name.replace('/', '.')}.txt", text


def _zip(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(name, content)
    return buffer.getvalue()


def _put(asked: Asked, data: bytes) -> None:
    temporary = asked.target.with_name(f".{asked.target.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        refuse_existing(asked)
        temporary.replace(asked.target)
    except OSError as error:
        raise NotThere(
            f"the bundle {asked.target} cannot be written ({error.strerror}); name a file in a folder with free space"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
