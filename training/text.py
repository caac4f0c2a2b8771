"""What is said in two languages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence in both languages."""

    en: str
    zh: str


Said = Text | str | int | float


def same(text: object) -> Text:
    """What reads alike in both languages: a name, a figure, words of a library."""
    return Text(str(text), str(text))
