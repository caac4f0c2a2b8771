"""The one command `okng`. Each command is a thin door: what it does lives in the room it names.

Exit codes: 0 done, 1 the check failed, 2 wrong usage or configuration, 3 a device, server or file is not there,
4 refused for safety, 70 an internal fault, 130 interrupted.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal

import click

from appliance import network_guard
from appliance.audit_commands import audit
from appliance.bench.command import bench
from appliance.camera_commands import camera
from appliance.catalogue_commands import catalogue
from appliance.config.load import load_config
from appliance.config.template import TEMPLATE
from appliance.demo.parts import demo_parts
from appliance.errors import NotThere, OkngError, UsageError
from appliance.golden_commands import drift, golden
from appliance.limits_command import limits
from appliance.model_commands import certify_model, package
from appliance.recipe_commands import recipe
from appliance.replay_commands import replay_parts
from models.errors import (
    CatalogueError,
    InferenceError,
    ModelError,
    PackageError,
    PackageMissing,
    RuntimeUnavailable,
    SelfTestFailed,
)

_INTERNAL = 70
_INTERRUPTED = 130
_EXIT_OF: dict[type[Exception], int] = {
    PackageMissing: 3,
    RuntimeUnavailable: 3,
    PackageError: 4,
    SelfTestFailed: 4,
    CatalogueError: 2,
    InferenceError: 4,
}

Language = Literal["en", "zh"]

_config_option = click.option(
    "--config", "config_path", type=click.Path(path_type=Path), required=True, help="The station's TOML file."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="okng", prog_name="okng")
def okng() -> None:
    """Quality inspection for factory lines: camera → OK / NG / RECHECK → PLC, MQTT and page.

    Try it: okng demo
    """


@okng.command()
@_config_option
@click.option("--until-done", is_flag=True, help="End when a folder camera has no more pictures and all is delivered.")
def run(config_path: Path, until_done: bool) -> None:
    """Run a station. Example: okng run --config station.toml"""
    from appliance.run import run_station

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    config, config_hash = load_config(config_path)
    run_station(config, config_hash, stop, until_done=until_done)


@okng.command()
@_config_option
def web(config_path: Path) -> None:
    """Serve the operator's page. Example: okng web --config station.toml"""
    from appliance.web.server import serve

    serve(load_config(config_path)[0])


@okng.command()
@_config_option
@click.option("--serial", help="The part's serial or other mark, as it will stand in the result.")
@click.option("--wait", is_flag=True, help="Wait for the verdict; exit 0 only when it is OK.")
@click.option("--request-id", help="Repeat an earlier call under its id; the part is not judged twice.")
@click.option("--json", "as_json", is_flag=True, help="Print the station's answer as JSON.")
def trigger(config_path: Path, serial: str | None, wait: bool, request_id: str | None, as_json: bool) -> None:
    """Have a running station judge one part now. Example: okng trigger --config station.toml --wait

    Exit codes: 0 accepted (with --wait: and OK), 1 any other verdict or none, 3 no station or no answer, 4 refused.
    """
    from appliance.commands.order import exit_code, sentence, trigger_once

    config, _ = load_config(config_path)
    reply = trigger_once(config, part_id=serial, wait=wait, request_id=request_id)
    click.echo(reply.model_dump_json(indent=1) if as_json else sentence(reply))
    raise click.exceptions.Exit(exit_code(reply, waited=wait))


@okng.command("check-config")
@click.argument("path", type=click.Path(path_type=Path))
def check_config(path: Path) -> None:
    """Name every problem of a configuration at once. Example: okng check-config station.toml"""
    from appliance.run import check_station

    config, _ = load_config(path)
    warnings = check_station(config)
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{path} is in order" + (f", {len(warnings)} warnings" if warnings else ""))


@okng.command()
@_config_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON (docs/doctor.md).")
@click.option("--bundle", type=click.Path(path_type=Path), help="Write findings and facts, without secrets, to a zip.")
@click.option("--force", is_flag=True, help="Replace a bundle that is there.")
@click.option("--part-ids", is_flag=True, help="Leave ids and serials of parts in the bundle.")
@click.option("--language", type=click.Choice(["en", "zh"]), help="Of the table; else as the locale says.")
def doctor(
    config_path: Path, as_json: bool, bundle: Path | None, force: bool, part_ids: bool, language: Language | None
) -> None:
    """Say what is wrong with a station and what to do. Example: okng doctor --config station.toml"""
    from appliance.adapters import make_camera
    from appliance.doctor.bundle import Asked, refuse_existing, write_bundle
    from appliance.doctor.consultation import consult
    from appliance.doctor.report import language_of, table

    os.nice(10)  # a running line comes first
    asked = Asked(bundle, force, part_ids) if bundle is not None else None
    if asked is not None:
        refuse_existing(asked)
    patient, report = consult(config_path, make_camera)
    if as_json:
        click.echo(report.model_dump_json(by_alias=True, indent=1))
    else:
        click.echo(table(report, language or language_of(os.environ)))
    if asked is not None:
        write_bundle(asked, patient, report)
        click.echo(f"wrote {bundle}", err=True)
    if report.summary.fail:
        raise click.exceptions.Exit(1)


@okng.command()
@click.argument("path", type=click.Path(path_type=Path))
def init(path: Path) -> None:
    """Write a commented configuration to start from. Example: okng init station.toml"""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE)
    except FileExistsError as error:
        raise UsageError(f"{path} exists already; choose another name or remove it") from error
    except OSError as error:
        raise NotThere(f"{path} cannot be written ({error.strerror}); choose a folder that is there") from error
    click.echo(f"wrote {path}; edit it, then: okng check-config {path}")


@okng.command()
@click.option("--headless", is_flag=True, help="Print no address; check the run at its end and say so by exit code.")
@click.option("--seconds", type=click.IntRange(5, 86_400), help="End after this time; without it, run until Ctrl-C.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Page; 0: any free one.")
@click.option("--seed", type=click.IntRange(0), default=2026, show_default=True, help="Which parts are drawn.")
def demo(headless: bool, seconds: int | None, port: int, seed: int) -> None:
    """A whole station on this machine: drawn parts, PLC, broker, page. Example: okng demo"""
    from appliance.demo.line import run_demo

    run_demo(headless=headless, seconds=seconds if seconds or not headless else 20, port=port, seed=seed)


okng.add_command(audit)
okng.add_command(demo_parts)
okng.add_command(bench)
okng.add_command(replay_parts)
okng.add_command(camera)
okng.add_command(drift)
okng.add_command(golden)
okng.add_command(package)
okng.add_command(recipe)
okng.add_command(certify_model)
okng.add_command(limits)
okng.add_command(catalogue)


def _add_plugins() -> None:
    """Other rooms bring their commands; each imports without its heavy libraries."""
    for entry in entry_points(group="okng.commands"):
        okng.add_command(entry.load(), name=entry.name)


def main() -> None:
    """Run the command line and leave with the exit code that fits."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    guard = os.environ.get(network_guard.VARIABLE)
    if guard:
        network_guard.install(Path(guard))
    _add_plugins()
    try:
        code = okng.main(standalone_mode=False)
    except click.exceptions.Exit as error:
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = UsageError.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = _INTERRUPTED
    except (OkngError, ModelError) as error:
        click.echo(f"okng: {error}", err=True)
        code = error.exit_code if isinstance(error, OkngError) else _EXIT_OF.get(type(error), 1)
    except Exception:  # the program's top: an internal fault is said as such
        logging.getLogger(__name__).exception("internal fault; send this log to the maintainers")
        code = _INTERNAL
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
