"""`okng doctor`: one examination from the configuration's path to the report."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from appliance.config.load import load_config
from appliance.config.schema import Config
from appliance.doctor.examination import examine
from appliance.doctor.machine import Machine
from appliance.doctor.patient import Patient
from appliance.doctor.picture import MakeCamera
from appliance.doctor.registry import CHECKS
from appliance.doctor.report import DoctorReport, make_report
from appliance.errors import UsageError


def consult(config_path: Path, make_camera: MakeCamera, machine: Machine | None = None) -> tuple[Patient, DoctorReport]:
    """Blocks for some seconds, at most about 50. A configuration that is not in order is a finding.

    Raises:
        NotThere: there is no such configuration.
    """
    machine = machine or Machine()
    config: Config | None = None
    problems: tuple[str, ...] = ()
    try:
        config, _ = load_config(config_path)
    except UsageError as error:
        problems = tuple(str(error).splitlines())
    patient = Patient(config_path, config, problems, machine=machine, make_camera=make_camera)
    examined = examine(patient, CHECKS)
    report = make_report(examined, utc=machine.utc(), software=version("okng"), config=str(config_path))
    return patient, report
