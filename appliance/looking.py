"""What looks at the pictures of this station: a model that judges them, or a data set that they are collected into.

The composition root asks for one of the two and need not know which.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from appliance.clock import SystemClock
from appliance.config.schema import CollectConfig, Config
from appliance.defects import catalogue_in_force, classes_in_force
from appliance.domain.device import DeviceState
from appliance.domain.judge import Rules
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Frame, Part
from appliance.domain.stages import Meter
from appliance.live import LiveCollecting
from appliance.pipeline.by_recipe import NoStage
from appliance.pipeline.collect import CollectStage
from appliance.pipeline.health import model_state
from appliance.pipeline.infer import InferStage, Oversee
from appliance.pipeline.way import PictureStage, Way
from appliance.proof import Proof, proof_of
from appliance.recipes.schema import Recipe
from appliance.store.collection import PictureCollection
from models.combine import Combine
from models.decision import DefectClass, Limits
from models.detector import Detector, ModelInfo
from models.ensemble import Ensemble
from models.origin import Origin


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a stage shares with the others."""

    ledger: Ledger
    clock: SystemClock
    meter: Meter
    new_id: Callable[[], str]
    oversee: Oversee = lambda verdict, _: verdict


class Looking(Protocol):
    """`model` and `limits` are None where nothing is judged: Pass is never set then. `recipe` says all that holds."""

    @property
    def model(self) -> ModelInfo | None: ...
    @property
    def collecting(self) -> LiveCollecting | None: ...
    @property
    def recipe(self) -> Recipe: ...
    @property
    def limits(self) -> Limits | None: ...
    @property
    def proof(self) -> Proof: ...
    @property
    def text(self) -> str: ...
    @property
    def model_state(self) -> DeviceState: ...
    @property
    def data_set_state(self) -> DeviceState: ...
    def stage(self, way: Way, around: Surroundings) -> PictureStage: ...
    def close(self) -> None: ...


class Inspecting:
    """A model judges, or two. `detector` is loaded and has passed its self-test."""

    collecting = None
    data_set_state = DeviceState("ok")

    def __init__(self, config: Config, recipe: Recipe, detector: Detector | Ensemble) -> None:
        classes = classes_in_force(detector.info.classes, catalogue_in_force(config), recipe)
        self.model = replace(detector.info, classes=classes)
        members = detector.info.members or (detector.info,)
        own = [model.limits(info.limits) for model, info in zip(recipe.models, members, strict=True)]
        self.limits = own[0]
        self._second = own[1] if len(own) > 1 else None
        self.recipe = _settled(recipe, members, own)
        self.proof = proof_of(config, recipe, detector.info)
        self._armed = config.station.armed
        self._detector = detector

    @property
    def text(self) -> str:
        info = self.model
        return f"model {info.id} on {info.runtime}, OK below {self.limits.ok_below}, NG from {self.limits.ng_from}"

    @property
    def model_state(self) -> DeviceState:
        return model_state(self._armed, self.model.certified, self.model.runtime)

    def stage(self, way: Way, around: Surroundings) -> PictureStage:
        return InferStage(
            self._detector,
            rules_of(self.recipe, self.limits, self.model.classes, self._second),
            ledger=around.ledger,
            clock=around.clock,
            meter=around.meter,
            new_id=around.new_id,
            way=way,
            oversee=around.oversee,
        )

    def close(self) -> None:
        self._detector.close()


class Collecting:
    """Every picture is kept and nothing is judged."""

    model = None
    limits = None
    model_state = DeviceState("off")

    def __init__(self, config: Config, recipe: Recipe, collect: CollectConfig, clock: SystemClock) -> None:
        self._config = config
        self.recipe = recipe
        self.proof = Proof(None)
        self._collect = collect
        self._clock = clock
        self._pictures = PictureCollection(
            collect.data_set,
            collect.label,
            max_bytes=int(collect.max_gb * 1e9),
            clock=clock,
        )

    @property
    def text(self) -> str:
        return f"collects pictures into {self._collect.data_set / self._collect.label}; nothing is judged"

    @property
    def data_set_state(self) -> DeviceState:
        return self._pictures.state

    @property
    def state(self) -> DeviceState:
        return self._pictures.state

    @property
    def collecting(self) -> LiveCollecting:
        return LiveCollecting(label=self._collect.label, kept=self._pictures.kept, failed=self._pictures.failed)

    def stage(self, way: Way, around: Surroundings) -> PictureStage:
        return CollectStage(
            self,
            exposure_within_ns=self.recipe.exposure_within_ms * 1_000_000,
            ledger=around.ledger,
            clock=around.clock,
            meter=around.meter,
            new_id=around.new_id,
            way=way,
        )

    def keep(self, part: Part, frame: Frame) -> str | None:
        """Keep the picture with all that is known of it; see `appliance.pipeline.collect.Keeper`."""
        origin = Origin(
            taken=self._clock.utc_of(frame.captured_ns).isoformat(timespec="microseconds"),
            part=part.id,
            part_id=part.trigger.part_id or "",
            lot=self._config.station.lot or "",
            trigger=part.trigger.source.value,
            camera=frame.camera,
            station=self._config.station.path,
            clock="synced" if self._clock.synchronized() else "unsynced",
        )
        return self._pictures.keep(frame.image, origin)

    def idle(self) -> None:
        self._pictures.idle()

    def close(self) -> None:
        self._pictures.close()


class Unable:
    """Stands for no recipe to judge by: no part is admitted, and one that is all the same becomes ERROR."""

    model = None
    limits = None
    collecting = None
    data_set_state = DeviceState("ok")
    text = "no recipe to judge by"

    def __init__(self, recipe: Recipe, state: DeviceState) -> None:
        self.recipe = recipe
        self.proof = Proof(None)
        self.model_state = state

    def stage(self, way: Way, around: Surroundings) -> PictureStage:
        return NoStage(way)

    def close(self) -> None:
        """There is nothing to let go of."""


def make_looking(config: Config, recipe: Recipe, detector: Detector | Ensemble | None, clock: SystemClock) -> Looking:
    """What the recipe asks for.

    Raises:
        ValueError: neither a model nor a data set; the configuration's schema lets no such thing through.
    """
    if recipe.mode == "collect" and config.collect is not None:
        return Collecting(config, recipe, config.collect, clock)
    if detector is None:
        raise ValueError("a station that inspects needs a model")
    return Inspecting(config, recipe, detector)


def rules_of(recipe: Recipe, limits: Limits, classes: tuple[DefectClass, ...], second: Limits | None = None) -> Rules:
    """What a recipe demands of a verdict, for the station and for a replay alike; `classes` are those in force.

    `second`: the limits of a second model.
    """
    exposure_within_ns = recipe.exposure_within_ms * 1_000_000
    return Rules(limits, exposure_within_ns, recipe.rule_set(classes), second, Combine(recipe.combine))


def _settled(recipe: Recipe, models: Sequence[ModelInfo], limits: Sequence[Limits]) -> Recipe:
    """The recipe with nothing left to the packages' defaults, so that its hash says all that holds."""
    settled = tuple(
        model.model_copy(update={"sha256": info.hash, "ok_below": own.ok_below, "ng_from": own.ng_from})
        for model, info, own in zip(recipe.models, models, limits, strict=True)
    )
    return recipe.model_copy(update={"models": settled})
