"""Kits without a model: what is in force, as the page and the changeover see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from appliance.config.schema import Config
from appliance.domain.device import DeviceState
from appliance.kits import Kit, Kits
from appliance.looking import Surroundings
from appliance.pipeline.way import PictureStage, Way
from appliance.proof import Proof
from appliance.recipes.records import Pointer
from appliance.recipes.schema import Recipe
from appliance.sinks.identity import result_context
from models.decision import Limits
from models.detector import ModelInfo
from tests.fakes.parts import LIMITS

HASH = "sha256:" + 64 * "0"


@dataclass
class FakeLooking:
    """Looks at nothing by itself; `stages` makes what does. `closed` counts how often it was let go."""

    recipe: Recipe
    model: ModelInfo | None = None
    stages: Callable[[Way], PictureStage] | None = None
    closed: int = 0
    collecting: None = None
    limits: Limits | None = None
    proof: Proof = field(default_factory=lambda: Proof(None))
    text: str = "a fake"
    model_state: DeviceState = field(default_factory=lambda: DeviceState("ok"))
    data_set_state: DeviceState = field(default_factory=lambda: DeviceState("ok"))

    def stage(self, way: Way, around: Surroundings) -> PictureStage:
        assert self.stages is not None
        return self.stages(way)

    def close(self) -> None:
        self.closed += 1


def plain_recipe(id: str = "flange", number: int = 1, version: str = "1", **fields: Any) -> Recipe:
    fields = {"mode": "collect", **fields}
    return Recipe.model_validate({"id": id, "name": f"The {id}", "number": number, "version": version, **fields})


def model_info(certified: bool = True) -> ModelInfo:
    return ModelInfo("flange", "1", HASH, "openvino-cpu", (64, 64), (), LIMITS, certified=certified)


def kit_of(recipe: Recipe, *, config: Config | None = None, model: ModelInfo | None = None, armed: bool = True) -> Kit:
    """A kit as the station would make it; `armed` is the configuration's where none is given."""
    config = config or Config.model_validate(
        {
            "station": {"state_dir": Path("/nowhere"), "armed": armed},
            "camera": {"type": "synthetic"},
            "model": {"package": Path("none.okng")},
        }
    )
    context = result_context(config, HASH, recipe.key, model, boot_id="0a1b2c3d", utc=lambda ns: datetime.now(UTC))
    pointer = Pointer(origin="store", id=recipe.id, version=recipe.version, sha256=HASH)
    return Kit(pointer, FakeLooking(recipe, model), context)


def kits_of(recipe: Recipe | None = None, **options: Any) -> Kits:
    return Kits(kit_of(recipe or plain_recipe(), **options))
