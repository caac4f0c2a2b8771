"""Which adapter the configuration asks for: the second half of the composition root, without its order and wiring."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from appliance.cameras.base import Camera
from appliance.cameras.folder import FolderCamera
from appliance.cameras.synthetic import SyntheticCamera
from appliance.cameras.video import VideoCamera
from appliance.commands.desk import Ask
from appliance.config.keeping import ArchiveConfig
from appliance.config.schema import BarcodeConfig, CameraConfig, Config, FolderCameraConfig, PlcConfig, TriggerConfig
from appliance.config.video import VideoCameraConfig
from appliance.domain import audit_share
from appliance.domain.audit_share import AuditShare
from appliance.domain.clock import Clock
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Part, RecipeKey
from appliance.errors import NotThere, UsageError
from appliance.exhibits import Exhibits, KeptExhibits, NoExhibits, Setting
from appliance.fitting import camera_for, unnamed_settings
from appliance.pipeline.health import DISK_WARN_BYTES, EVIDENCE_FREE_BYTES
from appliance.pipeline.presence import Moment, PresenceDetector, PresenceRules
from appliance.pipeline.watch import NoWatch, PresenceWatch, Watch
from appliance.recipes.schema import Recipe
from appliance.scanner import NoScanner, Scanner
from appliance.sinks.plc import AbsentPlc, Jobs, PlcPort, PlcSink
from appliance.sinks.result_message import ResultContext
from appliance.state_dir import StateDir
from appliance.store import evidence
from appliance.store.evidence import EvidenceStore
from appliance.store.journal import Journal
from appliance.store.kept_packages import KeptPackages
from appliance.store.pictures import PictureArchive
from appliance.store.shelves import Allowance, Kind, Shelves, Store, StoreRoom
from appliance.store.station_key import StationKey, derived
from appliance.store.stock import stock
from firmware_bridge.transport import SerialSettings, SerialTransport
from models.decision import Box
from models.errors import BadPicture
from models.picture_file import read_picture

_log = logging.getLogger(__name__)
_MB = 1_000_000


def make_camera(config: CameraConfig, state: StateDir) -> Camera:
    """The camera of the configuration, not yet open."""
    if isinstance(config, FolderCameraConfig):
        return FolderCamera("folder", config.path, config.loop)
    if isinstance(config, VideoCameraConfig):
        return VideoCamera("video", config)
    truth = state.run / "truth.jsonl"
    return SyntheticCamera(
        "synthetic",
        config.seed,
        config.defect_rate,
        state.run,
        truth,
        distinct_parts=config.distinct_parts,
        empty_rate=config.empty_rate,
    )


def make_watch(config: TriggerConfig) -> Watch:
    """Who watches the camera's pictures between triggers.

    Raises:
        UsageError: the picture of the empty zone cannot be used.
    """
    presence = config.presence
    if config.source != "presence" or presence is None:
        return NoWatch()
    rules = PresenceRules(
        zone=Box(presence.x_px, presence.y_px, presence.width_px, presence.height_px),
        enter=presence.enter,
        leave=presence.leave,
        frames=presence.frames,
        levels=presence.levels,
        at=Moment(presence.at),
        learn_frames=presence.learn_frames,
        blocked_ns=int(presence.blocked_s * 1e9),
    )
    try:
        empty = read_picture(presence.empty_picture) if presence.empty_picture is not None else None
    except BadPicture as error:
        raise UsageError(f"[trigger.presence] empty_picture: {error}") from error
    return PresenceWatch(PresenceDetector(rules, empty))


def make_shelves(config: Config, state: StateDir) -> Shelves:
    """What archive and evidence hold, under the limits of the configuration.

    Raises:
        NotThere: a folder cannot be read.
    """
    archive, proof = config.archive, config.evidence
    rooms = {
        Store.PICTURES: StoreRoom(archive.quota_mb * _MB, DISK_WARN_BYTES),
        Store.EVIDENCE: StoreRoom(proof.quota_mb * _MB, EVIDENCE_FREE_BYTES),
    }
    kept = {
        Kind.OK_PICTURE: archive.ok,
        Kind.NO_PART_PICTURE: archive.no_part,
        Kind.ERROR_PICTURE: archive.error,
        Kind.RECHECK_PICTURE: archive.recheck,
        Kind.NG_PICTURE: archive.ng,
        Kind.ERROR_EVIDENCE: proof.error,
        Kind.RECHECK_EVIDENCE: proof.recheck,
        Kind.NG_EVIDENCE: proof.ng,
        Kind.AUDITED_EVIDENCE: proof.audited,
    }
    allowances = {kind: Allowance(keep.days, keep.mb * _MB if keep.mb else None) for kind, keep in kept.items()}
    shelves = Shelves(rooms, allowances, free_bytes=lambda: shutil.disk_usage(state.root).free)
    try:
        stock(shelves, state.pictures, state.evidence)
    except OSError as error:
        raise NotThere(f"{error.filename} cannot be read ({error.strerror}); check the disk and its rights") from error
    return shelves


def make_exhibits(
    config: Config,
    state: StateDir,
    shelves: Shelves,
    *,
    setting: Callable[[RecipeKey], Setting],
    utc: Callable[[], datetime],
    state_of: Callable[[], Mapping[str, Any]],
) -> Exhibits:
    """What keeps evidence. `state_of` tells what the station knows beside its pictures.

    Raises:
        NotThere: the station's secret cannot be read or made.
    """
    if not config.evidence.enabled:
        return NoExhibits()
    try:
        secret = StationKey(state.certified).ensure()
    except OSError as error:
        raise NotThere(
            f"the station's secret in {state.certified} cannot be used ({error.strerror}); check its rights"
        ) from error
    store = EvidenceStore(state.evidence, shelves, derived(secret, evidence.PURPOSE))
    share = AuditShare(config.evidence.audit_share, derived(secret, audit_share.PURPOSE))
    return KeptExhibits(store, share, setting=setting, utc=utc, state=state_of)


def prune_packages(state: StateDir, journal: Journal, loaded: Iterable[str]) -> None:
    """Let go of kept packages that neither a result nor evidence names, nor is loaded; what fails is only logged."""
    try:
        named = journal.packages_named() | evidence.packages_named(state.evidence)
        gone = KeptPackages(state.packages).prune(named | set(loaded))
    except (OSError, sqlite3.Error) as error:
        _log.warning("kept packages were not pruned: %s", error)
        return
    for name in gone:
        _log.info("the kept package %s is named by no result any more and was deleted", name)


def make_archive(config: ArchiveConfig, state: StateDir, shelves: Shelves) -> PictureArchive:
    return PictureArchive(state.live, state.pictures, shelves, keep=config.enabled, keep_ok=config.keep_ok)


def camera_change(
    camera: Camera, station: CameraConfig, before: Recipe, after: Recipe
) -> tuple[Callable[[], None], Callable[[], None]] | None:
    """How a closed camera is told the next recipe's settings, and those of the one before; None: they are the same.

    Raises:
        RecipeProblem: the camera cannot be set so, or would keep a setting of the recipe before.
    """
    kept = unnamed_settings(before, after, station)
    if kept is not None:
        raise kept
    old, new = camera_for(station, before), camera_for(station, after)
    if old == new or not isinstance(camera, VideoCamera):
        return None
    assert isinstance(old, VideoCameraConfig)
    assert isinstance(new, VideoCameraConfig)
    return partial(camera.configure, new), partial(camera.configure, old)


def make_scanner(config: BarcodeConfig | None, ask: Ask, clock: Clock) -> Scanner | NoScanner:
    """The barcode scanner, its port not yet open."""
    if config is None:
        return NoScanner()
    settings = SerialSettings(config.baudrate, config.parity, config.stop_bits)
    return Scanner(lambda: SerialTransport(config.port, settings), ask, clock)


def make_plc(
    config: Config, context: ResultContext, ledger: Ledger, enter: Callable[[Part], None], jobs: Jobs
) -> PlcPort:
    """The PLC's sink, its port not yet open, or the one that stands for no PLC."""
    plc = config.plc
    if not plc.enabled:
        return AbsentPlc()
    settings = serial_settings(plc)
    return PlcSink(
        lambda: SerialTransport(plc.port, settings),
        ledger=ledger,
        enter=enter,
        unit=plc.unit,
        boot_id=int(context.boot_id, 16),
        serial=config.station.serial,
        jobs=jobs,
        simulated=context.simulated,
    )


def serial_settings(plc: PlcConfig) -> SerialSettings:
    return SerialSettings(plc.baudrate, plc.parity, plc.stop_bits)
