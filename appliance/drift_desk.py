"""The drift charts of the recipe in force: fed by the inspecting thread, kept on disk by the recording one.

What feeds a chart, and why:

- Only production parts whose picture is fit. Golden parts are chosen, and unfit pictures have an alarm of their own.
- Light, focus and colour are of the picture: every part feeds them, NG too, or a bad lot would leave the watch blind.
- Score and place are of the part: NG parts do not feed them. A rising share of defects is no drift of the station; the
  NG rate shows it. So the score chart sees parts below `ng_from` only; where all parts score above it, nothing passes.

Drift turns OK into RECHECK and nothing else.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from appliance.domain.device import DeviceState
from appliance.domain.drift import TEXTS, Baseline, Drifted, DriftState, DriftWatch, Trait, unknown_drift
from appliance.domain.judge import downgraded_by_drift
from appliance.domain.record import Record
from appliance.domain.verdict import Verdict
from appliance.pipeline.record import RecordKeeper
from appliance.store.drift_states import DriftStates
from appliance.store.journal import JournalFailed
from appliance.store.sealed_files import SealBroken
from models.decision import Outcome

_log = logging.getLogger(__name__)
_SAVE_EVERY_NS = 30_000_000_000
_OF_THE_PART = (Trait.SCORE, Trait.POSE)
_NEITHER = (Outcome.ERROR, Outcome.NO_PART)


@dataclass(frozen=True, slots=True)
class DriftView:
    """For pages and messages. `watched` is empty where the recipe does not ask for it."""

    watched: tuple[Trait, ...] = ()
    drifted: tuple[Drifted, ...] = ()
    resetting: bool = False


class DriftDesk:
    """Any thread; nothing here blocks but `save`, and `change` for a disk's reading.

    `tell`: what happened, for the audit trail.
    """

    def __init__(
        self,
        states: DriftStates,
        *,
        monotonic_ns: Callable[[], int],
        utc: Callable[[], str],
        tell: Callable[[str, dict[str, object]], None],
    ) -> None:
        self._states = states
        self._tell = tell
        self._monotonic_ns = monotonic_ns
        self._utc = utc
        self._lock = threading.Lock()
        self._watch: DriftWatch | None = None
        self._recipe = self._bound_to = ""
        self._drifted_before: dict[str, bool] = {}
        self._owed: dict[str, DriftState] = {}
        self._unsaved = self._urgent = False
        self._saved_ns = monotonic_ns()
        self.view = DriftView()

    def change(
        self,
        recipe: str,
        bound_to: str,
        baseline: Mapping[Trait, Baseline],
        tolerance: Mapping[Trait, float],
    ) -> None:
        """Another recipe is in force, by its hash: its charts go on where they stood. Without a baseline none run.

        Parts in flight are still treated by what was found under their own recipe. What is not yet on disk of the
        charts before is written by the next `save`.
        """
        with self._lock:
            owed = self._owed.pop(bound_to, None)
        watch = DriftWatch(baseline, tolerance, owed or self._read(bound_to)) if baseline else None
        with self._lock:
            if self._watch is not None and self._unsaved:
                self._owed[self._bound_to] = self._watch.state
            self._drifted_before[self._recipe] = bool(self._watch and self._watch.drifted)
            self._watch, self._recipe, self._bound_to = watch, recipe, bound_to
            self._unsaved = self._urgent = owed is not None
            self._look()

    def saw(self, verdict: Verdict, traits: Mapping[Trait, float], *, fit: bool) -> Verdict:
        """What the verdict becomes; it also feeds the charts."""
        part = verdict.part
        if part.trigger.golden or verdict.outcome in _NEITHER:
            return verdict
        with self._lock:
            if part.recipe.hash != self._recipe:
                drifted = self._drifted_before.get(part.recipe.hash, False)
            elif self._watch is None:
                drifted = False
            else:
                if fit:
                    self._feed(self._watch, verdict, traits)
                drifted = bool(self._watch.drifted)
        return downgraded_by_drift(verdict) if drifted else verdict

    def ask_reset(self) -> bool:
        """Golden parts that pass from now on end the drift; False where nothing has drifted."""
        with self._lock:
            asked = self._watch is not None and self._watch.ask_reset()
            self._unsaved = self._urgent = self._urgent or asked
            self._look()
        return asked

    def golden_passed(self) -> None:
        with self._lock:
            if self._watch is not None and self._watch.golden_passed():
                self._unsaved = self._urgent = True
                self._look()
                self._tell("drift", {"drifted": [], "recipe_hash": self._recipe, "ended_by": "golden parts"})

    def save(self) -> None:
        """Keep the charts: at once where something drifted or was reset, else now and then. Blocks for fsync.

        Raises:
            OSError: they are not on disk.
        """
        with self._lock:
            now_ns = self._monotonic_ns()
            due = self._urgent or (self._unsaved and now_ns - self._saved_ns >= _SAVE_EVERY_NS)
            if self._watch is not None and due:
                self._owed[self._bound_to] = self._watch.state
                self._unsaved = self._urgent = False
                self._saved_ns = now_ns
            owed = tuple(self._owed.items())
        for bound_to, state in owed:
            self._states.write(bound_to, state)
            with self._lock:
                if self._owed.get(bound_to) is state:
                    del self._owed[bound_to]

    @property
    def state(self) -> DeviceState:
        """An alarm that says what drifted and what to do, where something did."""
        drifted = self.view.drifted
        if not drifted:
            return DeviceState("ok")
        text_en, text_zh = TEXTS[drifted[0].trait]
        return DeviceState("warn", f"Drift: {text_en}. OK becomes RECHECK", f"漂移：{text_zh}。OK 改判为 RECHECK")

    @property
    def voids(self) -> str | None:
        """Why a certificate does not hold now; None: no drift."""
        names = ", ".join(found.trait.value for found in self.view.drifted)
        return f"{names} drifted since {self.view.drifted[0].at_utc}" if names else None

    def _feed(self, watch: DriftWatch, verdict: Verdict, traits: Mapping[Trait, float]) -> None:
        ng = verdict.outcome is Outcome.NG
        seen = {trait: value for trait, value in traits.items() if not (ng and trait in _OF_THE_PART)}
        found = watch.see(seen, self._utc())
        self._unsaved = True
        for one in found:
            self._urgent = True
            _log.error(
                "drift: %s went %s after %d parts; OK becomes RECHECK", one.trait, one.direction, one.after_parts
            )
        if found:
            self._look()
            names = [one.trait.value for one in watch.drifted]
            self._tell("drift", {"drifted": names, "recipe_hash": self._recipe, "verdict": verdict.id})

    def _look(self) -> None:
        watch = self._watch
        self.view = DriftView(watch.traits, watch.drifted, watch.resetting) if watch else DriftView()

    def _read(self, bound_to: str) -> DriftState | None:
        try:
            return self._states.read(bound_to)
        except SealBroken as error:
            _log.error("%s; what may have drifted is taken to have", error)
            return unknown_drift(self._utc())


class ChartsFirst:
    """A keeper of records that has the charts on disk before any verdict that they have changed."""

    def __init__(self, drift: DriftDesk, keeper: RecordKeeper) -> None:
        self._drift = drift
        self._keeper = keeper

    def write(self, records: Sequence[Record]) -> None:
        """As the keeper's own. Raises JournalFailed: nothing was written, neither charts nor records."""
        try:
            self._drift.save()
        except OSError as error:
            raise JournalFailed(f"the drift charts cannot be written ({error.strerror}); check the disk") from error
        self._keeper.write(records)

    def after_answers(self) -> None:
        self._keeper.after_answers()
