"""Counts what a label file says and a data set cannot hold, so that a thousand cases become one sentence."""

from __future__ import annotations

from collections import Counter


class Tally:
    """`sentences()`: one a kind, with how many there were and where the first stands."""

    def __init__(self) -> None:
        self._count: Counter[tuple[str, str]] = Counter()
        self._first: dict[tuple[str, str], object] = {}

    def add(self, what: str, became: str, where: object, number: int = 1) -> None:
        """`what`: in the plural; `became`: the sentence's end, such as "are left out: okng marks areas"."""
        if number:
            self._count[what, became] += number
            self._first.setdefault((what, became), where)

    def sentences(self) -> tuple[str, ...]:
        """In the order in which each kind was first seen."""
        return tuple(f"{self._count[key]} {key[0]} {key[1]} (first: {first})" for key, first in self._first.items())
