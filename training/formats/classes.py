"""Which class names mean good, empty or nothing: decided here for every format, and never guessed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from training.errors import BadData
from training.formats.item import EMPTY, GOOD, Item, Source

UNLABELLED = "unlabelled"
# A class is good if it is called so and in no other case: a missing label must never become OK.
GOOD_NAMES = frozenset({"good", "ok", "normal", "pass", "良品", "合格"})


def told(source: Source, good: Iterable[str] = (), unmarked: str | None = None) -> Source:
    """The same data set with good parts called `good`; `good`: further class names that mean it.

    `unmarked`: what pictures without any label or mark are: `good`, `unlabelled` or, undecided, None. Whoever labels
    or trains has to ask: `undecided` finds them.

    Raises:
        BadData: a name in `good` is no class of the data set; a good picture is said to show a defect too.
    """
    known = {label for item in source.items for label in item.classes} | set(source.classes)
    strangers = [name for name in good if name not in known]
    if strangers:
        raise BadData(
            f"--good {strangers[0]!r} is no class of {source.root}; it has {', '.join(sorted(known)) or 'none'}"
        )
    names = frozenset(good)
    items = tuple(_told(item, names, unmarked) for item in source.items)
    contrary = [item.name for item in items if GOOD in item.classes and len(item.classes) > 1]
    if contrary:
        raise BadData(
            f"{len(contrary)} pictures of {source.root} are said to be good and to show a defect, {contrary[0]} first; "
            "correct their labels"
        )
    classes = dict.fromkeys(_plain(label, names) for label in source.classes)
    return replace(source, items=items, classes=tuple(label for label in classes if label not in (GOOD, EMPTY)))


def undecided(source: Source) -> tuple[Item, ...]:
    """Pictures of which nothing is said: neither a class nor a mark nor a region."""
    return tuple(item for item in source.items if not item.classes and not item.regions)


def _told(item: Item, good: frozenset[str], unmarked: str | None) -> Item:
    labels = tuple(dict.fromkeys(_plain(label, good) for label in item.labels))
    if unmarked == GOOD and not labels and not item.classes and not item.regions:
        labels = (GOOD,)
    return item if labels == item.labels else replace(item, labels=labels)


def _plain(label: str, good: frozenset[str]) -> str:
    if label in good or label.casefold() in GOOD_NAMES:
        return GOOD
    return EMPTY if label.casefold() == EMPTY else label
