"""`okng golden` and `okng drift`: reference parts, and what they end."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import click
from pydantic import ValidationError

from appliance.commands.golden import Action, DriftRequest, GoldenRequest
from appliance.commands.messages import Command
from appliance.commands.order import ask, exit_code, sentence, user
from appliance.config.load import load_config
from appliance.config.schema import Config
from appliance.doctor.running import hear
from appliance.errors import NotThere, UsageError
from appliance.live import LiveDrift, LiveGolden, LiveStatus
from appliance.state_dir import StateDir
from appliance.store.golden_records import GoldenRecord, GoldenRecords
from appliance.store.station_key import StationKey

_config_option = click.option(
    "--config", "config_path", type=click.Path(path_type=Path), required=True, help="The station's TOML file."
)
_MARKS = {None: " ", True: "+", False: "!"}


@click.group()
def golden() -> None:
    """Golden parts: known good and bad parts that prove the station before production.

    Example: okng golden start --config station.toml
    """


@golden.command()
@_config_option
@click.option("--reason", help="Why, for the audit trail.")
def start(config_path: Path, reason: str | None) -> None:
    """Begin: every part triggered from now on is a golden part, and nothing passes.

    Exit codes: 0 begun, 3 no station, 4 refused.
    """
    _golden(load_config(config_path)[0], "start", reason)


@golden.command()
@_config_option
@click.option("--reason", help="Why, for the audit trail.")
def abort(config_path: Path, reason: str | None) -> None:
    """Break off: golden parts are due again. Exit codes: 0 done, 3 no station, 4 refused."""
    _golden(load_config(config_path)[0], "abort", reason)


@golden.command()
@_config_option
def status(config_path: Path) -> None:
    """What is due or running, part by part. Exit codes: 0 production may run, 1 it waits, 3 no station."""
    config, _ = load_config(config_path)
    said = _status(config).golden
    if said is None:
        click.echo("the recipe in force names no golden parts")
        return
    for line in golden_lines(said):
        click.echo(line)
    raise click.exceptions.Exit(0 if said.phase == "passed" else 1)


@golden.command()
@_config_option
@click.option("--most", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many, newest first.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def records(config_path: Path, most: int, as_json: bool) -> None:
    """What was shown when, by whom, and what came out; the station need not run."""
    config, _ = load_config(config_path)
    for _, record in zip(range(most), kept_records(config).all(), strict=False):
        if isinstance(record, str):
            click.echo(f"DAMAGED  {record}", err=True)
        else:
            click.echo(record.model_dump_json() if as_json else record_line(record))


@golden.command()
@_config_option
@click.option("--reason", required=True, help="What was mended or changed; for the recipe's history.")
@click.option("--gate", is_flag=True, help="Learn the limits of the quality gate as well.")
@click.option("--dry-run", is_flag=True, help="Say what was learned and store nothing.")
def baseline(config_path: Path, reason: str, gate: bool, dry_run: bool) -> None:
    """Store what the good parts of the last session showed as the recipe's next version.

    Example: okng golden baseline --config station.toml --reason "new lamp"

    Nothing changes on the line until that version is activated. Exit codes: 0 stored, 2 too little was shown.
    """
    from appliance.fitting import catalogue_of
    from appliance.golden_baseline import draft, learn

    config, _ = load_config(config_path)
    catalogue = catalogue_of(config)
    recipe = catalogue.in_force().recipe
    learned = learn(kept_records(config).all(), recipe, gate=gate)
    for trait, one in learned.drift.baseline.items():
        click.echo(f"{trait}: mean {one.mean:.4g}, spread {one.spread:.4g} of {one.count} shows")
    if dry_run:
        return
    made, text = draft(config, catalogue, recipe, learned)
    catalogue.store.save(text, made, made.models[0].package.parent, user(), reason)
    click.echo(f"stored {made.id} {made.version}; bring it into force: okng recipe activate {made.id}@{made.version}")


@click.group()
def drift() -> None:
    """Drift: what has crept away from the recipe's baseline. Example: okng drift status --config station.toml"""


@drift.command("status")
@_config_option
def drift_status(config_path: Path) -> None:
    """What is watched and what has drifted. Exit codes: 0 nothing, 1 OK becomes RECHECK, 3 no station."""
    config, _ = load_config(config_path)
    said = _status(config).drift
    click.echo(drift_line(said))
    raise click.exceptions.Exit(1 if said is not None and said.drifted else 0)


@drift.command()
@_config_option
@click.option("--reason", required=True, help="What was cleaned, changed or found; for the audit trail.")
def reset(config_path: Path, reason: str) -> None:
    """Say that a drift is dealt with: golden parts that pass from now on end it.

    Exit codes: 0 asked for, 3 no station, 4 refused.
    """
    config, _ = load_config(config_path)
    try:
        request = DriftRequest(action="reset", reason=reason)
    except ValidationError as error:
        raise _bad_reason() from error
    _ask(config, request.command("cli", user()))


def kept_records(config: Config) -> GoldenRecords:
    state = StateDir(config.station.state_dir)
    return GoldenRecords(state.golden, StationKey(state.certified))


def golden_lines(said: LiveGolden) -> list[str]:
    """One line for all, then one a part: `+` came out as expected, `!` otherwise."""
    until = f" until {said.valid_until}" if said.valid_until else ""
    cause = f" ({said.cause})" if said.cause else ""
    lines = [f"golden parts: {said.phase}{cause}{until}" + (f". {said.text_en}" if said.text_en else "")]
    for part in said.parts:
        wanted = part.expected + (f" ({part.expected_class})" if part.expected_class else "")
        serial = f" [{part.serial}]" if part.serial else ""
        left = f"  to be shown {part.left}x" if part.left else ""
        here = "  <- next" if part.name == said.next else ""
        lines.append(f"  {_MARKS[part.as_expected]} {part.name}{serial}: {wanted}{left}{here}")
    return lines


def record_line(record: GoldenRecord) -> str:
    shown = ", ".join(
        f"{show.part or show.serial or '?'} {show.expected or '-'}→{show.outcome}" for show in record.shows
    )
    recipe = record.bound_to.recipe
    until = f" until {record.expires:%Y-%m-%d %H:%M} UTC" if record.expires else ""
    when = f"{record.begun.utc:%Y-%m-%d %H:%M:%S} UTC"
    return f"{when}  {record.outcome}{until}  {recipe.id} {recipe.version}  {record.actor}  {shown}"


def drift_line(said: LiveDrift | None) -> str:
    if said is None:
        return "the recipe in force does not have drift watched; add [drift] to it"
    if not said.drifted:
        return f"no drift; watched: {', '.join(said.watched)}"
    reset_asked = "; golden parts that pass end it" if said.resetting else ""
    return f"drifted: {', '.join(said.drifted)}. {said.text_en}{reset_asked}"


def _golden(config: Config, action: Action, reason: str | None) -> NoReturn:
    try:
        request = GoldenRequest(action=action, reason=reason)
    except ValidationError as error:
        raise _bad_reason() from error
    _ask(config, request.command("cli", user()))


def _ask(config: Config, command: Command) -> NoReturn:
    reply = ask(config, command)
    click.echo(sentence(reply))
    raise click.exceptions.Exit(exit_code(reply, waited=False))


def _bad_reason() -> UsageError:
    return UsageError("a reason has 1 to 64 printable characters; correct it")


def _status(config: Config) -> LiveStatus:
    said = hear(StateDir(config.station.state_dir).socket).status
    if said is None:
        raise NotThere("the station does not run; start it with okng run")
    return said
