"""`okng check-data`: what is wrong with a data set, before a training is spent on it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from training.commands.reading import Reading, reading_options
from training.guard import guarded

_PATH = click.Path(path_type=Path)


@click.command(
    "check-data",
    epilog="Example: okng check-data pictures/flange --page flange.check.html\n\n"
    "Exit codes: 0 done, 1 errors were found (--strict), 2 cannot be checked, 3 not there, 130 stopped.",
)
@click.argument("data", type=_PATH)
@reading_options
@click.option("--split", type=_PATH, metavar="CSV", help="Look for leaks in this split, instead of the data set's own.")
@click.option("--page", type=_PATH, metavar="HTML", help="Write what was found with pictures, in two languages.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON on stdout.")
@click.option("--propose", type=_PATH, metavar="DIR", help="Write groups.csv and split.csv by the series found.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of the proposed split.")
@click.option("--quick", is_flag=True, help="Do not look for near duplicates and exposure series.")
@click.option("--strict", is_flag=True, help="Exit with 1 where an error was found.")
@click.option("--force", is_flag=True, help="Overwrite the page and the proposal.")
def check_data(
    data: Path,
    reading: Reading,
    split: Path | None,
    page: Path | None,
    as_json: bool,
    propose: Path | None,
    seed: int,
    quick: bool,
    strict: bool,
    force: bool,
) -> None:
    """Look for what would spoil a training in DATA: any format that okng imports, also one it would refuse to train on.

    Unreadable files, copies, near duplicates and exposure series, label conflicts, leaks between subsets, empty or
    mis-sized masks, blur, light, sizes, names, and what the pictures can prove. Nothing is written inside DATA.
    """

    def work() -> None:
        from training.check import run
        from training.check.findings import Severity
        from training.check.output import refuse_places, write_outputs
        from training.check.survey import survey
        from training.progress import Progress

        refuse_places(data, page, propose, force)
        progress = Progress(sys.stderr)
        seen = survey(data, reading.format, reading.options, split, progress)
        checked = run.check(seen, progress, series=not quick)
        click.echo(run.as_json(checked) if as_json else run.summary(checked))
        for written in write_outputs(checked, page, propose, seed):
            click.echo(f"wrote {written}", err=as_json)
        if strict and checked.count(Severity.ERROR):
            sys.exit(1)

    guarded(work)
