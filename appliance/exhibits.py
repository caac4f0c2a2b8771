"""Which parts become evidence, and all that is told of them. On the pictures' thread, after the part was answered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from appliance.domain.audit_share import AuditShare
from appliance.domain.parts import Frame, Part, RecipeKey
from appliance.pipeline.record import Conclusion
from appliance.recipes.schema import Recipe
from appliance.sinks.result_message import ResultContext
from appliance.store.evidence import Drawn, Evidence, EvidenceStore, Judge, Look, Taken, scored
from models.decision import DefectClass, Outcome
from models.instructions import instruction_set, machine_name

_log = logging.getLogger(__name__)
NOT_DRAWN = Drawn(drawn=False, probability=0.0)
_ALWAYS = (Outcome.NG, Outcome.RECHECK, Outcome.ERROR)


@dataclass(frozen=True, slots=True)
class Setting:
    """Under what a part was judged: what its result says of the station, its whole recipe, and the defects' classes."""

    context: ResultContext
    recipe: Recipe
    classes: tuple[DefectClass, ...] = ()


class Exhibits(Protocol):
    """`lost`: parts whose evidence was due and is not there, for whatever reason."""

    @property
    def lost(self) -> int: ...
    def draw(self, part: Part) -> Drawn:
        """Whether the part belongs to the audit's share; any thread."""

    def keep(self, conclusion: Conclusion) -> None:
        """Store the evidence of a part where it is due. Blocks for encoding and for the disk."""

    def miss(self, conclusion: Conclusion) -> None:
        """There was no time for this part: where its evidence was due, it is lost. Any thread."""


class NoExhibits:
    """Nothing is kept: switched off, or nothing is judged."""

    lost = 0

    def draw(self, part: Part) -> Drawn:
        return NOT_DRAWN

    def keep(self, conclusion: Conclusion) -> None:
        """Nothing is due."""

    def miss(self, conclusion: Conclusion) -> None:
        """Nothing was due."""


class KeptExhibits:
    """`setting` tells under what a part of a recipe was judged, `state` what else the station knew just now."""

    def __init__(
        self,
        store: EvidenceStore,
        share: AuditShare,
        *,
        setting: Callable[[RecipeKey], Setting],
        utc: Callable[[], datetime],
        state: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._store, self._share = store, share
        self._setting, self._state, self._utc = setting, state, utc
        self._instruction_set, self._machine = instruction_set(), machine_name()
        self._missed = self._failed = 0  # each counted by a thread of its own

    @property
    def lost(self) -> int:
        return self._missed + self._failed

    def draw(self, part: Part) -> Drawn:
        return Drawn(self._share.draws(part.id), self._share.share)

    def keep(self, conclusion: Conclusion) -> None:
        frame = conclusion.frame
        if frame is None or not self._is_due(conclusion):
            return
        try:
            kept = self._store.keep(self._evidence(conclusion, frame), self._utc().date())
        except (OSError, TypeError, ValueError) as error:
            _log.warning("evidence of part %d not kept: %s; check the disk", conclusion.verdict.part.number, error)
            kept = False
        self._failed += not kept

    def miss(self, conclusion: Conclusion) -> None:
        self._missed += self._is_due(conclusion)

    def _is_due(self, conclusion: Conclusion) -> bool:
        """Whatever became of the part, when it is drawn; else what is not good. Without picture or model, nothing."""
        verdict = conclusion.verdict
        due = verdict.outcome in _ALWAYS or self._share.draws(verdict.part.id)
        return due and conclusion.frame is not None and self._setting(verdict.part.recipe).context.model is not None

    def _evidence(self, conclusion: Conclusion, frame: Frame) -> Evidence:
        verdict, setting = conclusion.verdict, self._setting(conclusion.verdict.part.recipe)
        context = setting.context
        return Evidence(
            verdict=verdict,
            taken=Taken(frame.camera, frame.seq, frame.captured_ns, frame.source, frame.repeats),
            audit=self.draw(verdict.part),
            station={
                "path": context.station.path,
                "serial": context.station.serial,
                "software": context.station.sw,
                "boot_id": context.boot_id,
                "config_hash": context.config_hash,
                "lot": context.lot_id or "",
                "kept": self._utc().isoformat(),
                "decided": context.utc(verdict.decided_ns).isoformat(),
            },
            recipe=setting.recipe.model_dump(mode="json", by_alias=True),
            looks=self._looks(conclusion, setting),
            state=self._state(),
        )

    def _looks(self, conclusion: Conclusion, setting: Setting) -> tuple[Look, ...]:
        seen, model = conclusion.seen, setting.context.model
        if seen is None or model is None:
            return ()
        models = setting.context.models if seen.members else (model,)
        return tuple(
            scored(
                Judge(each.id, each.hash, each.runtime, self._instruction_set, self._machine, setting.classes),
                one.prepared,
                one.scores,
                one.decision,
            )
            for one, each in zip(seen.members or (seen,), models, strict=True)
        )
