"""The bundle: what it holds, and that no secret is in it, wherever one was planted."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.doctor import bundle
from appliance.doctor.bundle import Asked, write_bundle
from appliance.doctor.examination import examine
from appliance.doctor.machine import Said
from appliance.doctor.registry import CHECKS
from appliance.doctor.report import DoctorReport, make_report
from appliance.errors import NotThere, UsageError
from appliance.store.journal import Journal
from tests.fakes.line import write_config
from tests.fakes.mosquitto import Mosquitto
from tests.fakes.ward import NOW, Ward

SECRETS = {
    "user": "operator-eve",
    "password": 'pa"ss\\wörd-密',
    "variable": "from-the-environment-1",
    "camera_user": "camuser7",
    "camera_password": "cam@pass7",
    "query": "query-token-7",
    "comment": "in-a-comment-7",
    "log": "in-a-log-7",
    "part": "PART-SERIAL-000777",
    "part_in_log": "PART-SERIAL-000777",
    "pin": "80417",
    "camera_file": "camera-pass-in-a-file",
    "result": "0190aaaa-secret-result-id",
}


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    made = Ward(tmp_path)
    with made.leaving:
        yield made


def plant(ward: Ward) -> None:
    """Secrets in every place where one can be, and a broker that refuses the user by name."""
    password = ward.folder / "password"
    password.write_text(SECRETS["password"] + "\n", encoding="utf-8")
    password.chmod(0o600)
    broker = Mosquitto(ward.folder / "broker", users={"somebody": "else"})
    ward.leaving.enter_context(broker)
    pin, camera = ward.folder / "pin", ward.folder / "camera-password"
    pin.write_text(SECRETS["pin"])
    camera.write_text(SECRETS["camera_file"])
    ward.configure(
        web={"pin_file": pin},
        camera={
            "type": "video",
            "source": f"rtsp://127.0.0.1/live?key={SECRETS['query']}",
            "username": SECRETS["camera_user"],
            "password_file": camera,
        },
    )
    ward.configure(mqtt={"enabled": True, "port": broker.port, "username": SECRETS["user"], "password_file": password})
    ward.with_machine(
        environ={"OKNG_MQTT_PASSWORD": SECRETS["variable"]},
        command=lambda words: Said(
            0,
            f"started with {SECRETS['variable']}\npassword: {SECRETS['log']}\nuser {SECRETS['user']} refused\n"
            f"rtsp://{SECRETS['camera_user']}:{SECRETS['camera_password']}@10.0.0.9/live?auth={SECRETS['query']}\n"
            f"part {SECRETS['part']} was judged, PIN {SECRETS['pin']}, {SECRETS['camera_file']}\n",
        ),
    )
    with ward.config_path.open("a", encoding="utf-8") as file:
        file.write(f"# password = {SECRETS['comment']}\n")
    Journal(ward.state.journal, boot_id="00000001", publish=True).close()
    result = json.dumps({"id": SECRETS["result"], "part_id": SECRETS["part"]}).encode()
    with closing(sqlite3.connect(ward.state.journal)) as db, db:
        db.execute(
            "INSERT INTO parts (id, boot_id, seq, number, inspection_id, outcome, decided_by, reason, score, "
            "created_utc, supersedes, picture, result) "
            "VALUES (?, 'b', 1, 1, 1, 'NG', 'model', 'score_above_limit', 0.9, 't', NULL, 'p', ?)",
            (SECRETS["result"], result),
        )
    (ward.state.root / "station.log").write_text(f"saw {SECRETS['part_in_log']}, {SECRETS['password']}\n")


def bundled(ward: Ward, **asked: bool) -> dict[str, bytes]:
    patient = ward.patient()
    examined = examine(patient, [check for check in CHECKS if check.id != "golden_frames"])
    report = make_report(examined, utc=NOW, software="0.1.0", config=str(ward.config_path))
    target = ward.folder / "bundle.zip"
    write_bundle(Asked(target, **asked), patient, report)
    with zipfile.ZipFile(target) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_no_secret_is_in_the_bundle(ward: Ward) -> None:
    plant(ward)
    files = bundled(ward)
    everything = b"\0".join(files.values()).decode() + "\0".join(files)
    for place, secret in SECRETS.items():
        for spelling in (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
            assert spelling not in everything, f"the secret planted as {place} is in the bundle"
    raw = (ward.folder / "bundle.zip").read_bytes()
    assert not any(secret.encode() in raw for secret in SECRETS.values())
    assert "***" in files["configuration.json"].decode()
    assert b"refuses user ***" in files["findings.json"]


def test_a_bundle_holds_what_somebody_far_away_needs(ward: Ward) -> None:
    plant(ward)
    files = bundled(ward)
    report = DoctorReport.model_validate_json(files["findings.json"])
    assert report.summary.passed > 10
    assert json.loads(files["configuration.json"])["station"]["state_dir"] == str(ward.state.root)
    assert json.loads(files["journal.json"])[0]["reason"] == "score_above_limit"
    versions = json.loads(files["versions.json"])
    assert versions["processor"] == "Fake CPU"
    assert versions["packages"]["numpy"]
    assert b"MemTotal" in files["machine/proc.meminfo.txt"]
    assert {"logs/okng-station.txt", "logs/station.txt"} <= set(files)


def test_part_ids_are_there_when_asked_for(ward: Ward) -> None:
    plant(ward)
    rows = json.loads(bundled(ward, part_ids=True)["journal.json"])
    assert rows[0]["result"]["part_id"] == SECRETS["part"]


def test_a_configuration_that_is_no_toml_is_left_out(ward: Ward) -> None:
    ward.config_path.write_text(f'[mqtt]\npassword = "{SECRETS["password"]}\n')
    files = bundled(ward)
    assert "configuration.json" not in files
    assert SECRETS["log"].encode() not in b"".join(files.values())


def test_a_mistake_that_quotes_a_secret_quotes_none(ward: Ward) -> None:
    write_config(
        ward.config_path,
        station={"state_dir": "state"},
        camera={"type": "folder", "path": "x", "loop": "rtsp://eve:topf@cam"},
        mqtt={"port": "p@ss-in-the-wrong-key", "password": "p@ss-in-the-wrong-key"},
        model={"package": "x"},
    )
    everything = b"".join(bundled(ward).values())
    assert b"topf" not in everything
    assert b"p@ss-in-the-wrong-key" not in everything


def test_it_is_for_its_owner_alone_and_replaces_nothing_unasked(ward: Ward) -> None:
    old = os.umask(0)
    try:
        bundled(ward)
    finally:
        os.umask(old)
    target = ward.folder / "bundle.zip"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    before = target.read_bytes()
    with pytest.raises(UsageError, match="exists already"):
        bundled(ward)
    assert target.read_bytes() == before
    bundled(ward, force=True)
    assert not list(ward.folder.glob(".bundle*"))


def test_a_bundle_that_cannot_be_written_leaves_nothing(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle.os, "fsync", full)
    with pytest.raises(NotThere, match="No space left"):
        bundled(ward)
    assert not list(ward.folder.glob("*bundle*"))
    assert not list(ward.folder.glob(".bundle*"))
