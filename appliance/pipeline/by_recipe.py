"""Looks at each part by the recipe that it was admitted under, also when another one came into force meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from appliance.domain.device import DeviceState
from appliance.domain.parts import Frame, Part, RecipeKey
from appliance.domain.reasons import Reason
from appliance.pipeline.way import PictureStage, Way


class NoStage:
    """Where there is nothing to judge by: whatever comes is ERROR."""

    pictures = DeviceState("ok")

    def __init__(self, way: Way) -> None:
        self._way = way

    def handle(self, jobs: Sequence[tuple[Part, Frame]]) -> None:
        for part, frame in jobs:
            self._way.fail(part, Reason.MODEL_FAILED, frame)

    def idle(self) -> None:
        """Nothing waits."""


class StagesByRecipe:
    """A `PictureStage` of many. `add`, `retire` and `holds` are for any thread, the rest for the one that looks.

    A model is let go on that thread too, between two parts: not every runtime can be taken down beside one that works.
    """

    def __init__(self, way: Way, key: RecipeKey, first: PictureStage) -> None:
        self._nobody = NoStage(way)
        self._lock = threading.Lock()
        self._stages = {key: first}
        self._newest = first
        self._leaving: list[Callable[[], None]] = []

    @property
    def pictures(self) -> DeviceState:
        return self._newest.pictures

    def add(self, key: RecipeKey, stage: PictureStage) -> None:
        """From now on parts of this recipe come here. Before the first of them is admitted."""
        with self._lock:
            self._stages[key] = stage
            self._newest = stage

    def retire(self, key: RecipeKey, stage: PictureStage, let_go: Callable[[], None]) -> None:
        """Forget a stage that no part needs any more; `let_go` is called when it is certainly not at work."""
        with self._lock:
            if self._stages.get(key) is stage:
                del self._stages[key]
            self._leaving.append(let_go)

    def holds(self, key: RecipeKey, stage: PictureStage) -> bool:
        """Whether parts of this recipe still come to this stage, and to no later one of the same recipe."""
        with self._lock:
            return self._stages.get(key) is stage

    def handle(self, jobs: Sequence[tuple[Part, Frame]]) -> None:
        for part, frame in jobs:
            with self._lock:
                stage = self._stages.get(part.recipe, self._nobody)
            stage.handle([(part, frame)])
        self.let_go()

    def idle(self) -> None:
        self._newest.idle()
        self.let_go()

    def let_go(self) -> None:
        """Let go of what was retired; by the thread that looks, or when it has ended."""
        with self._lock:
            leaving, self._leaving = self._leaving, []
        for each in leaving:
            each()
