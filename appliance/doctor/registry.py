"""Every check, in the order in which a person would look."""

from __future__ import annotations

from appliance.doctor import (
    checks_camera,
    checks_configuration,
    checks_disk,
    checks_evidence,
    checks_journal,
    checks_machine,
    checks_model,
    checks_mqtt,
    checks_plc,
    checks_ports,
    checks_rights,
)
from appliance.doctor.check import Check

CHECKS: tuple[Check, ...] = (
    *checks_configuration.CHECKS,
    *checks_camera.CHECKS,
    *checks_model.CHECKS,
    *checks_plc.CHECKS,
    *checks_mqtt.CHECKS,
    *checks_disk.CHECKS,
    *checks_journal.CHECKS,
    *checks_evidence.CHECKS,
    *checks_rights.CHECKS,
    *checks_ports.CHECKS,
    *checks_machine.CHECKS,
)
