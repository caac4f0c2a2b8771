"""Looks at each part by the recipe that it was admitted under, also when another one came into force meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Sequence

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
    """A `PictureStage` of many. `add` and `retire` may be called by any thread, the rest by the one that looks."""

    def __init__(self, way: Way, key: RecipeKey, first: PictureStage) -> None:
        self._nobody = NoStage(way)
        self._lock = threading.Lock()
        self._stages = {key: first}
        self._newest = first
        self._at_work: PictureStage | None = None

    @property
    def pictures(self) -> DeviceState:
        return self._newest.pictures

    def add(self, key: RecipeKey, stage: PictureStage) -> None:
        """From now on parts of this recipe come here. Before the first of them is admitted."""
        with self._lock:
            self._stages[key] = stage
            self._newest = stage

    def retire(self, key: RecipeKey, stage: PictureStage) -> bool:
        """Forget a stage that no part needs any more; False while it is at work. True: it is never called again."""
        with self._lock:
            if stage is self._at_work:
                return False
            if self._stages.get(key) is stage:
                del self._stages[key]
            return True

    def holds(self, key: RecipeKey, stage: PictureStage) -> bool:
        """Whether parts of this recipe still come to this stage, and to no later one of the same recipe."""
        with self._lock:
            return self._stages.get(key) is stage

    def handle(self, jobs: Sequence[tuple[Part, Frame]]) -> None:
        for part, frame in jobs:
            stage = self._begin(part.recipe)
            try:
                stage.handle([(part, frame)])
            finally:
                self._end()

    def idle(self) -> None:
        with self._lock:
            stage = self._at_work = self._newest
        try:
            stage.idle()
        finally:
            self._end()

    def _begin(self, key: RecipeKey) -> PictureStage:
        with self._lock:
            self._at_work = self._stages.get(key, self._nobody)
            return self._at_work

    def _end(self) -> None:
        with self._lock:
            self._at_work = None
