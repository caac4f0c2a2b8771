"""How well defects are named where every picture shows one, and the question is which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from training.metrics.classification import accuracy, macro_f1, table_of
from training.metrics.rate import Rate


@dataclass(frozen=True, slots=True)
class NameFigures:
    """Shares from 0 to 1; what is called unknown is not named right. `per_class`: how many of each are."""

    right: Rate
    macro_f1: float
    per_class: dict[str, Rate]

    def rows(self) -> list[tuple[str, str]]:
        """(what, how many) for people."""
        return [
            ("accuracy", str(self.right)),
            ("macro F1", f"{100 * self.macro_f1:.2f}"),
            *((f"named, {label}", str(rate)) for label, rate in self.per_class.items()),
        ]

    def figures(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "accuracy": self.right.figures(),
            "macro_f1": self.macro_f1,
            "recall_per_class": {label: rate.figures() for label, rate in self.per_class.items()},
        }


def name_figures(pairs: Sequence[tuple[str, str]]) -> NameFigures:
    """From (what is shown, what it was named) of one or more pictures."""
    labels = sorted({shown for shown, _ in pairs})
    at = {label: index for index, label in enumerate(labels)}
    table = table_of([at[shown] for shown, _ in pairs], [at.get(named, -1) for _, named in pairs], len(labels))
    return NameFigures(
        Rate(round(accuracy(table) * len(pairs)), len(pairs)),
        macro_f1(table),
        {label: Rate(int(table[index, index]), int(table[index].sum())) for label, index in at.items()},
    )
