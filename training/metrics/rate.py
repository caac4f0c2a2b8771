"""A share of parts, and how far it may be trusted."""

from __future__ import annotations

from dataclasses import dataclass

from models.intervals import two_sided


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` of `total` with the exact two-sided 95 % interval (Clopper & Pearson, Biometrika 26, 1934)."""

    count: int
    total: int

    def interval(self) -> tuple[float, float]:
        return two_sided(self.count, self.total)

    def figures(self) -> dict[str, object]:
        """For programs."""
        return {
            "count": self.count,
            "total": self.total,
            "interval_95": [round(end, 5) for end in self.interval()],
        }

    def __str__(self) -> str:
        if not self.total:
            return "none to judge"
        low, high = self.interval()
        return f"{self.count} of {self.total} ({self.count / self.total:.1%}; 95 % between {low:.1%} and {high:.1%})"
