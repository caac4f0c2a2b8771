"""`okng synth`: synthetic defects on good pictures, for training alone, and a page to look at them first."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.guard import guarded, refuse_taken

if TYPE_CHECKING:
    from models.geometry_entry import GeometrySpec
    from training.data.dataset import DataSet
    from training.declared import Declared
    from training.synthesis.series import Series

_SHOWN_A_KIND = 3
_SHOWN_GOOD = 4


@dataclass(frozen=True, slots=True)
class _Wish:
    data: Path
    count: int | None
    preview: Path | None
    augment: bool
    seed: int
    force: bool
    geometry: GeometrySpec
    declared: Declared


@click.command(
    epilog="Example: okng synth pictures/flange --preview defects.html\n\n"
    "Exit codes: 0 done, 2 unusable data, 3 not there, 130 stopped."
)
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--count", type=click.IntRange(1, 100_000), help="Write so many pictures into DATA/synthetic/.")
@click.option("--preview", type=click.Path(path_type=Path), help="Write an HTML page that shows some of each kind.")
@click.option("--augment", is_flag=True, help="Show augmented views of good pictures on the page, no defects.")
@click.option("--kinds", metavar="NAMES", help="Kinds to make, with commas between  [default: of --config, or all]")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Same data and seed, same bytes.")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file: [augment], [synthesize].")
@click.option("--geometry", "geometry_file", type=click.Path(path_type=Path), help="TOML file: the region to draw in.")
@click.option("--force", is_flag=True, help="Replace what DATA/synthetic/ or the page holds.")
def synth(
    data: Path,
    count: int | None,
    preview: Path | None,
    augment: bool,
    kinds: str | None,
    seed: int,
    config_file: Path | None,
    geometry_file: Path | None,
    force: bool,
) -> None:
    """Make defects on the good pictures of DATA: for training alone, never for limits or tests.

    Every picture is marked inside its file, and every command that sets limits or tests refuses it.
    """

    def work() -> None:
        from training.declared import read_declared
        from training.framing import asked_geometry

        if augment and (count is not None or preview is None):
            raise click.UsageError("--augment shows views on a page: give --preview FILE with it, and no --count")
        if count is None and preview is None:
            raise click.UsageError("say with --count how many to write, or with --preview where to show some")
        declared = _with_kinds(read_declared(config_file), kinds)
        geometry = asked_geometry(geometry_file, None)
        _run(_Wish(data, count, preview, augment, seed, force, geometry, declared))

    guarded(work)


def _with_kinds(declared: Declared, kinds: str | None) -> Declared:
    from training.declared import Kind

    if kinds is None:
        return declared
    names = tuple(dict.fromkeys(name.strip() for name in kinds.split(",")))
    wrong = [name for name in names if name not in set(Kind)]
    if wrong:
        raise click.UsageError(f"{wrong[0]!r} is no kind of defect; choose from {', '.join(Kind)}")
    chosen = declared.synthesize.model_copy(update={"kinds": tuple(Kind(name) for name in names)})
    return declared.model_copy(update={"synthesize": chosen})


def _run(wish: _Wish) -> None:
    from training.data.dataset import open_dataset
    from training.synthesis.folder import check_free

    if wish.count is not None and wish.data.is_dir():
        check_free(wish.data, wish.force)
    if wish.preview is not None:
        refuse_taken(wish.preview, wish.force)
    data = open_dataset(wish.data, min_good=1)
    if wish.augment:
        _show_views(wish, data)
        return
    if wish.preview is not None:
        _show_defects(wish, _series(wish, data))
    if wish.count is not None:
        _write(wish, wish.count, _series(wish, data))


def _series(wish: _Wish, data: DataSet) -> Series:
    from training.data.part import read_part
    from training.synthesis.generate import possible
    from training.synthesis.own import crops_of
    from training.synthesis.regions import where_of
    from training.synthesis.series import Series

    spec = wish.declared.synthesize
    crops = tuple(crops_of(data.defective)) if "blend" in spec.kinds else ()
    kinds = possible(spec, read_part(data.root), crops)
    return Series(data.good, kinds, spec, crops, where_of(wish.geometry, data), wish.seed)


def _show_views(wish: _Wish, data: DataSet) -> None:
    from training.data.part import limited, read_part
    from training.synthesis.preview import views_page

    part = read_part(data.root)
    html = views_page(data.good[:_SHOWN_GOOD], limited(wish.declared.augment, part), part, wish.seed)
    _write_page(wish, html)


def _show_defects(wish: _Wish, series: Series) -> None:
    from training.data.part import limited, read_part
    from training.progress import Progress
    from training.synthesis.preview import defects_page

    count = _SHOWN_A_KIND * len(series.kinds)
    made = Progress(sys.stderr).each("synthetic pictures to look at", series.make(count), count)
    augment = limited(wish.declared.augment, read_part(wish.data))
    html, shown = defects_page(made, series.missed, augment, wish.seed)
    _write_page(wish, html)
    click.echo(f"{shown} synthetic pictures on it{_missed(series)}")


def _write(wish: _Wish, count: int, series: Series) -> None:
    from training.errors import BadData
    from training.progress import Progress
    from training.synthesis.folder import write_series

    made = Progress(sys.stderr).each("synthetic pictures", series.make(count), count)
    counts = write_series(wish.data, made, wish.seed, wish.force)
    if not counts:
        raise BadData(f"no synthetic picture could be made{_missed(series)}; ask for other kinds")
    said = ", ".join(f"{number} {label}" for label, number in sorted(counts.items()))
    click.echo(f"{wish.data / 'synthetic'}: {counts.total()} pictures with masks ({said}){_missed(series)}")


def _missed(series: Series) -> str:
    if not series.missed:
        return ""
    said = ", ".join(f"{count} {kind}" for kind, count in series.missed.items())
    return f"; fitting nowhere: {said}"


def _write_page(wish: _Wish, html: str) -> None:
    from models.durable import write_atomically

    if wish.preview is not None:
        write_atomically(wish.preview, html.encode())
        click.echo(f"page {wish.preview}")
