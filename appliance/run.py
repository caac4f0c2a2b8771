"""`okng run` and `okng check-config`: from a configuration to a running station, or to the sentence why not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import cv2

from appliance.config.schema import Config, FolderCameraConfig
from appliance.domain.stages import Meter
from appliance.domain.verdict import Verdict
from appliance.state_dir import StateDir
from appliance.station import Station
from models.detector import Detector
from models.package import open_package
from models.probe import probe


def run_station(
    config: Config,
    config_hash: str,
    stop: threading.Event,
    *,
    until_done: bool,
    meters: Sequence[Meter] = (),
    witnesses: Sequence[Callable[[Verdict], None]] = (),
) -> None:
    """Load the model, wire the station, inspect until told to stop. `meters` and `witnesses`: see `Station`.

    A missing camera, PLC or broker does not stop it: the station starts, says so on its page, and is not ready or not
    heard until they come. A package that is not sound does: nothing can be judged without one.

    Raises:
        OkngError, ModelError: the station cannot start; the message says what to do.
    """
    cv2.setNumThreads(1)
    state = StateDir(config.station.state_dir)
    state.acquire()
    try:
        model = config.model
        probe(model.package, runtime=model.runtime, threads=model.threads)
        detector = Detector.load(model.package, runtime=model.runtime, threads=model.threads)
        station = Station(config, config_hash, detector, state, meters=meters, witnesses=witnesses)
        station.run(stop, until_done=until_done)
    finally:
        state.release()


def check_station(config: Config) -> tuple[str, ...]:
    """What would keep the station from running fully, in sentences; the package is checked to its last hash.

    Raises:
        PackageError: the station would not start.
    """
    open_package(config.model.package)
    warnings = []
    if isinstance(config.camera, FolderCameraConfig) and not config.camera.path.is_dir():
        warnings.append(f"[camera] path: {config.camera.path} is not there; the station would wait for it, not ready")
    if config.plc.enabled and not config.plc.port.exists():
        warnings.append(f"[plc] port: {config.plc.port} is not there; the station would wait for it")
    if config.trigger.source == "plc" and not config.plc.enabled:
        warnings.append('[trigger] source is "plc" but [plc] enabled is false; nothing would trigger the station')
    if not config.station.armed:
        warnings.append("[station] armed is false: monitor mode, Pass is never set")
    return tuple(warnings)
