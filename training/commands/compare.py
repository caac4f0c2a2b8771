"""`okng compare`: is one package better than another, or only luckier?"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from training.guard import guarded, refuse_taken

_PATH = click.Path(path_type=Path)
_SUBSETS = ("train", "validation", "calibration", "test", "regression")


@click.command(
    epilog="Example: okng compare old.okng new.okng --data pictures/flange --split default --page compare.html\n\n"
    "Exit codes: 0 done, 2 data or packages that cannot be compared, 3 not there, 4 package refused, 130 stopped."
)
@click.argument("a", type=_PATH)
@click.argument("b", type=_PATH)
@click.option("--data", required=True, type=_PATH, help="Labelled pictures that neither package was trained on.")
@click.option("--split", metavar="NAME", help="Only a subset of DATA/splits/NAME.csv (or of a file).")
@click.option("--subset", default="test", show_default=True, type=click.Choice(_SUBSETS), help="Which one.")
@click.option(
    "--runtime",
    type=click.Choice(["openvino", "onnxruntime", "tflite"]),
    help="For both  [default: the first that both were proven on]",
)
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1, 64), help="Threads of the runtime.")
@click.option("--page", type=_PATH, help="Write an HTML page, too, with both maps of pictures that differ.")
@click.option("--force", is_flag=True, help="Replace the page if it is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON on stdout.")
def compare(
    a: Path,
    b: Path,
    data: Path,
    split: str | None,
    subset: str,
    runtime: str | None,
    threads: int,
    page: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Judge the same pictures with the packages A and B and say whether they differ by more than chance.

    Mistakes are compared picture by picture (McNemar's exact test), AUROC and other figures by a paired bootstrap that
    draws whole parts or lots. Pictures that a package was trained on are refused, as far as it tells.
    """

    def work() -> None:
        from models.durable import write_atomically
        from training.comparison.page import as_page
        from training.comparison.run import Request, compare_packages
        from training.comparison.wording import as_dict, as_text
        from training.data.subsets import Subset
        from training.progress import Progress

        if page is not None:
            refuse_taken(page, force)
        request = Request((a, b), data, runtime, threads, split, Subset(subset))
        found = compare_packages(request, Progress(sys.stderr))
        if page is not None:
            write_atomically(page, as_page(found).encode())
        click.echo(json.dumps(as_dict(found), ensure_ascii=False, indent=1) if as_json else as_text(found))

    guarded(work)
