"""`okng regression`: old escapes, which every later model has to catch."""

from __future__ import annotations

import getpass
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from training.guard import guarded

_PATH = click.Path(path_type=Path)
_FAILED = 1


@click.group()
def regression() -> None:
    """Old escapes of a data set: never trained on, judged by every later model, never thinned out."""


@regression.command(
    epilog='Example: okng regression add pictures/flange scratch/0815.png --why "escaped, complaint 4711"'
)
@click.argument("data", type=_PATH)
@click.argument("pictures", nargs=-1, required=True, type=_PATH)
@click.option("--why", required=True, help="What happened; it stays in the set.")
@click.option("--who", help="Who adds it  [default: the user's name]")
@click.option("--label", help="The defect that pictures from outside DATA show; they are copied to DATA/LABEL.")
@click.option("--json", "as_json", is_flag=True, help="Print what was added as JSON on stdout.")
def add(data: Path, pictures: tuple[Path, ...], why: str, who: str | None, label: str | None, as_json: bool) -> None:
    """Put PICTURES into the regression set of DATA, for good."""

    def work() -> None:
        from training.progress import Progress
        from training.rois.dataset import is_assembly
        from training.rois.parted import take_assembly_census
        from training.splits.escapes import pick
        from training.splits.regression import add_to_regression

        if not why.strip():
            raise click.UsageError("say with --why what happened")
        progress = Progress(sys.stderr)
        if is_assembly(data):
            names = {(data / one).resolve() if (data / one).is_file() else one.resolve() for one in pictures}
            chosen = tuple(one for one in take_assembly_census(data, progress) if one.path.resolve() in names)
            if len(chosen) < len(names):
                raise click.UsageError(f"{len(names) - len(chosen)} of them are no labelled pictures of {data}")
        else:
            chosen = pick(data, pictures, label, progress)
        when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        added = add_to_regression(data, chosen, who or getpass.getuser(), when, why.strip())
        if as_json:
            click.echo(json.dumps([one.model_dump(mode="json") for one in added], ensure_ascii=False, indent=1))
            return
        click.echo(f"{len(added)} added, {len(chosen) - len(added)} were in the regression set already")

    guarded(work)


@regression.command("list")
@click.argument("data", type=_PATH)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON on stdout.")
def list_regression(data: Path, as_json: bool) -> None:
    """Show the regression set of DATA, and whether it is whole."""

    def work() -> None:
        from training.splits.regression import read_regression

        lines = read_regression(data)
        if as_json:
            click.echo(json.dumps([one.model_dump(mode="json") for one in lines], ensure_ascii=False, indent=1))
            return
        for one in lines:
            click.echo(f"{one.number}  {one.when}  {one.who}  {one.picture}  {one.why}")
        click.echo(f"{len(lines)} pictures; the set is whole")

    guarded(work)


@regression.command(
    epilog="Exit codes: 0 all are caught, 1 some are not, 2 unusable data, 3 not there, 4 package refused, 130 stopped."
)
@click.argument("package", type=_PATH)
@click.argument("data", type=_PATH)
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1, 64), help="Threads of the runtime.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON on stdout.")
def check(package: Path, data: Path, threads: int, as_json: bool) -> None:
    """Judge the regression set of DATA with PACKAGE, on every runtime it was proven on that is here."""

    def work() -> None:
        from training.rois.dataset import is_assembly
        from training.rois.parted import check_regions
        from training.splits.escapes import check_pictures
        from training.splits.unseen_text import caught_figures, caught_text

        found = (check_regions if is_assembly(data) else check_pictures)(package, data, threads)
        if as_json:
            click.echo(json.dumps([caught_figures(one) for one in found], ensure_ascii=False, indent=1))
        else:
            click.echo("\n".join(caught_text(one) for one in found))
        if any(one.missed for one in found):
            sys.exit(_FAILED)

    guarded(work)
