"""`okng split`: who may see which picture."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.data.subsets import Subset
    from training.progress import Progress
    from training.splits.census import Known

_SHARES = "train=60,validation=10,calibration=15,test=15"
_SHIFTS, _ZONE = "06:00,14:00,22:00", "UTC"
_BY = ("group", "lot", "shift", "position", "part", "series", "none")


def _shares(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Mapping[Subset, float] | None:
    if value is None:
        return None
    from training.data.subsets import Subset

    found: dict[Subset, float] = {}
    for part in value.split(","):
        name, _, number = part.strip().partition("=")
        try:
            subset, share = Subset(name), float(number)
        except ValueError:
            raise click.BadParameter(f"{part!r} is none; write them as {_SHARES}") from None
        if subset in found or subset is Subset.REGRESSION or not 0.0 <= share < float("inf"):
            raise click.BadParameter(f"{part!r} stands twice or is no share; write them as {_SHARES}")
        found[subset] = share
    if not sum(found.values()):
        raise click.BadParameter(f"they add up to nothing; write them as {_SHARES}")
    return found


@click.command(
    epilog="Example: okng split pictures/flange --by lot\n\n"
    "Exit codes: 0 done, 2 unusable data, 3 not there, 130 stopped."
)
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--by", type=click.Choice(_BY), help="What must not be torn.  [default: group]")
@click.option("--table", nargs=2, metavar="FILE COLUMN", help="CSV that tells it, with a column image or picture.")
@click.option("--shares", callback=_shares, help=f"Of each class.  [default: {_SHARES}]")
@click.option("--seed", type=click.IntRange(0), help="Same pictures and seed, same split.  [default: 0]")
@click.option("--name", default="default", show_default=True, help="Written to DATA/splits/NAME.csv.")
@click.option("--shifts", help=f"--by shift: when they begin.  [default: {_SHIFTS}]")
@click.option("--zone", help=f"--by shift: of these times, such as Asia/Shanghai.  [default: {_ZONE}]")
@click.option("--extend", "extending", is_flag=True, help="Deal only what came since; all else stays where it is.")
@click.option("--force", is_flag=True, help="Replace a split that is there; with --extend give up lost pictures.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON on stdout.")
def split(
    data: Path,
    by: str | None,
    table: tuple[str, str] | None,
    shares: Mapping[Subset, float] | None,
    seed: int | None,
    name: str,
    shifts: str | None,
    zone: str | None,
    extending: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Deal the pictures of DATA into train, validation, calibration and test.

    Pictures of one group stay together, every class is spread in proportion. What an earlier model let escape
    (okng regression) is kept apart. Unlabelled pictures are not dealt.
    """

    def work() -> None:
        from training.progress import Progress
        from training.rois.dataset import is_assembly
        from training.rois.parted import take_assembly_census
        from training.splits.census import take_census
        from training.splits.files import By
        from training.splits.grouping import shifts_from
        from training.splits.make import Asked, extend_split, make_split

        times = None if shifts is None and zone is None else shifts_from(shifts or _SHIFTS, zone or _ZONE)
        progress = Progress(sys.stderr)
        asked = Asked(
            data,
            name,
            lambda pictures: _series(pictures, progress),
            None if by is None else By(by),
            table,
            times,
            shares,
            seed,
            force,
        )
        census = take_assembly_census if is_assembly(data) else take_census
        told = (extend_split if extending else make_split)(asked, lambda: census(data, progress))
        click.echo(json.dumps(told.figures, ensure_ascii=False, indent=1) if as_json else told.text)

    guarded(work)


def _series(pictures: Sequence[Known], progress: Progress) -> list[tuple[int, ...]]:
    """Which pictures show the same part, found by looking at all of them."""
    from models.picture_file import read_picture
    from training.check.look import look_at
    from training.check.series import find_series
    from training.formats.item import Item, Source

    items = tuple(Item(picture.path, picture.name) for picture in pictures)
    looks = look_at(Source(pictures[0].path.parent, "okng", items, ()), progress)
    return [one.members for one in find_series(looks, lambda index: read_picture(looks[index].path), progress)]
