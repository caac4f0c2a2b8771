"""What is inspected, and how: the schema of a recipe, whether it stands in a file of its own or in station.toml.

A recipe is versioned data. Its hash is of what it means: the limits in force and the packages' hashes belong to it,
the folder in which a package lies does not.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from appliance.domain.parts import RecipeKey
from appliance.recipes.camera import DeviceSettings
from appliance.recipes.drift import DriftConfig
from appliance.recipes.golden import GoldenConfig
from appliance.recipes.quality import QualityConfig
from appliance.recipes.rules import RulesConfig
from appliance.recipes.views import ViewsConfig
from appliance.section import Section
from models.decision import Limits
from models.geometry_entry import GeometrySpec

SCHEMA: Literal["okng-recipe/1"] = "okng-recipe/1"
MAX_MODELS = 2

Code = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,64}$")]


class ModelConfig(Section):
    """Which package judges, and where it runs. `device` is OpenVINO's; the other runtimes' names say where they run."""

    package: Path
    runtime: Literal["auto", "openvino", "onnxruntime", "tflite", "onnxruntime-tensorrt", "onnxruntime-cuda"] = "auto"
    device: Literal["CPU", "GPU", "NPU", "AUTO"] = "CPU"
    threads: int = Field(1, ge=1, le=64)

    @model_validator(mode="after")
    def _device_is_openvinos(self) -> ModelConfig:
        if self.device != "CPU" and self.runtime not in ("auto", "openvino"):
            raise ValueError(f'device is OpenVINO\'s; with runtime = "{self.runtime}" leave it out')
        return self


class LimitsInForce(Section):
    """Limits left out are the package's defaults; both or none."""

    ok_below: float | None = Field(None, ge=0.0, le=1.0)
    ng_from: float | None = Field(None, ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _limits_in_order(self) -> LimitsInForce:
        if (self.ok_below is None) != (self.ng_from is None):
            raise ValueError("give both ok_below and ng_from, or none of them")
        if self.ok_below is not None and self.ng_from is not None and self.ok_below > self.ng_from:
            raise ValueError("ok_below must not be above ng_from")
        return self

    def limits(self, default: Limits) -> Limits:
        """These limits, or the package's where none are named."""
        if self.ok_below is None or self.ng_from is None:
            return default
        return Limits(self.ok_below, self.ng_from)


class RecipeModel(ModelConfig, LimitsInForce):
    """A package with the limits in force for its scores. `sha256`: the package's hash; another one is refused."""

    sha256: str | None = Field(None, pattern=r"^sha256:[0-9a-f]{64}$")


class RecipeBody(RulesConfig):
    """What every recipe says, wherever it is written.

    `number` is the PLC's job, `codes` are the barcodes that choose the recipe. `collect` keeps every picture for
    training and judges nothing: no model is needed, and Pass is never set. `exposure_within_ms`: a picture taken later
    after its trigger may show another part, and is ERROR. `geometry` left out is the package's; another one is not
    certified. `combine`: what two models make of a part; see `models.combine`. `views`: what the page shows.
    """

    id: str = Field("default", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    name: str = Field("Default", min_length=1, max_length=60)
    version: str = Field("1", pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$")
    number: int = Field(1, ge=1, le=999)
    codes: tuple[Code, ...] = Field((), max_length=100)
    mode: Literal["inspect", "collect"] = "inspect"
    deadline_ms: int = Field(1000, ge=10, le=10_000)
    exposure_within_ms: int = Field(250, ge=1, le=10_000)
    combine: Literal["worst", "agree"] = "worst"
    golden: GoldenConfig | None = None
    drift: DriftConfig | None = None
    quality: QualityConfig | None = None
    geometry: GeometrySpec | None = None
    views: ViewsConfig | None = None

    @model_validator(mode="after")
    def _golden_parts_are_judged(self) -> RecipeBody:
        if self.mode == "collect" and (self.golden or self.drift):
            raise ValueError('mode is "collect": nothing is judged, so [golden] and [drift] say nothing; remove them')
        return self


class RecipeConfig(RecipeBody, LimitsInForce):
    """The recipe written in station.toml; its model stands in [model], with these limits."""


class Recipe(RecipeBody):
    """A whole recipe. `models` is empty only where pictures are collected; `camera` goes before station.toml's."""

    model_config = ConfigDict(populate_by_name=True)

    schema_id: Literal["okng-recipe/1"] = Field(SCHEMA, alias="schema")
    models: tuple[RecipeModel, ...] = Field((), max_length=MAX_MODELS)
    camera: DeviceSettings = DeviceSettings()

    @model_validator(mode="after")
    def _inspects_with_a_model(self) -> Recipe:
        if self.mode == "inspect" and not self.models:
            raise ValueError(
                'a recipe that inspects needs a model: add [[models]] with package = "model.okng" '
                '(to collect pictures for one, set mode = "collect")'
            )
        return self

    @property
    def key(self) -> RecipeKey:
        return RecipeKey(id=self.id, number=self.number, version=self.version, hash=self.hash)

    @property
    def hash(self) -> str:
        """Of everything but the places where packages lie; the same recipe on another station has the same."""
        meaning = self.model_dump(mode="json", by_alias=True, exclude={"models": {"__all__": {"package"}}})
        return "sha256:" + hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()
