"""A changeover whose worker the test steps, over a real ledger and a real store; models and camera are fakes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from appliance.changeover import Changeover, Ports
from appliance.commands.messages import CommandReply
from appliance.commands.recipe import RecipeCommand, RecipeRequest
from appliance.domain.ledger import Ledger, Terms
from appliance.domain.parts import Frame, Part
from appliance.domain.reasons import Reason
from appliance.domain.verdict import Verdict
from appliance.errors import CameraLost
from appliance.kits import Kit, Kits
from appliance.pipeline.by_recipe import StagesByRecipe
from appliance.recipes.catalogue import Catalogue, Entry
from appliance.recipes.problem import RecipeProblem
from appliance.recipes.schema import Recipe
from models.decision import Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.kits import FakeLooking, kit_of, plain_recipe
from tests.fakes.parts import counting_ids, make_frame, make_trigger, make_verdict
from tests.fakes.recipes import store_at


class Judge:
    """A stage that concludes every part and remembers under which recipe it looked."""

    def __init__(self, bench: ChangeBench, kit: Kit) -> None:
        self.bench = bench
        self.kit = kit

    @property
    def pictures(self) -> Any:
        return self.kit.looking.model_state

    def handle(self, jobs: Any) -> None:
        for part, _ in jobs:
            assert isinstance(self.kit.looking, FakeLooking)
            assert not self.kit.looking.closed, "a part was judged by a model that was let go"
            self.bench.judged[part.id] = self.kit.key
            self.bench.conclude(make_verdict(part, Outcome.OK, self.bench.clock))

    def idle(self) -> None:
        """Nothing to do."""


class ChangeBench:
    """Recipes 11, 12, 13 ("a", "b", "c") in a store and 1 ("flange") in force.

    `broken`: ids whose model does not load. `camera_refuses`: numbers whose settings it does not take. `camera_is` is
    what it is set to.
    """

    def __init__(self, root: Path) -> None:
        self.clock = FakeClock()
        inline = plain_recipe()
        self.catalogue = Catalogue(store_at(root), inline)
        for number, id_ in enumerate("abc", start=11):
            self.save(plain_recipe(id_, number, codes=(f"CODE-{id_}",)))
        first = Kit(self.catalogue.inline.pointer, FakeLooking(inline), kit_of(inline).context)
        self.kits = Kits(first)
        self.ledger = Ledger(clock=self.clock, new_id=counting_ids(), terms=Terms(first.key, 1000), capacity=4)
        self.open_door()
        stage = Judge(self, first)
        self.stages = StagesByRecipe(self, first.key, stage)
        self.made: list[Kit] = [first]
        self.broken: set[str] = set()
        self.camera_refuses: set[int] = set()
        self.camera_is = inline.number
        self.sets_camera = False
        self.disk_full = False
        self.during: Callable[[], None] = lambda: None
        self.judged: dict[str, Any] = {}
        self.admitted: dict[str, Any] = {}
        self.answered: list[Verdict] = []
        self.looking_at: list[tuple[Part, Frame]] = []
        self.ready_while_set: list[bool] = []
        self.change = Changeover(
            Ports(
                catalogue=self.catalogue,
                equip=self._equip,
                stage=lambda kit: Judge(self, kit),
                terms=lambda kit: Terms(kit.key, 1000),
                camera_change=self._camera_change,
                set_camera=self._set_camera,
                announce=self.open_door,
            ),
            self.kits,
            self.stages,
            stage,
            ledger=self.ledger,
            clock=self.clock,
        )

    def save(self, recipe: Recipe) -> None:
        text = (
            f'id = "{recipe.id}"\nname = "{recipe.name}"\nnumber = {recipe.number}\nversion = "{recipe.version}"\n'
            f'mode = "collect"\ncodes = {list(recipe.codes)}\n'
        ).encode()
        self.catalogue.store.save(text, recipe, Path("/"), "ada", "")

    def open_door(self) -> None:
        changeover = getattr(self, "change", None)
        epoch = self.ledger.epoch
        self.ledger.set_ready(not (changeover and changeover.sets_camera), epoch)

    def ask(self, request_id: str = "1", **choice: Any) -> list[CommandReply]:
        """The answers as they come."""
        heard: list[CommandReply] = []
        self.change.begin(self.command(request_id, **choice), heard.append)
        return heard

    @staticmethod
    def command(request_id: str = "1", **choice: Any) -> RecipeCommand:
        return RecipeRequest(request_id=request_id, **choice).command("api", "ada")

    def step(self) -> None:
        """One round of the changeover's worker: a change where one waits."""
        worker = self.change._worker
        if worker.queued:
            worker.round()
        else:
            self.change._let_go()
        self.stages.let_go()  # as the thread that looks does between two parts

    def changed(self, **choice: Any) -> CommandReply:
        heard = self.ask(**choice)
        self.step()
        [reply] = heard
        return reply

    def admit(self) -> Part | None:
        part = self.ledger.admit(make_trigger(self.clock))
        if part is not None:
            self.admitted[part.id] = part.recipe
            self.ledger.exposed(part)
            self.looking_at.append((part, make_frame(self.clock)))
        return part

    def look(self) -> None:
        if self.looking_at:
            self.stages.handle([self.looking_at.pop(0)])

    def conclude(self, verdict: Verdict, frame: Frame | None = None) -> None:
        standing = self.ledger.close(verdict)
        if standing is not None:
            self.kits.context(standing.part.recipe)  # the result's words must be there
            self.answered.append(self.ledger.settle(standing))

    def fail(self, part: Part, reason: Reason, frame: Frame | None = None) -> None:
        """Only a part that is closed already, by its deadline, may find its stage gone."""
        assert not self.ledger.is_open(part), f"part {part.number} found no stage: {reason}"

    def _equip(self, entry: Entry) -> Kit:
        self.during()
        if entry.recipe.id in self.broken:
            raise RecipeProblem("the package is missing; put it back", "模型包缺失；请放回")
        kit = Kit(entry.pointer, FakeLooking(entry.recipe), kit_of(entry.recipe).context)
        self.made.append(kit)
        return kit

    def _camera_change(self, before: Recipe, after: Recipe) -> Any:
        if not self.sets_camera:
            return None

        def to(number: int) -> Callable[[], None]:
            def set_up() -> None:
                if number in self.camera_refuses:
                    raise CameraLost("exposure is 90 and not 100; choose another", "曝光不符")
                self.camera_is = number

            return set_up

        return to(after.number), to(before.number)

    def _set_camera(self, change: Callable[[], None]) -> Future[None]:
        self.ready_while_set.append(self.ledger.can_admit)
        done: Future[None] = Future()
        try:
            change()
        except CameraLost as error:
            done.set_exception(error)
        else:
            done.set_result(None)
        return done

    def closed(self) -> list[str]:
        """The recipes whose models were let go, each once."""
        found = []
        for kit in self.made:
            assert isinstance(kit.looking, FakeLooking)
            assert kit.looking.closed <= 1, "a model was let go twice"
            found += [kit.key.id] * kit.looking.closed
        return found
