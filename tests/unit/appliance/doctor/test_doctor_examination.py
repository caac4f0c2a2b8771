"""The examination goes on whatever a check does; what cannot be asked is never a pass."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.doctor.check import Check, Finding, Text, of_device, passed
from appliance.doctor.examination import examine
from appliance.doctor.once import Once
from appliance.doctor.patient import Patient
from appliance.doctor.registry import CHECKS
from appliance.domain.device import DeviceState
from tests.fakes.ward import Ward

TITLE = Text("Title", "标题")


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    made = Ward(tmp_path)
    with made.leaving:
        yield made


def well(patient: Patient) -> Finding:
    return passed("well", "正常")


def broken(patient: Patient) -> Finding:
    raise ZeroDivisionError("nobody\nexpected this")


def test_a_check_that_hangs_is_a_fail_with_its_name_and_the_others_are_made(ward: Ward) -> None:
    let_go = threading.Event()

    def hangs(patient: Patient) -> Finding:
        let_go.wait(60)
        return passed("too late", "太迟")

    found = examine(ward.patient(), [Check("stuck", TITLE, hangs, deadline_s=0.2), Check("fine", TITLE, well)])
    let_go.set()
    assert [(one.check.id, one.finding.state if one.finding else None) for one in found] == [
        ("stuck", "fail"),
        ("fine", "pass"),
    ]
    assert found[0].finding is not None
    assert "no answer within 0.2 s" in found[0].finding.found.en


def test_a_check_that_raises_is_a_fail_that_says_so_in_one_line(ward: Ward) -> None:
    finding = examine(ward.patient(), [Check("broken", TITLE, broken)])[0].finding
    assert finding is not None
    assert finding.state == "fail"
    assert "ZeroDivisionError: nobody expected this" in finding.found.en


def test_what_the_configuration_does_not_have_is_off_and_no_pass(ward: Ward) -> None:
    found = examine(ward.patient(), [Check("off", TITLE, well, applies=lambda config: config.plc.enabled)])
    assert found[0].finding is None


def test_without_a_configuration_the_machine_is_examined_and_the_rest_is_unknown(ward: Ward) -> None:
    ward.configure(trigger={"intervall_ms": 5})
    states = {one.check.id: one.finding.state for one in examine(ward.patient(), CHECKS) if one.finding}
    assert states["configuration"] == "fail"
    assert {name for name, state in states.items() if state == "pass"} == {
        check.id for check in CHECKS if not check.needs_config
    } - {"configuration"}
    assert all(states[check.id] == "unknown" for check in CHECKS if check.needs_config)


def test_a_station_in_the_best_of_health_passes_every_check(ward: Ward) -> None:
    found = {one.check.id: one.finding for one in examine(ward.patient(), CHECKS) if one.finding}
    assert {name: finding for name, finding in found.items() if finding.state != "pass"} == {}
    assert set(found) | {"plc_port", "plc_master", "plc_latency", "data_set"} | {
        "mqtt_network",
        "mqtt_tls",
        "mqtt_login",
        "mqtt_rights",
    } == {check.id for check in CHECKS}


def test_no_deadline_is_beyond_a_minute() -> None:
    assert max(check.deadline_s for check in CHECKS) < 60


def test_only_a_pass_may_be_without_a_remedy() -> None:
    with pytest.raises(ValueError, match="must have a remedy"):
        Finding("unknown", Text("nobody knows", "未知"))
    with pytest.raises(ValueError, match="must not have a remedy"):
        Finding("pass", Text("well", "正常"), Text("mend it", "修复"))


@pytest.mark.parametrize(
    ("state", "becomes"), [("ok", "pass"), ("warn", "warn"), ("fault", "fail"), ("off", "unknown")]
)
def test_the_stations_word_on_a_device_becomes_a_finding(state: str, becomes: str) -> None:
    finding = of_device(DeviceState(state, "gone; plug it in", "断开；请插好"))  # type: ignore[arg-type]
    assert finding.state == becomes
    if becomes in ("warn", "fail"):
        assert (finding.found, finding.remedy) == (Text("gone", "断开"), Text("plug it in", "请插好"))


def test_a_measurement_is_made_once_for_all_who_ask() -> None:
    asked: list[int] = []
    measured = Once(lambda: asked.append(1) or len(asked))
    threads = [threading.Thread(target=measured.get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert measured.get() == 1
