"""The change of recipe: one at a time, between two parts, and either wholly or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from appliance.commands.refusals import Refusal
from tests.fakes.changes import ChangeBench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[ChangeBench]:
    made = ChangeBench(tmp_path)
    yield made
    assert made.ledger.snapshot().balanced


@pytest.mark.parametrize("choice", [{"id": "a"}, {"id": "a", "version": "1"}, {"number": 11}, {"code": "CODE-a"}])
def test_every_way_to_name_a_recipe_brings_it_into_force(bench: ChangeBench, choice: dict[str, Any]) -> None:
    reply = bench.changed(**choice)
    assert reply.recipe is not None
    assert (reply.status, reply.recipe.id, reply.recipe.number) == ("accepted", "a", 11)
    assert bench.ledger.terms.recipe == bench.kits.current.key
    assert reply.recipe.hash == bench.kits.current.key.hash
    active = bench.catalogue.store.active()
    assert active is not None
    assert (active.recipe.id, active.by) == ("a", "api ada")


def test_a_part_in_flight_is_judged_by_the_recipe_of_its_admission(bench: ChangeBench) -> None:
    before = bench.admit()
    bench.changed(id="a")
    after = bench.admit()
    assert before is not None
    assert after is not None
    assert (before.recipe.id, after.recipe.id) == ("flange", "a")
    assert bench.closed() == []
    bench.look()
    bench.look()
    assert bench.judged == {before.id: before.recipe, after.id: after.recipe}
    bench.step()
    assert bench.closed() == ["flange"]


def test_the_old_one_judges_on_while_the_next_is_loaded(bench: ChangeBench) -> None:
    seen = []

    def meanwhile() -> None:
        part = bench.admit()
        assert part is not None
        bench.look()
        seen.append(bench.judged[part.id].id)

    bench.during = meanwhile
    bench.changed(id="a")
    assert seen == ["flange"]
    assert bench.ledger.snapshot().missed == 0


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ({"id": "none"}, Refusal.NO_SUCH_RECIPE),
        ({"number": 99}, Refusal.NO_SUCH_RECIPE),
        ({"code": "CODE"}, Refusal.NO_SUCH_RECIPE),
        ({"id": "b"}, Refusal.RECIPE_REFUSED),
    ],
)
def test_a_change_that_fails_leaves_everything_as_it_was(
    bench: ChangeBench, choice: dict[str, Any], code: Refusal
) -> None:
    bench.changed(id="a")
    bench.broken.add("b")
    reply = bench.changed(**choice)
    assert (reply.status, reply.code) == ("refused", code)
    assert reply.text_en
    assert any("\u4e00" <= letter <= "\u9fff" for letter in reply.text_zh)
    active = bench.catalogue.store.active()
    assert active is not None
    assert active.recipe.id == bench.kits.current.key.id == bench.ledger.terms.recipe.id == "a"
    part = bench.admit()
    bench.look()
    assert part is not None
    assert bench.judged[part.id].id == "a"


def test_a_second_change_meanwhile_is_refused(bench: ChangeBench) -> None:
    inner: list[Any] = []
    bench.during = lambda: inner.extend(bench.ask("2", id="b"))
    assert bench.changed(id="a").status == "accepted"
    assert [reply.code for reply in inner] == [Refusal.BUSY]
    assert bench.kits.current.key.id == "a"


def test_the_recipe_in_force_is_not_loaded_again(bench: ChangeBench) -> None:
    bench.changed(id="a")
    made = len(bench.made)
    assert bench.changed(id="a").status == "accepted"
    assert len(bench.made) == made


def test_the_door_is_shut_only_while_the_camera_is_set(bench: ChangeBench) -> None:
    bench.sets_camera = True
    assert bench.changed(id="a").status == "accepted"
    assert bench.ready_while_set == [False]
    assert bench.camera_is == 11
    assert bench.ledger.can_admit


def test_a_camera_that_refuses_keeps_the_old_recipe_and_its_settings(bench: ChangeBench) -> None:
    bench.sets_camera = True
    bench.changed(id="a")
    bench.camera_refuses.add(12)
    reply = bench.changed(id="b")
    assert (reply.code, reply.text_en, reply.text_zh) == (
        Refusal.RECIPE_REFUSED,
        "exposure is 90 and not 100; choose another",
        "曝光不符",
    )
    assert bench.camera_is == 11
    assert bench.kits.current.key.id == "a"
    assert bench.ledger.can_admit
    assert bench.closed() == ["flange", "b"]


def test_a_full_disk_keeps_the_old_recipe_and_the_cameras_settings(
    bench: ChangeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.sets_camera = True
    bench.changed(id="a")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("appliance.recipes.store.append_durably", full)
    reply = bench.changed(id="b")
    assert "No space left" in reply.text_en
    assert (bench.camera_is, bench.kits.current.key.id, bench.closed()) == (11, "a", ["flange", "b"])


def test_an_internal_fault_is_answered_and_the_station_says_so(bench: ChangeBench) -> None:
    def fault() -> None:
        raise RuntimeError("unforeseen")

    bench.during = fault
    assert bench.changed(id="a").code is Refusal.INTERNAL
    assert bench.change._worker.crashes == 1
    assert bench.change.current is None
    assert bench.kits.current.key.id == "flange"


def test_back_and_forth_while_a_part_is_on_its_way(bench: ChangeBench) -> None:
    bench.changed(id="a")
    part = bench.admit()
    bench.changed(id="b")
    bench.changed(id="a")
    assert part is not None
    bench.look()
    assert bench.judged[part.id] == part.recipe
    bench.step()
    assert sorted(bench.closed()) == ["a", "b", "flange"]
    assert bench.change.leaving == 0


class AnyOrder(RuleBasedStateMachine):
    """Triggers, verdicts, timeouts and changes, good and bad, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.bench = ChangeBench(Path(self.folder.name))

    def teardown(self) -> None:
        while self.bench.looking_at:
            self.bench.look()
        self.bench.step()
        assert self.bench.change.leaving == 0
        assert {part: key for part, key in self.bench.judged.items() if key != self.bench.admitted[part]} == {}
        answered = [verdict.part.id for verdict in self.bench.answered]
        assert sorted(answered) == sorted(self.bench.admitted)
        assert len(self.bench.closed()) == len(self.bench.made) - 1
        self.folder.cleanup()

    @rule()
    def trigger(self) -> None:
        self.bench.admit()

    @rule()
    def look(self) -> None:
        self.bench.look()

    @rule(milliseconds=st.sampled_from([10, 600, 1500]))
    def wait(self, milliseconds: int) -> None:
        self.bench.clock.advance_ms(milliseconds)
        for verdict in self.bench.ledger.expire():
            self.bench.answered.append(self.bench.ledger.settle(verdict))

    @rule(
        id=st.sampled_from(["a", "b", "c", "flange", "none"]),
        camera=st.booleans(),
        refuses=st.booleans(),
        broken=st.booleans(),
        meanwhile=st.integers(0, 2),
    )
    def change(self, id: str, camera: bool, refuses: bool, broken: bool, meanwhile: int) -> None:
        bench = self.bench
        before, was = bench.kits.current, bench.camera_is
        bench.sets_camera = camera
        bench.camera_refuses = {11, 12, 13, 1} - {before.key.number} if refuses else set()
        bench.broken = {"a", "b", "c", "flange"} if broken else set()
        bench.during = lambda: [bench.admit() for _ in range(meanwhile)] and None
        reply = bench.changed(id=id)
        if reply.status == "refused":
            assert bench.kits.current is before
            assert bench.camera_is in (was, before.key.number)
        else:
            assert bench.kits.current.key.id == id

    @invariant()
    def the_books_balance(self) -> None:
        assert self.bench.ledger.snapshot().balanced

    @invariant()
    def one_recipe_is_in_force_everywhere(self) -> None:
        active = self.bench.catalogue.store.active()
        key = self.bench.kits.current.key
        assert self.bench.ledger.terms.recipe == key
        assert active is None or active.recipe.id == key.id

    @invariant()
    def what_is_in_force_is_never_let_go(self) -> None:
        assert getattr(self.bench.kits.current.looking, "closed", 0) == 0


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
