"""`okng run` and `okng check-config`: from a configuration to a running station, or to the sentence why not."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import cv2

from appliance.adapters import make_watch
from appliance.certify import placement_of
from appliance.config.schema import Config, FolderCameraConfig
from appliance.config.secrets import web_secrets
from appliance.config.video import SourceKind, VideoCameraConfig
from appliance.defects import demand_agreement, demand_fit, learn_catalogue
from appliance.domain.stages import Meter
from appliance.domain.verdict import Verdict
from appliance.fitting import catalogue_of, check_fit
from appliance.opening import open_recipe
from appliance.recipes.golden import contradiction
from appliance.recipes.problem import RecipeProblem
from appliance.state_dir import StateDir
from appliance.station import Station
from models.package import open_package
from models.runtimes.choose import settle


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
    heard until they come. A package that is not sound does: nothing can be judged without one. A station that collects
    pictures needs none.

    Raises:
        OkngError, ModelError: the station cannot start; the message says what to do.
    """
    cv2.setNumThreads(1)
    state = StateDir(config.station.state_dir)
    state.acquire()
    try:
        learn_catalogue(config)
        station = Station(config, config_hash, open_recipe(config), state, meters=meters, witnesses=witnesses)
        station.run(stop, until_done=until_done)
    finally:
        state.release()


def refuse_false_golden_parts(config: Config, catalogue: Collection[str]) -> None:
    """Raises RecipeProblem where a golden part of station.toml contradicts the classes of its package."""
    wrong = contradiction(config.recipe.golden, catalogue)
    if wrong is not None:
        raise RecipeProblem(*wrong)


def check_station(config: Config) -> tuple[str, ...]:
    """What would keep the station from running fully, in sentences; the package is checked to its last hash.

    Raises:
        PackageError, RuntimeUnavailable, RecipeProblem: the station would not start.
        NotThere, UsageError: the page would not: a secret cannot be read, or anybody can; or the photo-eye's picture.
        RecipeProblem: the active recipe of the store cannot be used.
    """
    web_secrets(config.web)
    make_watch(config.trigger)
    warnings = []
    if config.recipe.mode == "collect":
        warnings.append('[recipe] mode is "collect": pictures are kept, nothing is judged, Pass is never set')
    elif config.model is not None:
        manifest = open_package(config.model.package).manifest
        settle(placement_of(config), manifest.artefacts)
        check_fit(config, config.inline_recipe())
        warnings += demand_fit(config, config.inline_recipe(), [(str(config.model.package), manifest)])
        refuse_false_golden_parts(config, {row.label for row in manifest.classes})
    if config.collect is not None and not config.collect.data_set.parent.is_dir():
        warnings.append(f"[collect] data_set: {config.collect.data_set.parent} is not there; make it or mount its disk")
    if isinstance(config.camera, FolderCameraConfig) and not config.camera.path.is_dir():
        warnings.append(f"[camera] path: {config.camera.path} is not there; the station would wait for it, not ready")
    if isinstance(config.camera, VideoCameraConfig):
        warnings.extend(_video_warnings(config.camera, config.recipe.exposure_within_ms))
    ports = {"plc": config.plc.port if config.plc.enabled else None}
    ports["barcode"] = config.barcode.port if config.barcode is not None else None
    warnings += [
        f"[{name}] port: {port} is not there; the station would wait for it"
        for name, port in ports.items()
        if port is not None and not port.exists()
    ]
    if config.trigger.source == "plc" and not config.plc.enabled:
        warnings.append('[trigger] source is "plc" but [plc] enabled is false; nothing would trigger the station')
    if config.mqtt.commands and not config.mqtt.enabled:
        warnings.append("[mqtt] commands is true but enabled is false; no command comes that way")
    if not config.station.armed and config.recipe.mode == "inspect":
        warnings.append("[station] armed is false: monitor mode, Pass is never set")
    return (*warnings, *_recipe_warnings(config))


def _recipe_warnings(config: Config) -> list[str]:
    """What is to be said of the stored recipes.

    Raises:
        RecipeProblem: the active one cannot be used; the station would start without any and not be ready.
        UsageError: two of them give one code to two defects.
    """
    catalogue, warnings = catalogue_of(config), []
    demand_agreement(entry.recipe for entry in catalogue.entries())
    active = catalogue.store.active()
    if active is not None and active.recipe.origin == "store":
        found = active.recipe
        check_fit(config, catalogue.find(found.id, found.version).recipe)
        warnings.append(f"recipe {found.id} {found.version} of the store is active, not the one in this file")
    shelf = catalogue.store.shelf()
    warnings.extend(str(problem) for problem in shelf.problems)
    for stored in shelf.stored:
        try:
            catalogue.check_unique(stored.recipe)
            check_fit(config, stored.recipe)
        except RecipeProblem as problem:
            warnings.append(str(problem))
    return warnings


def _video_warnings(camera: VideoCameraConfig, exposure_within_ms: int) -> list[str]:
    warnings = []
    source = camera.source
    if isinstance(source, Path) and not source.exists():
        warnings.append(f"[camera] source: {source} is not there; the station would wait for it, not ready")
    if camera.kind is SourceKind.V4L2 and re.fullmatch(r"video\d+", source.name if isinstance(source, Path) else ""):
        warnings.append(
            f"[camera] source: {source} may be another camera after the next start; take its name from /dev/v4l/by-id, "
            "see: okng camera list"
        )
    if camera.latency_allowed_ms >= exposure_within_ms:
        warnings.append(
            f"[camera] latency_ms: a picture is used {camera.latency_allowed_ms} ms after its trigger at the earliest "
            f"and refused {exposure_within_ms} ms after it ([recipe] exposure_within_ms): every part would be ERROR"
        )
    return warnings
