"""`okng catalogue …`: the factory's defect catalogue, which is only ever added to."""

from __future__ import annotations

import json
from pathlib import Path

import click

from appliance.config.load import load_config
from appliance.config.schema import Config
from appliance.errors import CheckFailed, NotThere, UsageError
from models.decision import Severity

_file_argument = click.argument("file", type=click.Path(path_type=Path), required=False)
_station_option = click.option(
    "--config", "config_path", type=click.Path(path_type=Path), help="A station's TOML file, which names the catalogue."
)


@click.group()
def catalogue() -> None:
    """Codes, names and severities of defects: never given to another defect, never removed."""


@catalogue.command()
@_file_argument
@_station_option
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
def show(file: Path | None, config_path: Path | None, as_json: bool) -> None:
    """Print the catalogue. Example: okng catalogue show --config station.toml"""
    from appliance.defects import read_catalogue

    path, _ = _which(file, config_path)
    rows = read_catalogue(path).rows
    if as_json:
        shown = [
            {
                "code": row.defect.code,
                "label": row.defect.label,
                "name_en": row.defect.name_en,
                "name_zh": row.defect.name_zh,
                "severity": row.defect.severity.value,
                "retired": row.retired,
            }
            for row in rows
        ]
        click.echo(json.dumps(shown, indent=1, ensure_ascii=False))
        return
    for row in rows:
        one = row.defect
        click.echo(
            f"{one.code:>5}  {one.label}  {one.name_en}  {one.name_zh}  {one.severity}{'  retired' * row.retired}"
        )


@catalogue.command()
@click.argument("label")
@_file_argument
@_station_option
@click.option("--name-en", help="What an English page calls it. [default: the label]")
@click.option("--name-zh", help="What a Chinese page calls it. [default: the English name]")
@click.option("--severity", type=click.Choice([each.value for each in Severity]), default="major", show_default=True)
@click.option("--code", type=click.IntRange(2, 65_535), help="[default: the next that nobody ever had]")
def add(
    label: str,
    file: Path | None,
    config_path: Path | None,
    name_en: str | None,
    name_zh: str | None,
    severity: str,
    code: int | None,
) -> None:
    """Add a defect. Example: okng catalogue add burr --name-en Burr --name-zh 毛刺 --config station.toml"""
    from appliance.defects import history_of
    from models.catalogue import added, free_code, parse_catalogue
    from models.decision import DefectClass

    path, config = _which(file, config_path)
    text = _text(path, missing_is_empty=True)
    own = parse_catalogue(text.encode(), str(path))
    known = history_of(config).known() if config else ()
    english = name_en or label
    number = code or free_code(own, known)
    row = DefectClass(label, number, english, name_zh or english, Severity(severity))
    new = (text if not text or text.endswith("\n") else text + "\n") + added(own, row, known)
    _write(path, new.lstrip("\n"), config)
    click.echo(f"{path}: {label} has the code {number}")


@catalogue.command()
@click.argument("label")
@_file_argument
@_station_option
def retire(label: str, file: Path | None, config_path: Path | None) -> None:
    """Mark a defect as no longer in use; its code stays its own. Example: okng catalogue retire burr catalogue.toml"""
    from models.catalogue import retired

    path, config = _which(file, config_path)
    _write(path, retired(_text(path), label, str(path)), config)
    click.echo(f"{path}: {label} is retired; its code stays its own")


@catalogue.command()
@_file_argument
@_station_option
def check(file: Path | None, config_path: Path | None) -> None:
    """Compare the catalogue with what the station ever saw of it, and with the packages of its recipes.

    Example: okng catalogue check --config station.toml
    """
    from appliance.defects import catalogue_problems, packages_of, read_catalogue
    from appliance.fitting import catalogue_of

    path, config = _which(file, config_path)
    count = len(read_catalogue(path).rows)
    problems: list[str] = []
    warnings: list[str] = []
    if config is not None:
        recipes = (entry.recipe for entry in catalogue_of(config).entries())
        problems, warnings = catalogue_problems(config, packages_of(recipes))
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    if problems:
        raise CheckFailed("\n".join(problems))
    click.echo(f"{path} is in order: {count} classes")


def _which(file: Path | None, config_path: Path | None) -> tuple[Path, Config | None]:
    """The file that is meant, and the station that names it."""
    config = load_config(config_path)[0] if config_path is not None else None
    if file is not None and config is not None:
        raise UsageError("name the catalogue's file or a station with --config, not both")
    path = config.station.catalogue if config is not None else file
    if path is None:
        raise UsageError(
            'name the catalogue\'s file, or by --config a station that does: [station] catalogue = "catalogue.toml"'
        )
    return path, config


def _text(path: Path, *, missing_is_empty: bool = False) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        if missing_is_empty:
            return ""
        raise NotThere(f"{path} is not there; add the first defect with: okng catalogue add") from error
    except (OSError, UnicodeDecodeError) as error:
        raise NotThere(f"{path} cannot be read ({error}); correct its rights, or name another file") from error


def _write(path: Path, text: str, config: Config | None) -> None:
    """Write the file after it was checked once more, and let the station know it."""
    from appliance.defects import history_of
    from models.catalogue import parse_catalogue
    from models.durable import write_atomically

    changed = parse_catalogue(text.encode(), str(path))
    if config is not None:
        lost = changed.lost(history_of(config).known())
        if lost:
            raise UsageError("\n".join(f"{path}: {line}" for line in lost))
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise NotThere(f"{path} cannot be written ({error.strerror}); correct its rights") from error
    if config is not None:
        history_of(config).learn(changed)
