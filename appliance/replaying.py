"""Judging again what was judged before: the stored network inputs, through the very code of the line.

Bit-exact where runtime, its version, device and the instruction set are those of then; elsewhere nothing is promised,
and scores are compared with the tolerance that the package allows its golden parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from appliance.certify import load_model
from appliance.domain.judge import Found, downgraded_by_drift, judge
from appliance.domain.parts import Frame
from appliance.domain.reasons import Reason
from appliance.domain.verdict import DecidedBy, Verdict
from appliance.looking import rules_of
from appliance.recipes.schema import Recipe, RecipeModel
from appliance.store.evidence import Evidence, EvidenceBroken, Look, scored
from appliance.store.exact import Plain, to_plain
from appliance.store.kept_packages import KeptPackages
from models.combine import Combine, combine
from models.decision import Limits
from models.detector import Detector
from models.ensemble import joint_prepared
from models.errors import PackageError
from models.instructions import instruction_set, machine_name
from models.package import open_package
from models.runtimes.base import Placement
from models.runtimes.choose import engine_of

_NO_PICTURE = np.zeros((1, 1), np.uint8)
_OF_VERDICT = ("outcome", "decided_by", "reasons", "score", "detections", "limits")
_OF_LOOK = ("score", "raw", "map_sha256", "decision")


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that came out otherwise; `tolerated`: within what may differ where nothing is promised."""

    field: str
    recorded: Plain
    replayed: Plain
    tolerated: bool = False

    def __str__(self) -> str:
        note = "  (tolerated here)" if self.tolerated else ""
        return f"{self.field}: recorded {self.recorded!r}, replayed {self.replayed!r}{note}"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay found. `judged`: a model was asked; else there was nothing to ask. `notes` say what limits it."""

    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    judged: bool
    promised: bool

    @property
    def same(self) -> bool:
        return all(one.tolerated for one in self.differences)


@dataclass(frozen=True, slots=True)
class _Again:
    """One look anew; `limits` are those it was judged by."""

    look: Look
    limits: Limits
    teaches_presence: bool
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    strayed: bool
    tolerance: float


class Replayer:
    """Loads each package once. `other`: judge with this package instead, whatever it makes of the old inputs."""

    def __init__(self, packages: KeptPackages, *, engines: Path | None = None, other: Path | None = None) -> None:
        self._packages, self._engines, self._other = packages, engines, other
        self._detectors: dict[tuple[str, Placement], Detector] = {}

    def close(self) -> None:
        for detector in self._detectors.values():
            detector.close()
        self._detectors.clear()

    def replay(self, evidence: Evidence) -> Replayed:
        """Judge one part again.

        Raises:
            EvidenceBroken: its recipe is of another version.
            PackageMissing: no copy of its package was kept.
            ModelError: the package cannot be used here, or fails on these inputs.
        """
        if not evidence.looks:
            note = f"no model saw this picture ({evidence.verdict.reasons[0].value}): there is nothing to judge again"
            return Replayed((), (note,), judged=False, promised=True)
        try:
            recipe = Recipe.model_validate(evidence.recipe)
        except ValidationError as error:
            raise EvidenceBroken(f"its recipe is of another version of okng ({error.error_count()} fields)") from error
        looked = [self._again(look, recipe, number) for number, look in enumerate(evidence.looks)]
        found = [difference for one in looked for difference in one.differences]
        notes = tuple(dict.fromkeys(note for one in looked for note in one.notes))
        strayed, tolerance = any(one.strayed for one in looked), max(one.tolerance for one in looked)
        word = self._word(evidence, looked, recipe)
        if Reason.DRIFTING in evidence.verdict.reasons:
            notes = (*notes, "the station had drifted, which no picture shows: OK became RECHECK")
            word = downgraded_by_drift(word)
        if evidence.verdict.decided_by is DecidedBy.TIMEOUT:
            notes = (*notes, f"the station's word was {evidence.verdict.reasons[0].value}, which no picture shows")
        else:
            then, now = _chosen(evidence.verdict, _OF_VERDICT), _chosen(word, _OF_VERDICT)
            found += differences(then, now, "verdict", tolerance)
        judged = any(look.decision is not None for look in evidence.looks)
        return Replayed(tuple(found), notes, judged=judged, promised=not strayed)

    def _again(self, look: Look, recipe: Recipe, number: int) -> _Again:
        """One model's look anew, beside what was recorded of it."""
        detector = self._detector(look, recipe.models[number])
        limits = self._limits(recipe.models[number], detector)
        again = self._judge(look, recipe, detector, limits)
        strayed, notes = self._strayed(look, detector)
        tolerance = open_package(self._path(look)).manifest.golden.score_tolerance if strayed else 0.0
        name = "model" if len(recipe.models) == 1 else f"model[{number}]"
        found = tuple(differences(_chosen(look, _OF_LOOK), _chosen(again, _OF_LOOK), name, tolerance))
        return _Again(again, limits, detector.teaches_presence, found, notes, strayed, tolerance)

    def _judge(self, look: Look, recipe: Recipe, detector: Detector, limits: Limits) -> Look:
        # Not asked then, because the picture, to this model or to the other, settled the verdict.
        if look.decision is None:
            return replace(look, decision=None, score=None, raw=None, map_sha256=None)
        if look.prepared.inputs.shape[1:3] != detector.info.input_size[::-1]:
            width, height = detector.info.input_size
            raise PackageError(
                f"{detector.info.id} takes {width}x{height} pixels and the evidence holds "
                f"{look.prepared.inputs.shape[2]}x{look.prepared.inputs.shape[1]}; choose a package of that size"
            )
        judged = detector.judge(look.prepared, limits, recipe.rule_set(look.judge.classes))
        return scored(look.judge, look.prepared, judged.scores, judged.decision)

    def _word(self, evidence: Evidence, looked: Sequence[_Again], recipe: Recipe) -> Verdict:
        verdict, taken = evidence.verdict, evidence.taken
        frame = Frame(taken.camera, taken.seq, taken.captured_ns, _NO_PICTURE, taken.source, taken.repeats)
        first, *others = looked
        second = others[0].limits if others else None
        rules = rules_of(recipe, first.limits, first.look.judge.classes, second)
        found = _found(looked, Combine(recipe.combine))
        return judge(verdict.id, verdict.part, frame, found, rules, verdict.decided_ns)

    def _limits(self, model: RecipeModel, detector: Detector) -> Limits:
        """Those of then; another package is judged by its own."""
        return detector.info.limits if self._other else model.limits(detector.info.limits)

    def _strayed(self, look: Look, detector: Detector) -> tuple[bool, tuple[str, ...]]:
        """Whether this is another place than that of then, and in which words."""
        then = look.judge
        pairs = (
            ("runtime", then.runtime, detector.info.runtime),
            ("instruction set", then.instruction_set, instruction_set()),
        )
        notes = tuple(
            f"not promised here: the {name} was {before!r} and is {now!r}"
            for name, before, now in pairs
            if before != now
        )
        strayed = bool(notes)
        if then.machine != machine_name():
            notes = (*notes, f"judged then on {then.machine}, now on {machine_name()}")
        if self._other is not None:
            notes = (*notes, f"judged with {self._other} and its own limits, on inputs prepared for {then.package}")
        return strayed, notes

    def _detector(self, look: Look, model: RecipeModel) -> Detector:
        placement = Placement(engine_of(look.judge.runtime), model.device, model.threads, self._engines)
        key = (look.judge.package, placement)
        if key not in self._detectors:
            if self._other is None:
                self._packages.open(look.judge.package)
            self._detectors[key] = load_model(self._path(look), placement, None)
        return self._detectors[key]

    def _path(self, look: Look) -> Path:
        return self._other or self._packages.path(look.judge.package)


