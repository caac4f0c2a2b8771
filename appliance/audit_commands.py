"""`okng audit …`: who asked the station for what, and whether its trail is as the station wrote it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from appliance.config.load import load_config
from appliance.doctor.journal_file import read_journal
from appliance.errors import CheckFailed, NotThere, UsageError
from appliance.state_dir import StateDir
from appliance.store.anchor import Head
from appliance.store.trail import COLUMNS, sealed_row
from appliance.store.trail_check import NoSecret, check_trail

_READ_S = 3600.0
_config_option = click.option(
    "--config", "config_path", type=click.Path(path_type=Path), required=True, help="The station's TOML file."
)


@click.group()
def audit() -> None:
    """Read the audit trail, and prove that nobody changed it."""


@audit.command()
@_config_option
@click.option("--witness", help="NUMBER:SEAL of a row as an evt/audit message named it.")
def verify(config_path: Path, witness: str | None) -> None:
    """Find any change, insertion, deletion, reordering or cut. Example: okng audit verify --config station.toml

    Exit codes: 0 nothing was done to it, 1 something was, 3 no journal or no secret.
    """
    head = _witness(witness) if witness else None
    journal = _journal_of(config_path)
    with _reading(journal) as db:
        try:
            report = check_trail(db, journal, head)
        except NoSecret as error:
            raise NotThere(str(error)) from error
    for line in report.lines():
        click.echo(line)
    if not report.sound:
        raise CheckFailed(
            "the audit trail is not as the station wrote it; keep the state directory as it is and call the auditor"
        )
    click.echo("nothing was changed, inserted, deleted, moved or cut off")


@audit.command()
@_config_option
@click.option("--last", type=click.IntRange(1), default=20, show_default=True, help="How many rows.")
def show(config_path: Path, last: int) -> None:
    """Print the last rows, oldest first. Example: okng audit show --config station.toml"""
    with _reading(_journal_of(config_path)) as db:
        rows = [sealed_row(row) for row in db.execute(f"SELECT {COLUMNS} FROM audit ORDER BY id DESC LIMIT ?", (last,))]
    for sealed in reversed(rows):
        row = sealed.row
        click.echo(f"{sealed.number}  {row.at_utc}  {row.source} {row.actor}  {row.verb}  {row.status} {row.code}")
        click.echo(f"    {row.command}")


@audit.command()
@_config_option
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
def export(config_path: Path, out: Path) -> None:
    """Write every row with its seal, a JSON object a line. Example: okng audit export --config station.toml a.jsonl"""
    count = 0
    try:
        with _reading(_journal_of(config_path)) as db, out.open("xb") as file:
            for row in db.execute(f"SELECT {COLUMNS} FROM audit ORDER BY id"):
                file.write(sealed_row(row).to_bytes() + b"\n")
                count += 1
    except FileExistsError as error:
        raise UsageError(f"{out} exists already; choose another name or remove it") from error
    except OSError as error:
        raise NotThere(f"{out} cannot be written ({error.strerror}); choose a folder that is there") from error
    click.echo(f"wrote {count} rows to {out}")


def _journal_of(config_path: Path) -> Path:
    return StateDir(load_config(config_path)[0].station.state_dir).journal


@contextmanager
def _reading(journal: Path) -> Iterator[sqlite3.Connection]:
    """Locks nothing: the station goes on."""
    if not journal.exists():
        raise NotThere(f"there is no journal at {journal}; the station's first start makes it")
    try:
        with read_journal(journal, _READ_S) as db:
            yield db
    except sqlite3.Error as error:
        raise NotThere(f"the journal {journal} cannot be read ({error}); see: okng doctor") from error


def _witness(text: str) -> Head:
    number, _, seal = text.partition(":")
    if not number.isdecimal() or len(seal) != 64:
        raise UsageError("a witness is NUMBER:SEAL, both as an evt/audit message names them")
    return Head(int(number), seal)
