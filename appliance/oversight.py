"""What keeps the station honest while it runs: golden parts before production, drift charts during it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from appliance.clock import SystemClock
from appliance.commands.desk import Conclude, Verb
from appliance.commands.golden import DriftCommand, GoldenCommand, GoldenStanding
from appliance.commands.messages import CommandReply
from appliance.commands.refusals import Refusal
from appliance.domain.audit import AuditRow, own_row
from appliance.domain.device import DeviceState
from appliance.domain.drift import Baseline, Trait, merged
from appliance.domain.golden import Due, GoldenPhase, Moment
from appliance.domain.ledger import Ledger
from appliance.domain.verdict import Verdict
from appliance.drift_desk import DriftDesk
from appliance.golden_desk import GoldenDesk
from appliance.recipes.schema import Recipe
from appliance.state_dir import StateDir
from appliance.store.drift_states import DriftStates
from appliance.store.golden_records import BindingEntry, GoldenRecords, ModelEntry
from appliance.store.station_key import StationKey
from models.detector import ModelInfo
from models.instructions import instruction_set, machine_name
from models.prepared import Prepared
from models.typical import Typical, scalars_of, traits_of

_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Oversight:
    """Its parts may be used from any thread; see there."""

    def __init__(
        self,
        golden: GoldenRecords,
        drift: DriftStates,
        *,
        ledger: Ledger,
        clock: SystemClock,
        new_id: Callable[[], str],
        note: Callable[[AuditRow], None],
    ) -> None:
        self._clock = clock
        self._note = note
        self._boot = _BOOT.read_text().strip() if _BOOT.exists() else ""
        self.drift = DriftDesk(
            drift,
            monotonic_ns=clock.monotonic_ns,
            utc=lambda: clock.utc().isoformat(timespec="seconds"),
            tell=self._tell,
        )
        self.golden = GoldenDesk(
            golden,
            ledger=ledger,
            moment=self._moment,
            new_id=new_id,
            on_passed=self.drift.golden_passed,
            tell=self._tell,
        )

    def change(
        self, recipe: Recipe, models: tuple[ModelInfo, ...], cause: Due, switch: Callable[[], None] = lambda: None
    ) -> None:
        """Another recipe is in force, with nothing left to its packages' defaults; or the station has just started.

        Blocks for a disk's reading. `switch` brings its terms into force.
        """
        key = recipe.key
        bound_to = BindingEntry.of(
            key,
            tuple(ModelEntry(package=model.hash, runtime=model.runtime) for model in models),
            instruction_set(),
            machine_name(),
        )
        drift = recipe.drift
        baseline = _baseline(models[0].typical if models else {}, drift.baselines()) if drift is not None else {}
        self.drift.change(
            key.hash,
            " ".join([key.hash, *(f"{model.package} {model.runtime}" for model in bound_to.models)]),
            baseline,
            drift.tolerance if drift is not None else {},
        )
        self.golden.change(recipe.golden.plan() if recipe.golden else None, bound_to, cause, switch)

    def saw(self, verdict: Verdict, prepared: Prepared) -> Verdict:
        """A picture was judged: what the verdict becomes by what is known of the station. It may only get worse."""
        if verdict.part.trigger.golden:
            self.golden.looked(verdict.part.id, scalars_of(prepared.quality))
            return verdict
        traits = traits_of(prepared.quality)
        if verdict.score is not None:
            traits["score"] = verdict.score
        measured = {Trait(name): value for name, value in traits.items()}
        return self.drift.saw(verdict, measured, fit=prepared.unfit is None)

    def verbs(self) -> dict[str, Verb]:
        """The commands about golden parts and drift."""
        return {"golden": self._ask_golden, "drift": self._ask_drift}

    @property
    def state(self) -> DeviceState:
        """The alarm that matters most."""
        golden = self.golden.view.state
        return golden if golden.state != "ok" else self.drift.state

    def _ask_golden(self, command: GoldenCommand, conclude: Conclude) -> None:
        if command.action == "start":
            why_not = self.golden.start(f"{command.actor.source}:{command.actor.name}")
        else:
            why_not = self.golden.abort()
        conclude(CommandReply.refusal(why_not, command) if why_not else self._done(command))

    def _ask_drift(self, command: DriftCommand, conclude: Conclude) -> None:
        if not self.drift.view.drifted:
            conclude(CommandReply.refusal(Refusal.NO_DRIFT, command))
        elif self.golden.view.phase is GoldenPhase.NOT_ASKED:
            conclude(CommandReply.refusal(Refusal.RESET_NEEDS_GOLDEN, command))
        else:
            self.drift.ask_reset()
            conclude(self._done(command))

    def _done(self, command: GoldenCommand | DriftCommand) -> CommandReply:
        view = self.golden.view
        standing = GoldenStanding(phase=view.phase.value, remaining=tuple(part.name for part in view.remaining))
        return CommandReply(request_id=command.request_id, verb=command.verb, status="accepted", golden=standing)

    def _tell(self, verb: str, told: dict[str, object]) -> None:
        self._note(own_row(self._clock.utc().isoformat(), verb, told))

    def _moment(self) -> Moment:
        clock = self._clock
        return Moment(clock.utc(), clock.monotonic_ns(), self._boot, clock.synchronized())


def make_oversight(
    state: StateDir,
    *,
    ledger: Ledger,
    clock: SystemClock,
    new_id: Callable[[], str],
    note: Callable[[AuditRow], None],
) -> Oversight:
    """With its records in the station's state directory; `note` keeps a row of the audit trail."""
    key = StationKey(state.certified)
    golden, drift = GoldenRecords(state.golden, key), DriftStates(state.drift, key)
    return Oversight(golden, drift, ledger=ledger, clock=clock, new_id=new_id, note=note)


def _baseline(typical: Mapping[str, Typical], own: Mapping[Trait, Baseline]) -> dict[Trait, Baseline]:
    package = {Trait(name): Baseline(one.mean, one.spread, one.count) for name, one in typical.items()}
    return merged(package, own)
