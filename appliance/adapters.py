"""Which adapter the configuration asks for: the second half of the composition root, without its order and wiring."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from appliance.cameras.base import Camera
from appliance.cameras.folder import FolderCamera
from appliance.cameras.synthetic import SyntheticCamera
from appliance.cameras.video import VideoCamera
from appliance.config.schema import ArchiveConfig, CameraConfig, Config, FolderCameraConfig, PlcConfig, TriggerConfig
from appliance.config.video import VideoCameraConfig
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Part
from appliance.errors import UsageError
from appliance.fitting import camera_for, unnamed_settings
from appliance.pipeline.health import DISK_WARN_BYTES
from appliance.pipeline.presence import Moment, PresenceDetector, PresenceRules
from appliance.pipeline.watch import NoWatch, PresenceWatch, Watch
from appliance.recipes.schema import Recipe
from appliance.sinks.plc import AbsentPlc, Jobs, PlcPort, PlcSink
from appliance.sinks.result_message import ResultContext
from appliance.state_dir import StateDir
from appliance.store.pictures import PictureArchive
from firmware_bridge.transport import SerialSettings, SerialTransport
from models.decision import Box
from models.errors import BadPicture
from models.picture_file import read_picture


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


def make_archive(config: ArchiveConfig, state: StateDir) -> PictureArchive:
    return PictureArchive(
        state.live,
        state.pictures,
        quota_bytes=config.quota_mb * 1_000_000,
        min_free_bytes=DISK_WARN_BYTES,
        keep=config.enabled,
        keep_ok=config.keep_ok,
    )


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
