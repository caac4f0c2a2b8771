"""The options that say how a data set is to be read, the same for every command that reads any format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path

import click

from training.formats.base import ReadOptions
from training.formats.item import Source

_PATH = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True)
class Reading:
    """`format` is None where the data set has to be recognised."""

    format: str | None
    options: ReadOptions

    def source(self, path: Path) -> Source:
        """The data set at `path`.

        Raises:
            NotThere, BadData: as `read_source`.
        """
        from training.formats.registry import read_source

        return read_source(path, self.format, self.options)


def reading_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of reading; it gets them as `reading`, a `Reading`."""

    @wraps(command)
    def with_reading(
        *args: object,
        format_name: str | None,
        images: Path | None,
        pattern: str | None,
        table: Path | None,
        rois: Path | None,
        good: tuple[str, ...],
        rename: tuple[tuple[str, str], ...],
        unmarked: str | None,
        **more: object,
    ) -> None:
        options = ReadOptions(images, pattern, table, rois, good, rename, unmarked)
        command(*args, reading=Reading(format_name, options), **more)

    for option in reversed(_OPTIONS):
        option(with_reading)
    return with_reading


def _pair(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for value in values:
        old, equals, new = value.rpartition("=")
        if not (old.strip() and equals and new.strip()):
            raise click.BadParameter(f"{value!r} is not OLD=NEW, such as MT_Break=break")
        pairs.append((old, new.strip()))
    return tuple(pairs)


_OPTIONS: tuple[Callable[[Callable[..., None]], Callable[..., None]], ...] = (
    click.option("--format", "format_name", metavar="NAME", help="The data set's format  [default: recognised]"),
    click.option("--images", type=_PATH, metavar="DIR", help="Where the pictures of a label file lie."),
    click.option(
        "--pattern", metavar="REGEX", help="File names' pattern with (?P<label>…), (?P<group>…), (?P<split>…)."
    ),
    click.option("--table", type=_PATH, metavar="CSV", help="Adds label, split and group by its column image."),
    click.option("--rois", type=_PATH, metavar="TOML", help="Named regions, one group of --pattern each."),
    click.option("--good", multiple=True, metavar="CLASS", help="A class that means a good part; may be repeated."),
    click.option("--rename", multiple=True, callback=_pair, metavar="OLD=NEW", help="Rename a class; may be repeated."),
    click.option(
        "--unmarked", type=click.Choice(["good", "unlabelled"]), help="What pictures without any label or mark are."
    ),
)
