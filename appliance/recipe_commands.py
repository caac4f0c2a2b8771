"""`okng recipe …`: what the station can be changed to, and the change itself."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from appliance.config.load import load_config
from appliance.config.schema import Config
from appliance.errors import NotThere, UsageError
from appliance.recipes.catalogue import Catalogue, Entry
from appliance.recipes.problem import RecipeProblem
from appliance.recipes.records import Active

_config_option = click.option(
    "--config", "config_path", type=click.Path(path_type=Path), required=True, help="The station's TOML file."
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_reason_option = click.option("--reason", default="", help="Why, for the history.")
_version_option = click.option("--version", help="Which version; the highest where it is left out.")


@click.group()
def recipe() -> None:
    """Keep recipes and change between them."""


@recipe.command("list")
@_config_option
@_json_option
def list_recipes(config_path: Path, as_json: bool) -> None:
    """Print every version, and which one is active (*). Example: okng recipe list --config station.toml"""
    _, catalogue = _opened(config_path)
    shelf, active = catalogue.store.shelf(), _active(catalogue)
    entries = [Entry(stored.recipe, stored.pointer) for stored in shelf.stored]
    rows = [_row(entry, active) for entry in (catalogue.inline, *entries)]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        for row in rows:
            mark = "*" if row["active"] else " "
            click.echo(
                f"{mark} {row['number']:>3}  {row['id']:<24} {row['version']:<10} {row['origin']:<13} {row['name']}"
            )
    for problem in shelf.problems:
        click.echo(f"okng: {problem}", err=True)
    if shelf.problems:
        raise click.exceptions.Exit(1)


@recipe.command()
@_config_option
@click.argument("id")
@_version_option
@_json_option
def show(config_path: Path, id: str, version: str | None, as_json: bool) -> None:
    """Print one recipe with all that it leaves to defaults. Example: okng recipe show bracket --config station.toml"""
    _, catalogue = _opened(config_path)
    entry = catalogue.find(id, version)
    if as_json:
        click.echo(entry.recipe.model_dump_json(by_alias=True, indent=1))
        return
    from appliance.recipes.compare import fields

    for field, value in fields(entry.recipe).items():
        click.echo(f"{field} = {value}")
    click.echo(f"hash = {entry.recipe.hash}")


@recipe.command()
@_config_option
@click.argument("before")
@click.argument("after")
@_json_option
def diff(config_path: Path, before: str, after: str, as_json: bool) -> None:
    """Print what differs, field by field; name a version as ID@VERSION. Exit 1 where something does.

    Example: okng recipe diff bracket@2 bracket@3 --config station.toml
    """
    from appliance.recipes.compare import differences

    _, catalogue = _opened(config_path)
    pair = [catalogue.find(*_named(text)).recipe for text in (before, after)]
    rows = differences(*pair)
    if as_json:
        click.echo(
            json.dumps([{"field": f, "before": b, "after": a} for f, b, a in rows], ensure_ascii=False, indent=1)
        )
    for field, old, new in () if as_json else rows:
        click.echo(f"{field}: {old} -> {new}")
    if rows:
        raise click.exceptions.Exit(1)


@recipe.command("import")
@_config_option
@click.argument("file", type=click.Path(path_type=Path))
@_reason_option
def import_recipe(config_path: Path, file: Path, reason: str) -> None:
    """Check a recipe and store it as the version it names.

    Example: okng recipe import bracket.toml --config station.toml

    Nothing changes on the line: activate it, or let the PLC choose its number.
    """
    from appliance.defects import demand_agreement
    from appliance.fitting import check_fit, check_import
    from appliance.recipes.text import parse_recipe

    config, catalogue = _opened(config_path)
    try:
        text = file.read_bytes()
    except OSError as error:
        raise NotThere(f"{file} cannot be read ({error.strerror}); name a recipe's TOML file") from error
    folder = file.resolve().parent
    found = parse_recipe(text, str(file), folder)
    check_import(found)
    catalogue.check_unique(found)
    check_fit(config, found)
    demand_agreement([found, *(entry.recipe for entry in catalogue.entries() if entry.recipe.id != found.id)])
    stored = catalogue.store.save(text, found, folder, user_name(), reason)
    click.echo(f"stored {found.id} {found.version} (number {found.number}, {stored.seal.sha256})")


@recipe.command()
@_config_option
@click.argument("id")
@_version_option
@click.option("--output", type=click.Path(path_type=Path), required=True, help="The file to write; - for the terminal.")
def export(config_path: Path, id: str, version: str | None, output: Path) -> None:
    """Write a stored recipe as it was imported.

    Example: okng recipe export bracket --output bracket.toml --config station.toml
    """
    _, catalogue = _opened(config_path)
    text = catalogue.store.read(id, version).text
    if str(output) == "-":
        sys.stdout.buffer.write(text)
        return
    try:
        with output.open("xb") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{output} exists already; choose another name or remove it") from error
    except OSError as error:
        raise NotThere(f"{output} cannot be written ({error.strerror}); choose a folder that is there") from error
    click.echo(f"wrote {output}")


@recipe.command()
@_config_option
@click.argument("id")
@_version_option
@_reason_option
@click.option("--request-id", help="Repeat an earlier call under its id; it is not carried out twice.")
@_json_option
def activate(
    config_path: Path, id: str, version: str | None, reason: str, request_id: str | None, as_json: bool
) -> None:
    """Change a running station to a recipe, or name the one for its next start.

    Example: okng recipe activate bracket --config station.toml. Exit codes: 0 in force, 3 no such recipe or no answer,
    4 refused: the recipe before goes on.
    """
    from appliance.commands.client import NoStation
    from appliance.commands.order import change_recipe, exit_code, sentence
    from appliance.commands.refusals import Refusal

    config, catalogue = _opened(config_path)
    try:
        reply = change_recipe(config, id=id, version=version, reason=reason or None, request_id=request_id)
    except NoStation as error:
        if error.code is not Refusal.STATION_DOWN:
            raise
        click.echo(_activate_at_rest(config, catalogue, id, version, reason))
        return
    click.echo(reply.model_dump_json(indent=1) if as_json else sentence(reply))
    raise click.exceptions.Exit(exit_code(reply, waited=False))


@recipe.command()
@_config_option
@click.option("--last", type=click.IntRange(1), default=50, show_default=True, help="How many lines.")
@_json_option
def history(config_path: Path, last: int, as_json: bool) -> None:
    """Print who saved and activated what, when and why. Example: okng recipe history --config station.toml"""
    _, catalogue = _opened(config_path)
    for deed in catalogue.store.history()[-last:]:
        if as_json:
            click.echo(deed.model_dump_json())
            continue
        why = f"  ({deed.why})" if deed.why else ""
        click.echo(
            f"{deed.utc:%Y-%m-%d %H:%M:%S}Z  {deed.by:<16} {deed.act:<10} {deed.id} {deed.version}  "
            f"{deed.before or '-'} -> {deed.after or '-'}{why}"
        )


def _opened(config_path: Path) -> tuple[Config, Catalogue]:
    from appliance.fitting import catalogue_of

    config, _ = load_config(config_path)
    return config, catalogue_of(config)


def _activate_at_rest(config: Config, catalogue: Catalogue, id: str, version: str | None, reason: str) -> str:
    """Name the recipe for the next start, with no station running meanwhile."""
    from appliance.fitting import check_fit
    from appliance.state_dir import StateDir

    state = StateDir(config.station.state_dir)
    try:
        state.acquire()
    except NotThere as error:
        raise NotThere(f"{error}; where it is just starting, try again in some seconds") from error
    try:
        entry = catalogue.by_id(id, version)
        check_fit(config, entry.recipe)
        catalogue.store.activate(entry.pointer, user_name(), reason)
    finally:
        state.release()
    return f"no station runs; {entry.recipe.id} {entry.recipe.version} is active from its next start on"


def _active(catalogue: Catalogue) -> Active | None:
    try:
        return catalogue.store.active()
    except RecipeProblem as problem:
        click.echo(f"okng: {problem}", err=True)
        return None


def _row(entry: Entry, active: Active | None) -> dict[str, object]:
    running = entry.pointer.origin == "station.toml" if active is None else _same(active, entry)
    return {
        "active": running,
        "number": entry.recipe.number,
        "id": entry.recipe.id,
        "version": entry.recipe.version,
        "origin": entry.pointer.origin,
        "name": entry.recipe.name,
        "codes": entry.recipe.codes,
        "hash": entry.recipe.hash,
    }


def _same(active: Active, entry: Entry) -> bool:
    if entry.pointer.origin == "station.toml":
        return active.recipe.origin == "station.toml"
    return active.recipe == entry.pointer


def _named(text: str) -> tuple[str, str | None]:
    id_, _, version = text.partition("@")
    return id_, version or None


def user_name() -> str:
    """Who calls, for the history."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name[:64]
    except KeyError:
        return f"uid {os.getuid()}"