def _found(looked: Sequence[_Again], how: Combine) -> Found:
    """What the models together found, as the line puts it together."""
    if len(looked) == 1:
        look = looked[0].look
        return Found(look.decision, look.prepared.unfit, look.prepared.empty)
    together = joint_prepared([one.look.prepared for one in looked], [one.teaches_presence for one in looked])
    words = [one.look.decision for one in looked if one.look.decision is not None]
    names = [one.look.judge.id for one in looked]
    decision = combine(words, names, how) if len(words) == len(looked) else None
    return Found(decision, together.unfit, together.empty)


def _chosen(value: object, names: tuple[str, ...]) -> dict[str, Plain]:
    return {name: to_plain(getattr(value, name)) for name in names}


def differences(recorded: Plain, replayed: Plain, at: str, tolerance: float) -> Iterator[Difference]:
    """Every leaf that is not the same to the last bit."""
    if isinstance(recorded, dict) and isinstance(replayed, dict):
        for name in sorted(recorded.keys() | replayed.keys()):
            yield from differences(recorded.get(name), replayed.get(name), f"{at}.{name}", tolerance)
    elif isinstance(recorded, list) and isinstance(replayed, list) and len(recorded) == len(replayed):
        for number, (one, other) in enumerate(zip(recorded, replayed, strict=True)):
            yield from differences(one, other, f"{at}[{number}]", tolerance)
    elif repr(recorded) != repr(replayed):
        yield Difference(at, recorded, replayed, tolerance > 0 and _tolerable(at, recorded, replayed, tolerance))


def _tolerable(field: str, recorded: Plain, replayed: Plain, tolerance: float) -> bool:
    """Where nothing is promised: figures may differ a little, and whatever hangs on single cells of the map may."""
    if field.endswith(".outcome"):
        return False
    if field.endswith("score") and "detections" not in field:
        return isinstance(recorded, float) and isinstance(replayed, float) and abs(recorded - replayed) <= tolerance
    return "detections" in field or field.endswith((".raw", ".map_sha256", ".complete"))
