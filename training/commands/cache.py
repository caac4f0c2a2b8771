"""`okng cache`: what is kept of pictures so that each is decoded once; and the options that say where."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.guard import guarded

if TYPE_CHECKING:
    from training.data.cache import Store
    from training.data.cache_place import Kept

_PATH = click.Path(path_type=Path)
_PLACE = click.option("--cache", "place", type=_PATH, metavar="DIR", help="The cache  [default: ~/.cache/okng]")
_LIMIT = click.option(
    "--cache-gb", "limit_gb", type=click.FloatRange(0.01), help="Its limit  [default: 8, or a quarter of the free disk]"
)


@dataclass(frozen=True, slots=True)
class Caching:
    """What a command was told of the cache."""

    place: Path | None
    limit_gb: float | None
    off: bool

    def store(self) -> Store:
        """The cache, opened; what is wrong with it is said on stderr, once.

        Raises:
            BadData: there is something else at its place.
        """
        from training.data.cache import Cache, Memory
        from training.data.cache_place import usual_place

        if self.off:
            return Memory()

        def warn(sentence: str) -> None:
            click.echo(sentence, err=True)

        limit = None if self.limit_gb is None else int(self.limit_gb * 1e9)
        return Cache(self.place or usual_place(), warn, limit)


def cache_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of the cache; it gets them as `caching`, a `Caching`."""

    @wraps(command)
    def with_cache(*args: object, place: Path | None, limit_gb: float | None, no_cache: bool, **more: object) -> None:
        command(*args, caching=Caching(place, limit_gb, no_cache), **more)

    for option in (
        click.option("--no-cache", is_flag=True, help="Keep nothing of the pictures on disk."),
        _LIMIT,
        _PLACE,
    ):
        option(with_cache)
    return with_cache


@click.command(epilog="Examples: okng cache; okng cache clear\n\nExit codes: 0 done, 3 it cannot be read or cleared.")
@click.argument("action", type=click.Choice(["show", "clear"]), default="show")
@_PLACE
@_LIMIT
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON on stdout.")
def cache(action: str, place: Path | None, limit_gb: float | None, as_json: bool) -> None:
    """Show what okng keeps of pictures so that training decodes each once, or clear it.

    Nothing in it is needed: what is missing is made again from the pictures.
    """

    def work() -> None:
        from training.data.cache_place import kept, usual_limit, usual_place

        root = place or usual_place()
        if action == "clear":
            click.echo(_cleared(root), err=as_json)
        limit = usual_limit(root) if limit_gb is None else int(limit_gb * 1e9)
        kinds = kept(root)
        click.echo(_as_json(root, limit, kinds) if as_json else _as_text(root, limit, kinds, time.time()))

    guarded(work)


def _cleared(root: Path) -> str:
    from training.data.cache import Cache
    from training.data.cache_place import is_cache

    if not is_cache(root):
        return f"there is no cache at {root}"
    removed, left = Cache(root, lambda sentence: click.echo(sentence, err=True)).clear()
    in_use = f"; {left / 1e6:.0f} MB are in use by a running command and stay" if left else ""
    return f"removed {removed / 1e6:.0f} MB{in_use}"


def _as_json(root: Path, limit: int, kinds: list[Kept]) -> str:
    held = sum(one.disk_bytes for one in kinds)
    shown = {"place": str(root), "limit_bytes": limit, "bytes": held, "kinds": [asdict(one) for one in kinds]}
    return json.dumps(shown, ensure_ascii=False, indent=1)


def _as_text(root: Path, limit: int, kinds: list[Kept], now_s: float) -> str:
    held = sum(one.disk_bytes for one in kinds)
    lines = [f"{root}: {held / 1e6:.0f} MB of {limit / 1e9:.1f} GB"]
    for one in kinds:
        ages = " to ".join(dict.fromkeys(_age(now_s - moment) for moment in (one.newest_s, one.oldest_s)))
        lines.append(f"  {one.kind:<24} {one.rows:>8} pictures {one.disk_bytes / 1e6:>9.1f} MB, used {ages} ago")
    return "\n".join(lines)


def _age(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} seconds"
