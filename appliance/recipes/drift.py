"""[drift] of a recipe: that drift is watched, how much is tolerated, and against which baseline."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from appliance.domain.drift import Baseline, Trait
from appliance.section import Section

Spreads = Annotated[float, Field(ge=0.0, le=10.0, allow_inf_nan=False)]


class BaselineConfig(Section):
    """Mean and spread (standard deviation) of a characteristic over `count` good pictures."""

    mean: float = Field(allow_inf_nan=False)
    spread: float = Field(gt=0.0, allow_inf_nan=False)
    count: int = Field(ge=2, le=1_000_000)

    def baseline(self) -> Baseline:
        return Baseline(self.mean, self.spread, self.count)


class DriftConfig(Section):
    """A recipe with this section has drift watched. `baseline` takes the place of the package's, named by trait.

    `tolerance`: by how many spreads a characteristic may be off without being called drift.
    """

    baseline: dict[Trait, BaselineConfig] = Field(default_factory=dict)
    tolerance: dict[Trait, Spreads] = Field(default_factory=dict)

    def baselines(self) -> dict[Trait, Baseline]:
        return {trait: one.baseline() for trait, one in self.baseline.items()}
