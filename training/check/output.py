"""What `okng check-data` writes: the page, and the groups and split that it proposes; never inside the data set."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from models.durable import write_atomically
from training.check.copies import copies_of
from training.check.findings import printable
from training.check.groups import group_of
from training.check.look import Look
from training.check.report import html
from training.check.run import Checked
from training.data.dataset import EMPTY
from training.data.subsets import SHARES, SplitRow, propose, split_text

GROUPS, SPLIT = "groups.csv", "split.csv"


def refuse_places(data: Path, page: Path | None, folder: Path | None, force: bool) -> None:
    """Say before the pictures are read that something cannot be written.

    Raises:
        UsageError: it lies inside the data set, has no folder, or is there already.
    """
    wanted = [*([page] if page else []), *([folder / GROUPS, folder / SPLIT] if folder else [])]
    root = data.resolve()
    for path in wanted:
        if root.is_dir() and path.resolve().is_relative_to(root):
            raise click.UsageError(f"{path} lies inside the data set, where nothing is written; name another place")
        if path.exists() and not force:
            raise click.UsageError(f"{path} is there already; name another, or say --force")
    for path in [*([page] if page else []), *([folder] if folder else [])]:
        if not path.resolve().parent.is_dir():
            raise click.UsageError(f"there is no folder {path.resolve().parent}; make it first")


def write_outputs(checked: Checked, page: Path | None, folder: Path | None, seed: int) -> Iterator[Path]:
    """Write what was asked for, each file whole or not at all, and tell each. Raises OSError."""
    if page is not None:
        write_atomically(page, html(checked).encode())
        yield page
    if folder is not None:
        groups = joined_groups(checked)
        write_atomically(folder / GROUPS, printable(groups_text(groups)).encode())
        yield folder / GROUPS
        write_atomically(folder / SPLIT, printable(proposed(checked, groups, seed)).encode())
        yield folder / SPLIT


def joined_groups(checked: Checked) -> dict[str, str]:
    """Picture → group: what the data set says, joined where a series or a copy connects two groups."""
    looks = checked.survey.looks
    leader: dict[str, str] = {}

    def lead(name: str) -> str:
        while (above := leader.setdefault(name, name)) != name:
            leader[name] = leader[above]
            name = above
        return name

    for group in _bound(looks, checked):
        first, *others = sorted({group_of(look) or look.name for look in group})
        for other in others:
            one, two = sorted((lead(first), lead(other)))
            leader[two] = one
    return {look.name: lead(group_of(look) or look.name) for look in looks if not look.fault}


def _bound(looks: Sequence[Look], checked: Checked) -> Iterator[Sequence[Look]]:
    yield from copies_of(looks)
    for one in checked.series:
        yield [looks[index] for index in one.members]


def groups_text(groups: Mapping[str, str]) -> str:
    """`groups.csv`, sorted by picture."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("picture", "group"))
    writer.writerows(sorted(groups.items()))
    return text.getvalue()


def proposed(checked: Checked, groups: Mapping[str, str], seed: int) -> str:
    """A split of the labelled pictures of parts, one of each copy."""
    looks = checked.survey.looks
    copies = {look.name for group in copies_of(looks) for look in group[1:]}
    taken = [
        look
        for look in looks
        if look.labels and look.label != EMPTY and not look.fault and not look.synthetic and look.name not in copies
    ]
    labels, of = [look.label for look in taken], [groups[look.name] for look in taken]
    subsets = propose(labels, of, SHARES, seed) if taken else ()
    rows = zip(taken, labels, subsets, of, strict=True)
    return split_text(SplitRow(look.name, label, subset, group) for look, label, subset, group in rows)
