"""`okng part`: what training may assume of a part, asked once and kept in the data set's part.toml."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from training.guard import guarded

if TYPE_CHECKING:
    from training.data.part import Part
    from training.declared import Rotation

_CHIRAL = "Does the part differ from its mirror picture (text, threads, holes off the axis)?"
_ROTATION = "How may a good part lie: always alike (none), by quarters (quarter), in any rotation (any)?"
_MIRRORED = "Take a picture of a good part and mirror it left to right: is what it then shows good or ng?"
_LIGHT = "Does the brightness differ between pictures of good parts?"


@click.command(
    epilog="Example: okng part pictures/flange --no-chiral --rotation any\n\n"
    "Exit codes: 0 done, 2 unusable answers, 3 not there, 130 stopped."
)
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--chiral/--no-chiral", default=None, help=_CHIRAL)
@click.option("--rotation", type=click.Choice(["none", "quarter", "any"]), help=_ROTATION)
@click.option("--mirrored", type=click.Choice(["good", "ng"]), help=_MIRRORED)
@click.option("--light-varies/--light-constant", "light_varies", default=None, help=_LIGHT)
@click.option("--force", is_flag=True, help="Let other answers take the place of those that are stored.")
def part(
    data: Path,
    chiral: bool | None,
    rotation: Rotation | None,
    mirrored: Literal["good", "ng"] | None,
    light_varies: bool | None,
    force: bool,
) -> None:
    """Ask what may be assumed of the part in DATA and write it to DATA/part.toml.

    On a terminal, asks for what no option and no stored answer says. Without answers no view is mirrored.
    """

    def work() -> None:
        answers = {"chiral": chiral, "rotation": rotation, "mirrored": mirrored, "light_varies": light_varies}
        given = {name: answer for name, answer in answers.items() if answer is not None}
        click.echo(_store(data, given, force, _asked if sys.stdin.isatty() else _not_asked))

    guarded(work)


def _store(data: Path, given: Mapping[str, object], force: bool, ask: Callable[[Part], Part]) -> str:
    from models.durable import write_atomically
    from training.data.part import PART, Part, checked, part_text, read_part
    from training.errors import BadData, NotThere

    if not data.is_dir():
        raise NotThere(f"there is no data set at {data}; name a folder that holds good/ and one folder a defect")
    stored = read_part(data).model_dump(exclude_none=True)
    changed = [name for name in given if stored.get(name, given[name]) != given[name]]
    if changed and not force:
        raise BadData(f"{data / PART} answers {', '.join(changed)} otherwise; give --force to change it")
    answered = ask(checked({**stored, **given}))
    if answered == Part():
        raise click.UsageError(
            "nothing was answered; call okng part on a terminal, or give --chiral or --no-chiral, --rotation, "
            "--mirrored, --light-varies or --light-constant"
        )
    write_atomically(data / PART, part_text(answered).encode())
    mirrored = "may be mirrored" if answered.may_mirror else "are never mirrored"
    return f"{data / PART} written: views of good parts {mirrored}\n{part_text(answered)}".rstrip()


def _not_asked(known: Part) -> Part:
    return known


def _asked(known: Part) -> Part:
    """What is known, and answers to the rest; a mirrored picture is asked for only where the rest leaves it open."""
    from training.data.part import checked

    answers: dict[str, object] = known.model_dump(exclude_none=True)
    if known.chiral is None:
        answers["chiral"] = click.confirm(_CHIRAL, default=None)
    if known.rotation is None:
        answers["rotation"] = click.prompt(_ROTATION, type=click.Choice(["none", "quarter", "any"]))
    if known.mirrored is None and not checked(answers).may_mirror:
        answers["mirrored"] = click.prompt(_MIRRORED, type=click.Choice(["good", "ng"]))
    if known.light_varies is None:
        answers["light_varies"] = click.confirm(_LIGHT, default=None)
    return checked(answers)
