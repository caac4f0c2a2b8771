"""Changes the recipe while the line runs: one change at a time, on a thread of its own.

    chosen ─▶ checked ─▶ loaded, warmed up ─▶ [door shut, camera set, read back] ─▶ on disk ─▶ in force ─▶ answered
      │          │          (the old one judges on)          │                          │
      └──────────┴───────────── refused: the old recipe goes on, its camera settings put back, and says why

Coming into force is `Ledger.change`, between two parts: whoever was admitted before is judged, recorded and answered
under the recipe before, whose model is let go when the last of them is answered. The door is shut only while a camera
takes other settings. What is on disk is always one recipe, the old one or the new one.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from appliance.commands.desk import Conclude
from appliance.commands.messages import CommandReply
from appliance.commands.recipe import RecipeCommand, RunningRecipe
from appliance.commands.refusals import Refusal
from appliance.domain.clock import Clock
from appliance.domain.ledger import Ledger, Terms
from appliance.errors import CameraLost
from appliance.kits import Kit, Kits
from appliance.pipeline.by_recipe import StagesByRecipe
from appliance.pipeline.way import PictureStage
from appliance.pipeline.worker import Worker
from appliance.recipes.catalogue import Catalogue, Entry
from appliance.recipes.problem import NoSuchRecipe, RecipeProblem
from appliance.recipes.schema import Recipe

_log = logging.getLogger(__name__)
_BUDGET_S = 300.0
_TICK_S = 0.05
_CAMERA_S = 20.0
_BUSY = ("Another recipe change is under way; wait for its end", "正在切换配方；请等待完成")


@dataclass(frozen=True, slots=True)
class Ports:
    """What a change asks of the station around it.

    `equip` loads a recipe with all that it needs and blocks until it is warm; `stage` makes what looks at its pictures.
    `terms` are those of its parts. `camera_change` says what the camera has to be set to when one recipe follows
    another, or None where it stays as it is; it raises RecipeProblem where it cannot be. `set_camera` is
    `CaptureStage.set_up`. `announce` tells the PLC how the station is. `oversee` brings in what else follows the
    recipe, and calls the switch to its terms where no part can come in unproven; it cannot fail.
    """

    catalogue: Catalogue
    equip: Callable[[Entry], Kit]
    stage: Callable[[Kit], PictureStage]
    terms: Callable[[Kit], Terms]
    camera_change: Callable[[Recipe, Recipe], tuple[Callable[[], None], Callable[[], None]] | None]
    set_camera: Callable[[Callable[[], None]], Future[None]]
    announce: Callable[[], None]
    oversee: Callable[[Kit, Callable[[], None]], None] = lambda kit, switch: switch()


@dataclass(frozen=True, slots=True)
class Change:
    """One change on its way; `since_ns` is monotonic."""

    command: RecipeCommand
    conclude: Conclude
    since_ns: int


class Changeover:
    """`begin` is for the desk's thread; `current` and `sets_camera` for any."""

    def __init__(
        self, ports: Ports, kits: Kits, stages: StagesByRecipe, first: PictureStage, *, ledger: Ledger, clock: Clock
    ) -> None:
        self._ports = ports
        self._kits = kits
        self._stages = stages
        self._ledger = ledger
        self._clock = clock
        self._in_force = first
        self._leaving: list[tuple[Kit, PictureStage]] = []
        self._lock = threading.Lock()
        self._current: Change | None = None
        self.sets_camera = False
        """While the door is shut, because the camera is between two settings."""
        self._worker: Worker[Change] = Worker(
            "changeover",
            self._handle,
            clock=clock,
            capacity=1,
            budget_s=_BUDGET_S,
            on_crash=self._crashed,
            idle=self._let_go,
            tick_s=_TICK_S,
        )

    @property
    def current(self) -> Change | None:
        """The change under way."""
        return self._current

    @property
    def failed(self) -> str | None:
        """The thread's name when it ended, hangs, or crashed once: the camera may stand between two settings then."""
        worker = self._worker
        return worker.name if not worker.alive or worker.stalled or worker.crashes else None

    @property
    def leaving(self) -> int:
        """How many recipes are no longer in force and still have parts on their way."""
        return len(self._leaving)

    def start(self) -> None:
        self._worker.start()

    def stop(self, timeout_s: float) -> bool:
        """End after the change under way; every part must be answered, and the thread that looks have ended."""
        ended = self._worker.stop(timeout_s)
        if ended:
            for kit, stage in self._leaving:
                self._stages.retire(kit.key, stage, kit.looking.close)
            self._leaving.clear()
            self._stages.let_go()
        return ended

    def begin(self, command: RecipeCommand, conclude: Conclude) -> None:
        """Start a change; refused at once while another is under way."""
        change = Change(command, conclude, self._clock.monotonic_ns())
        with self._lock:
            taken = self._current is None and self._worker.submit(change)
            if taken:
                self._current = change
        if not taken:
            conclude(CommandReply.refusal(Refusal.BUSY, command, why=_BUSY))

    def _handle(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self._let_go()
            reply = self._reply(change.command)
            self._finish(change, reply)

    def _finish(self, change: Change, reply: CommandReply) -> None:
        with self._lock:
            self._current = None
        self._ports.announce()
        change.conclude(reply)

    def _crashed(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self._finish(change, CommandReply.refusal(Refusal.INTERNAL, change.command))

    def _reply(self, command: RecipeCommand) -> CommandReply:
        try:
            recipe = self._change(command)
        except RecipeProblem as problem:
            code = Refusal.NO_SUCH_RECIPE if isinstance(problem, NoSuchRecipe) else Refusal.RECIPE_REFUSED
            _log.warning("the recipe stays %s: %s", self._kits.current.key.id, problem)
            return CommandReply.refusal(code, command, why=problem.texts)
        key = recipe.key
        running = RunningRecipe(id=key.id, name=recipe.name, number=key.number, version=key.version, hash=key.hash)
        return CommandReply(request_id=command.request_id, verb="recipe", status="accepted", recipe=running)

    def _change(self, command: RecipeCommand) -> Recipe:
        """The recipe in force after the command. Raises RecipeProblem where that is the one before."""
        entry = _chosen(self._ports.catalogue, command)
        before = self._kits.current
        if entry.pointer == before.pointer and not before.broken:
            self._record(entry, command)
            return before.looking.recipe
        camera = self._ports.camera_change(before.looking.recipe, entry.recipe)
        kit = self._ports.equip(entry)
        try:
            with self._camera_set(camera):
                self._record(entry, command)
                self._bring_into_force(kit)
        except RecipeProblem:
            kit.looking.close()
            raise
        _log.info("recipe %s %s is in force; %s", kit.key.id, kit.key.version, kit.looking.text)
        return kit.looking.recipe

    def _bring_into_force(self, kit: Kit) -> None:
        """From here on nothing can fail. What a part may need is there before the first one is admitted."""
        before, stage = self._kits.current, self._ports.stage(kit)
        self._stages.add(kit.key, stage)
        self._kits.know(kit)
        self._leaving.append((before, self._in_force))
        self._in_force = stage
        self._kits.change(kit)
        self._ports.oversee(kit, lambda: self._ledger.change(self._ports.terms(kit)))

    def _record(self, entry: Entry, command: RecipeCommand) -> None:
        """What a start from now on brings into force; on disk when this returns."""
        by = f"{command.actor.source} {command.actor.name}"
        self._ports.catalogue.store.activate(entry.pointer, by, command.reason or "")

    @contextlib.contextmanager
    def _camera_set(self, change: tuple[Callable[[], None], Callable[[], None]] | None) -> Iterator[None]:
        """The camera has its next settings inside; with the door shut, and put back where anything fails."""
        if change is None:
            yield
            return
        there, back = change
        self.sets_camera = True
        self._ledger.shut()
        self._ports.announce()
        try:
            self._set(there)
            yield
        except RecipeProblem:
            with contextlib.suppress(RecipeProblem):  # lost: it is opened again and again, with its old settings
                self._set(back)
            raise
        finally:
            self.sets_camera = False

    def _set(self, change: Callable[[], None]) -> None:
        try:
            self._ports.set_camera(change).result(_CAMERA_S)
        except CameraLost as error:
            raise RecipeProblem(str(error), error.text_zh) from error
        except TimeoutError as error:
            raise RecipeProblem(
                "the camera does not take its settings in time; check it, then change again",
                "相机未能及时完成设置；请检查相机后重试",
            ) from error

    def _let_go(self) -> None:
        """Retire the recipes whose last part was answered."""
        for kit, stage in tuple(self._leaving):
            needed = self._stages.holds(kit.key, stage) and self._ledger.in_flight_under(kit.key) > 0
            if not needed:
                self._leaving.remove((kit, stage))
                self._stages.retire(kit.key, stage, kit.looking.close)


def _chosen(catalogue: Catalogue, command: RecipeCommand) -> Entry:
    if command.number is not None:
        return catalogue.by_number(command.number)
    if command.code is not None:
        return catalogue.by_code(command.code)
    assert command.id is not None
    return catalogue.by_id(command.id, command.version)
