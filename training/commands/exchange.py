"""`okng import` and `okng export`: data sets of other programs, and back."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.commands.reading import Reading, reading_options
from training.guard import guarded

if TYPE_CHECKING:
    from training.transfer.summary import Summary

_PATH = click.Path(path_type=Path)
_CODES = "Exit codes: 0 done, 2 unusable data, 3 not there or not writable, 130 stopped. Otherwise nothing is written."


@click.command("import", epilog=f"Example: okng import labelled.zip parts --good MT_Free\n\n{_CODES}")
@click.argument("source", metavar="SRC", type=_PATH)
@click.argument("dest", type=_PATH)
@reading_options
@click.option("--skip-broken", is_flag=True, help="Leave out pictures that cannot be read, and list them.")
@click.option("--limit-gb", default=50.0, show_default=True, type=click.FloatRange(0.001), help="Most of an archive.")
@click.option("--dry-run", is_flag=True, help="Read and look at everything, write nothing.")
@click.option("--force", is_flag=True, help="Replace the folder DEST.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON on stdout.")
def import_command(
    source: Path,
    dest: Path,
    reading: Reading,
    skip_broken: bool,
    limit_gb: float,
    dry_run: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Make the data set DEST from SRC: a folder, a label file or an archive, in any format that okng reads.

    Nothing is guessed: a class is good if it is called good, ok, normal, pass, 良品 or 合格, or --good says so;
    pictures without any label are refused until --unmarked says what they are. All formats: docs/data.md.
    """

    def work() -> None:
        from training.progress import Progress
        from training.transfer.importing import ImportRequest, import_data

        request = ImportRequest(source, dest, reading.format, reading.options, skip_broken, dry_run, force, limit_gb)
        _show(import_data(request, Progress(sys.stderr)), as_json)

    guarded(work)


@click.command("export", epilog=f"Example: okng export parts parts-coco --format coco\n\n{_CODES}")
@click.argument("data", type=_PATH)
@click.argument("dest", type=_PATH)
@click.option("--format", "format_name", required=True, metavar="NAME", help="What to write; see docs/data.md.")
@click.option("--from", "source_format", metavar="NAME", help="What DATA is  [default: recognised]")
@click.option("--table", type=_PATH, metavar="CSV", help="Splits, groups and labels to export, by its column image.")
@click.option("--dry-run", is_flag=True, help="List what the format cannot say, write nothing.")
@click.option("--force", is_flag=True, help="Replace the folder DEST.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON on stdout.")
def export_command(
    data: Path,
    dest: Path,
    format_name: str,
    source_format: str | None,
    table: Path | None,
    dry_run: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write the data set DATA into the folder DEST in another format, and list what that cannot say."""

    def work() -> None:
        from training.formats.base import ReadOptions
        from training.progress import Progress
        from training.transfer.exporting import ExportRequest, export_data

        request = ExportRequest(data, dest, format_name, source_format, ReadOptions(table=table), dry_run, force)
        _show(export_data(request, Progress(sys.stderr)), as_json)

    guarded(work)


def _show(summary: Summary, as_json: bool) -> None:
    click.echo(json.dumps(summary.as_json(), ensure_ascii=False, indent=2) if as_json else summary.text())
