"""`okng camera …`: find a camera, try it, and bring it into focus."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from appliance.cameras.base import Camera, EndOfPictures
from appliance.config.load import load_config
from appliance.config.schema import Config
from appliance.domain.parts import Frame
from appliance.errors import CameraLost, CheckFailed, NotThere
from appliance.state_dir import StateDir
from models.errors import BadPicture
from models.geometry_entry import GeometrySpec
from models.quality import Quality, measure, reduced

_BLACK = 5

_config_option = click.option(
    "--config", "config_path", type=click.Path(path_type=Path), required=True, help="The station's TOML file."
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")


@dataclass(frozen=True, slots=True)
class Trial:
    """What `okng camera test` found. `latency_ms`: question → picture. `black`, `white`: share of pixels at the ends.

    `fits_model`: whether the region that the model looks at lies inside the picture; if not, the whole is measured.
    """

    pictures: int
    width_px: int
    height_px: int
    gray: bool
    fits_model: bool
    fps: float
    latency_ms_median: float
    latency_ms_max: float
    lost: int
    unusable: int
    black: float
    white: float
    focus: float


@click.group()
def camera() -> None:
    """Find a camera, try it, bring it into focus."""


@camera.command("list")
@_json_option
def list_cameras(as_json: bool) -> None:
    """Print the V4L2 cameras that are plugged in, without disturbing them. Example: okng camera list"""
    from appliance.cameras.v4l2_devices import list_devices

    devices = list_devices()
    for device in devices:
        if as_json:
            click.echo(json.dumps(asdict(device), default=str, ensure_ascii=False))
        else:
            click.echo(f'source = "{device.source}"  # {device.name}, {", ".join(device.formats)}')
    if not devices:
        raise NotThere(
            "no V4L2 camera is there; plug one in, and let this user into the group video. Network cameras and files "
            "need no list"
        )


@camera.command("test")
@_config_option
@click.option("--pictures", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many to take.")
@click.option("--save", type=click.Path(path_type=Path, dir_okay=False), help="Write the last picture here, as PNG.")
@_json_option
def try_camera(config_path: Path, pictures: int, save: Path | None, as_json: bool) -> None:
    """Take pictures as the station would and say how they are. Example: okng camera test --config station.toml"""
    config = load_config(config_path)[0]
    with _opened(config) as (device, region):
        trial, frame = _try(device, region, pictures, config.camera.timeout_ms / 1000)
    if save is not None:
        _write(frame.image, save)
    if as_json:
        click.echo(json.dumps(asdict(trial)))
    else:
        click.echo(_sentences(trial))
    if trial.unusable:
        raise CheckFailed(f"{trial.unusable} of {pictures} pictures could not be used; the log above says why")


@camera.command()
@_config_option
@click.option("--pictures", type=click.IntRange(1), help="End after so many; without it, run until Ctrl-C.")
@_json_option
def focus(config_path: Path, pictures: int | None, as_json: bool) -> None:
    """Print how sharp the pictures are while you turn the lens. Example: okng camera focus --config station.toml

    The number has no unit: turn until it falls again, then back to the peak.
    """
    config = load_config(config_path)[0]
    peak = 0.0
    with _opened(config) as (device, region):
        for frame in _frames(device, pictures, config.camera.timeout_ms / 1000):
            now = _quality(frame.image, region).focus
            peak = max(peak, now)
            if as_json:
                click.echo(json.dumps({"seq": frame.seq, "focus": round(now, 5), "peak": round(peak, 5)}))
            else:
                click.echo(f"focus {now:8.4f}   peak {peak:8.4f}   {_bar(now, peak)}")


@contextlib.contextmanager
def _opened(config: Config) -> Iterator[tuple[Camera, GeometrySpec]]:
    """The camera, open, and what the model looks at of its pictures.

    Raises:
        NotThere: the camera cannot be opened, or a station is running and uses it.
    """
    from appliance.adapters import make_camera

    state = StateDir(config.station.state_dir)
    state.acquire()
    try:
        device = make_camera(config.camera, state)
        device.open()
        try:
            yield device, _geometry(config)
        finally:
            device.close()
    finally:
        state.release()


def _geometry(config: Config) -> GeometrySpec:
    from models.package import open_package

    if config.model is None or not config.model.package.exists():
        return GeometrySpec()
    return open_package(config.model.package).manifest.geometry


def _frames(device: Camera, count: int | None, timeout_s: float) -> Iterator[Frame]:
    """So many pictures, or all until the source ends; those that cannot be used are said and left out."""
    taken = 0
    while count is None or taken < count:
        taken += 1
        try:
            yield device.grab(timeout_s)
        except EndOfPictures:
            return
        except (BadPicture, TimeoutError) as error:
            click.echo(f"picture {taken}: {error}", err=True)


def _try(device: Camera, region: GeometrySpec, count: int, timeout_s: float) -> tuple[Trial, Frame]:
    waits: list[float] = []
    frames: list[Frame] = []
    began_s, came = time.monotonic(), device.counts.pictures
    asked_s = began_s
    for frame in _frames(device, count, timeout_s):
        waits.append((time.monotonic() - asked_s) * 1000)
        frames = [frame]
        asked_s = time.monotonic()
    if not frames:
        raise CameraLost("the camera gave no picture that can be used; the log above says why")
    last, counts = frames[0], device.counts
    quality = _quality(last.image, region)
    trial = Trial(
        pictures=len(waits),
        width_px=last.image.shape[1],
        height_px=last.image.shape[0],
        gray=last.image.ndim == 2,
        fits_model=_fits(last.image, region),
        fps=round((counts.pictures - came) / (time.monotonic() - began_s), 1),
        latency_ms_median=round(sorted(waits)[len(waits) // 2], 1),
        latency_ms_max=round(max(waits), 1),
        lost=counts.lost,
        unusable=count - len(waits) if not device.exhausted else counts.unusable,
        black=round(float(np.mean(_seen(last.image, region) <= _BLACK)), 4),
        white=round(quality.saturated, 4),
        focus=round(quality.focus, 5),
    )
    return trial, last


def _quality(image: NDArray[np.uint8], geometry: GeometrySpec) -> Quality:
    """Of the region the model looks at, reduced as far as the quality gate needs."""
    return measure(reduced(_seen(image, geometry)))


def _fits(image: NDArray[np.uint8], geometry: GeometrySpec) -> bool:
    try:
        geometry.region(image)
    except BadPicture:
        return False
    return True


def _seen(image: NDArray[np.uint8], geometry: GeometrySpec) -> NDArray[np.uint8]:
    return geometry.region(image) if _fits(image, geometry) else image


def _sentences(trial: Trial) -> str:
    kind = "gray" if trial.gray else "colour"
    kind += "" if trial.fits_model else "; the model's region does not lie inside: every part would be ERROR"
    return "\n".join(
        (
            f"size      {trial.width_px} x {trial.height_px}, {kind}",
            f"rate      {trial.fps:g} pictures/s",
            f"latency   {trial.latency_ms_median:g} ms from question to picture, {trial.latency_ms_max:g} at most",
            f"losses    {trial.lost} lost, {trial.unusable} unusable, of {trial.pictures + trial.unusable} asked for",
            f"exposure  {trial.white:.1%} of the pixels white, {trial.black:.1%} black",
            f"focus     {trial.focus:g}",
        )
    )


def _write(image: NDArray[np.uint8], path: Path) -> None:
    import cv2

    try:
        path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    except OSError as error:
        raise NotThere(f"{path} cannot be written ({error.strerror}); choose a folder that is there") from error


def _bar(now: float, peak: float, width: int = 30) -> str:
    return "#" * round(width * now / peak) if peak else ""
