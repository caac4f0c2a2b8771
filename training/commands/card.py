"""`okng card`: what a package says of itself, for whoever has to trust it."""

from __future__ import annotations

from pathlib import Path

import click

from training.guard import guarded, refuse_taken


@click.command(
    epilog="Example: okng card flange.okng --out flange.MODEL_CARD.md\n\n"
    "Exit codes: 0 done, 2 wrong usage, 3 not there, 4 package refused."
)
@click.argument("package", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Write it to this file instead of printing it.")
@click.option("--force", is_flag=True, help="Replace --out where it is there.")
def card(package: Path, out: Path | None, force: bool) -> None:
    """Print the model card of PACKAGE as Markdown, in English and Chinese.

    What it is for, data, held-out figures with intervals, certificate, what it was never tested on. What test pictures
    said stands only in the card that okng train wrote beside the package.
    """

    def work() -> None:
        from models.durable import write_atomically
        from models.package import open_package
        from training.report.card import card as written

        if out is not None:
            refuse_taken(out, force)
        opened = open_package(package)
        text = written(opened.manifest, sum(one.size for one in opened.manifest.files.values()))
        if out is None:
            click.echo(text, nl=False)
            return
        write_atomically(out, text.encode())
        click.echo(f"wrote {out}")

    guarded(work)
