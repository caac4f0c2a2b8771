"""`okng package …` and `okng certify`: what a model package is, and whether this machine may judge parts with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from appliance.config.load import load_config
from appliance.config.schema import Config
from appliance.errors import UsageError
from models.errors import SelfTestFailed
from models.runtimes.base import Placement
from models.runtimes.choose import DEVICES, ENGINES

_station_option = click.option(
    "--config", "config_path", type=click.Path(path_type=Path), help="A station's TOML file: its settings and records."
)
_path_argument = click.argument("path", type=click.Path(path_type=Path))


def _placement_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--threads", type=click.IntRange(1, 64), help="[default: the station's, else 1]"),
        click.option(
            "--device", type=click.Choice(DEVICES), help="OpenVINO's device [default: the station's, else CPU]"
        ),
        click.option("--runtime", type=click.Choice(["auto", *ENGINES]), help="[default: the station's, else auto]"),
    ):
        command = option(command)
    return command


@click.group()
def package() -> None:
    """Look into model packages."""


@package.command()
@_path_argument
def inspect(path: Path) -> None:
    """Print what a package says of itself, after checking every hash. Example: okng package inspect model.okng"""
    from models.package import open_package

    opened = open_package(path)
    click.echo(json.dumps(json.loads(opened.manifest.model_dump_json()), indent=1, ensure_ascii=False))


@package.command()
@_path_argument
@_station_option
@_placement_options
def verify(path: Path, config_path: Path | None, **given: Any) -> None:
    """Load a package in a child process and replay its golden frames. Example: okng package verify model.okng"""
    from appliance.certify import certification_sentence, load_model, records_of

    config = load_config(config_path)[0] if config_path else None
    detector = load_model(path, _placement(config, **given), records_of(config) if config else None)
    info = detector.info
    detector.close()
    certified = certification_sentence(info, with_station=config is not None)
    click.echo(f"{info.id} {info.version} {info.hash}: golden frames pass on {info.runtime}; {certified}")


@click.command("certify")
@click.argument("path", metavar="[PACKAGE]", type=click.Path(path_type=Path), required=False)
@_station_option
@_placement_options
def certify_model(path: Path | None, config_path: Path | None, **given: Any) -> None:
    """Prove a model on this machine by its golden frames, for the station of --config.

    Example: okng certify --config station.toml
    """
    from appliance.certify import as_lines, certify, records_of

    config = load_config(config_path)[0] if config_path else None
    path = path or (config.model.package if config and config.model else None)
    if path is None:
        raise UsageError("name a package, or by --config a station with one: okng certify --config station.toml")
    finding = certify(path, _placement(config, **given), records_of(config) if config else None)
    for line in as_lines(finding):
        click.echo(line)
    if finding.outcome == "refused":
        raise SelfTestFailed(f"{path} does not judge here as it was proven; choose another [model] runtime or device")
    recorded = "recorded; start the station again to use it" if config else "not recorded: name a station with --config"
    click.echo(f"{path} passes here; {recorded}")


def _placement(config: Config | None, runtime: str | None, device: str | None, threads: int | None) -> Placement:
    """The station's placement with what was given in its stead; another runtime does not inherit the device."""
    from appliance.certify import placement_of

    known = placement_of(config) if config else Placement()
    return Placement(
        runtime or known.runtime,
        device or ("CPU" if runtime else known.device),
        threads or known.threads,
        known.engine_cache,
    )
