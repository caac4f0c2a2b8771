"""`okng suggest`: what to label next."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.guard import guarded, refuse_taken

if TYPE_CHECKING:
    from training.suggestion.choose import Why
    from training.suggestion.run import Suggested

_SHARES = "audit=20,near=40,novel=40"


def _shares(_context: click.Context, _parameter: click.Parameter, value: str) -> Mapping[Why, float]:
    from training.suggestion.choose import Why

    found: dict[Why, float] = {}
    for part in value.split(","):
        name, _, number = part.strip().partition("=")
        try:
            why, share = Why(name), float(number)
        except ValueError:
            raise click.BadParameter(f"{part!r} is none; write them as {_SHARES}") from None
        if why in found or not 0.0 <= share < float("inf"):
            raise click.BadParameter(f"{part!r} stands twice or is no share; write them as {_SHARES}")
        found[why] = share
    if not sum(found.values()):
        raise click.BadParameter(f"they add up to nothing; write them as {_SHARES}")
    return found


@click.command(
    epilog="Example: okng suggest pictures/flange flange.okng --count 40 --page next.html\n\n"
    "Exit codes: 0 done, 2 unusable data, 3 not there, 4 package refused, 130 stopped."
)
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("package", type=click.Path(path_type=Path))
@click.option("--count", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many pictures.")
@click.option("--shares", default=_SHARES, show_default=True, callback=_shares, help="How many of which reason.")
@click.option("--labelled", type=click.Path(path_type=Path), help="Data set whose pictures are known already.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of the random share.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the list as CSV.")
@click.option("--page", "page_file", type=click.Path(path_type=Path), help="Write an HTML page with the pictures.")
@click.option("--take", type=click.Path(path_type=Path), help="Copy the pictures into this empty or missing folder.")
@click.option("--force", is_flag=True, help="Replace --out and --page where they are there.")
@click.option("--no-record", is_flag=True, help="Keep no record of the audit: its labels will then count for nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON on stdout.")
def suggest(
    data: Path,
    package: Path,
    count: int,
    shares: Mapping[Why, float],
    labelled: Path | None,
    seed: int,
    out: Path | None,
    page_file: Path | None,
    take: Path | None,
    force: bool,
    no_record: bool,
    as_json: bool,
) -> None:
    """Say which pictures of DATA to label next for the model of PACKAGE.

    DATA is a data set, whose folder unlabelled/ is looked through, or any folder of pictures. Three reasons: near the
    limits, unlike anything labelled, and a random share, which alone can tell how often the model is wrong.
    """

    def work() -> None:
        from training.progress import Progress
        from training.suggestion import tell
        from training.suggestion.run import Asked, suggest_next

        for file in filter(None, (out, page_file)):
            refuse_taken(file, force)
        if take is not None and take.exists() and (not take.is_dir() or any(take.iterdir())):
            raise click.UsageError(f"{take} is not empty; name a folder that is not there yet")
        when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        asked = Asked(data, package, labelled, count, shares, seed, when, not no_record)
        found = suggest_next(asked, Progress(sys.stderr))
        _write(found, out, page_file, take)
        click.echo(json.dumps(tell.as_dict(found), ensure_ascii=False, indent=1) if as_json else tell.as_text(found))

    guarded(work)


def _write(found: Suggested, out: Path | None, page_file: Path | None, take: Path | None) -> None:
    from models.durable import write_atomically
    from training.suggestion import tell

    if out is not None:
        write_atomically(out, tell.as_csv(found).encode())
    if page_file is not None:
        write_atomically(page_file, tell.as_page(found).encode())
    if take is not None:
        take.mkdir(parents=True, exist_ok=True)
        for number, one in enumerate(found.chosen, 1):
            path = one.seen.candidate.path
            shutil.copyfile(path, take / f"{number:04} {path.name}")
