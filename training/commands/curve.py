"""`okng curve`: what more defective pictures would bring."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.commands.cache import Caching, cache_options
from training.guard import guarded, need_training_libraries, refuse_taken

if TYPE_CHECKING:
    from training.declared import Asked as Mode

_COUNTS = "1,5,10,25,all"
_MODES = ("auto", "mixed", "segmentation")


def _counts(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[int | None, ...]:
    found: list[int | None] = []
    for word in value.split(","):
        if word.strip() == "all":
            found.append(None)
            continue
        try:
            count = int(word)
        except ValueError:
            count = -1
        if not 0 <= count <= 100_000:
            raise click.BadParameter(f"{word!r} is no number of pictures; write them as {_COUNTS}")
        found.append(count)
    return tuple(found)


@click.command(
    epilog="Example: okng curve pictures/flange --split default --page curve.html\n\n"
    "Exit codes: 0 done, 2 unusable data, 3 not there, 130 stopped."
)
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--split", required=True, metavar="NAME", help="DATA/splits/NAME.csv (or a file): its test judges.")
@click.option("--defects", default=_COUNTS, show_default=True, callback=_counts, help="How many, of all classes.")
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(1, 20), help="Draws of each number.")
@click.option(
    "--mode",
    type=click.Choice(_MODES),
    help="mixed: frozen network, seconds a point; segmentation: one is taught at each; auto: as okng train would.  "
    "[default: mixed]",
)
@click.option("--seed", type=click.IntRange(0), help="Same data and seed, same curve.  [default: 0]")
@click.option("--size", type=click.IntRange(64, 1024), help="Network input, pixels.  [default: 256]")
@click.option("--geometry", type=click.Path(path_type=Path), help="TOML file as for okng train.")
@click.option("--config", type=click.Path(path_type=Path), help="TOML file as for okng train.")
@click.option("--page", type=click.Path(path_type=Path), metavar="HTML", help="Write it with charts, in two languages.")
@click.option("--force", is_flag=True, help="Replace --page where it is there.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON on stdout.")
@cache_options
def curve(
    data: Path,
    split: str,
    defects: tuple[int | None, ...],
    repeats: int,
    mode: Mode | None,
    seed: int | None,
    size: int | None,
    geometry: Path | None,
    config: Path | None,
    page: Path | None,
    force: bool,
    as_json: bool,
    caching: Caching,
) -> None:
    """Say what more defective pictures would bring: train on some of DATA's, judge the same unseen ones each time.

    Each point is kept in the cache, a network that is taught after each epoch: the same command goes on where it was
    stopped.
    """
    need_training_libraries()

    def work() -> None:
        from models.durable import write_atomically
        from training.config import SIZE_PX, TrainConfig
        from training.curve import tell
        from training.curve.measure import Asked, measure
        from training.curve.steps import steps
        from training.data.cache import Cache
        from training.data.cache_place import CURVES
        from training.declared import read_declared
        from training.framing import asked_geometry
        from training.progress import Progress

        if page is not None:
            refuse_taken(page, force)
        declared = read_declared(config)
        said = declared.train
        own = TrainConfig(
            seed=said.seed if seed is None else seed,
            size_px=size or said.size_px or SIZE_PX,
            geometry=asked_geometry(geometry, None),
            declared=declared.in_mode(mode or (said.mode if "mode" in said.model_fields_set else "mixed")),
        )
        store = caching.store()
        place = store.root / CURVES if isinstance(store, Cache) and store.writable else None
        measured = measure(Asked(data, split, own, defects, repeats, place), Progress(sys.stderr), store)
        found = steps(measured)
        if page is not None:
            write_atomically(page, tell.as_page(measured, found).encode())
        figures = tell.as_dict(measured, found)
        click.echo(json.dumps(figures, ensure_ascii=False, indent=1) if as_json else tell.as_text(measured, found))

    guarded(work)
