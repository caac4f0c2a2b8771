from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.commands.refusals import Refusal
from appliance.domain.golden import Due, ExpectedPart, GoldenPhase, Moment, Plan
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Part
from appliance.golden_desk import GoldenDesk
from appliance.store.golden_records import BindingEntry, GoldenRecord, GoldenRecords, ModelEntry
from appliance.store.station_key import StationKey
from models.decision import Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.parts import RECIPE, make_ledger, make_trigger, make_verdict

GOOD = ExpectedPart("good", "G-1", Outcome.OK)
BAD = ExpectedPart("scratched", "G-2", Outcome.NG)
PLAN = Plan((GOOD, BAD), valid=timedelta(hours=8), at_start=False)
HOUR_MS = 3_600_000


def bound(package: str = "p", recipe: str = RECIPE.hash) -> BindingEntry:
    key = RECIPE if recipe == RECIPE.hash else type(RECIPE)("other", 2, "1", recipe)
    return BindingEntry.of(key, (ModelEntry(package=package, runtime="onnxruntime-cpu 1"),), "avx2", "machine")


@dataclass
class Station:
    """A desk with its ledger; what another run of the station left lies in the same folder."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    passed: int = 0
    told: list[tuple[str, object, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger: Ledger = make_ledger(self.clock, capacity=8)
        self.ids = iter(f"0000000{n}-0000-7000-8000-000000000000" for n in range(self.next_id(), 10))
        self.records = GoldenRecords(self.folder / "golden", StationKey(self.folder / "certified"))
        self.desk = GoldenDesk(
            self.records,
            ledger=self.ledger,
            moment=lambda: Moment(self.clock.utc(), self.clock.monotonic_ns(), "boot", True),
            new_id=lambda: next(self.ids),
            on_passed=self.count,
            tell=lambda verb, told: self.told.append((verb, told["outcome"], told["part"])),
        )
        self.desk.change(PLAN, bound(), Due.START)
        self.open()

    def next_id(self) -> int:
        return len(list((self.folder / "golden").glob("*.json")))

    def count(self) -> None:
        self.passed += 1

    def open(self) -> None:
        self.ledger.set_ready(not self.desk.view.withheld, self.ledger.epoch)

    def admit(self) -> Part:
        part = self.ledger.admit(make_trigger(self.clock))
        assert part is not None
        self.ledger.exposed(part)
        return part

    def answer(self, part: Part, outcome: Outcome) -> None:
        standing = self.ledger.close(make_verdict(part, outcome, self.clock))
        assert standing is not None
        self.desk.answered(self.ledger.settle(standing))

    def show(self, *outcomes: Outcome) -> None:
        for outcome in outcomes:
            self.open()
            self.answer(self.admit(), outcome)

    def pass_all(self) -> None:
        assert self.desk.start("cli:ada") is None
        self.show(Outcome.OK, Outcome.NG)
        assert self.desk.view.phase is GoldenPhase.PASSED


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


def only_record(station: Station) -> GoldenRecord:
    (record,) = station.records.all()
    assert isinstance(record, GoldenRecord)
    return record


def test_triggers_are_golden_only_during_a_session(station: Station) -> None:
    assert station.desk.view.withheld
    assert not station.ledger.can_admit
    assert station.desk.start("cli:ada") is None
    station.open()
    first = station.admit()
    assert first.trigger.golden
    station.answer(first, Outcome.OK)
    station.show(Outcome.NG)
    assert station.desk.view.phase is GoldenPhase.PASSED
    station.open()
    assert not station.admit().trigger.golden


def test_a_part_in_flight_when_the_mode_ends_keeps_its_mark(station: Station) -> None:
    station.desk.start("cli:ada")
    station.open()
    shown, extra = station.admit(), station.admit()
    station.answer(shown, Outcome.OK)
    station.desk.abort()
    assert extra.trigger.golden
    assert not station.ledger.terms.golden


def test_golden_parts_are_counted_apart_and_the_book_balances(station: Station) -> None:
    station.pass_all()
    station.show(Outcome.OK, Outcome.OK)
    book = station.ledger.snapshot()
    assert (book.ok, book.ng, book.golden.ok, book.golden.ng) == (3, 1, 1, 1)
    assert book.balanced


def test_a_part_admitted_before_the_session_is_none_of_its(station: Station) -> None:
    station.desk.start("cli:ada")
    station.open()
    old = station.admit()
    station.desk.abort()
    station.clock.advance_ms(10)
    station.desk.start("cli:ada")
    station.answer(old, Outcome.NG)
    assert station.desk.view.running
    assert station.desk.view.shows == ()


def test_a_failed_session_shuts_the_door_and_says_which_part(station: Station) -> None:
    station.desk.start("cli:ada")
    station.show(Outcome.NG)
    assert station.desk.view.phase is GoldenPhase.FAILED
    assert not station.ledger.can_admit
    assert "Golden part 'good' is OK but came out as NG" in station.desk.view.state.text_en
    assert "应为 OK，实际为 NG" in station.desk.view.state.text_zh
    assert only_record(station).outcome == "failed"
    assert station.told == [("golden", "failed", "good")]


def test_what_passed_is_recorded_with_all_that_it_proves(station: Station) -> None:
    station.desk.start("cli:ada")
    station.open()
    part = station.admit()
    station.desk.looked(part.id, {"light": 120.0})
    station.answer(part, Outcome.OK)
    station.show(Outcome.NG)
    record = only_record(station)
    assert (record.outcome, record.actor, record.bound_to) == ("passed", "cli:ada", bound())
    assert record.expires == record.begun.utc + timedelta(hours=8)
    assert [(show.part, show.outcome, show.as_expected) for show in record.shows] == [
        ("good", Outcome.OK, True),
        ("scratched", Outcome.NG, True),
    ]
    assert record.shows[0].measures == {"light": 120.0}
    assert station.passed == 1


def test_what_was_shown_before_does_not_look_done_when_it_is_due_again(station: Station) -> None:
    station.pass_all()
    assert len(station.desk.view.shows) == 2
    station.clock.advance_ms(9 * HOUR_MS)
    station.desk.refresh()
    assert station.desk.view.phase is GoldenPhase.DUE
    assert station.desk.view.shows == ()


class TestRestart:
    def test_what_passed_counts_within_its_time(self, station: Station) -> None:
        station.pass_all()
        station.clock.advance_ms(HOUR_MS)
        again = Station(station.folder, station.clock)
        assert again.desk.view.phase is GoldenPhase.PASSED

    def test_what_passed_is_not_enough_where_the_recipe_asks_at_the_start(self, station: Station) -> None:
        station.pass_all()
        again = Station(station.folder, station.clock)
        again.desk.change(Plan((GOOD, BAD)), bound(), Due.START)
        assert (again.desk.view.phase, again.desk.view.cause) == (GoldenPhase.DUE, Due.START)

    def test_a_session_that_was_cut_off_is_due_again(self, station: Station) -> None:
        station.pass_all()
        station.desk.start("cli:ada")
        again = Station(station.folder, station.clock)
        assert (again.desk.view.phase, again.desk.view.cause) == (GoldenPhase.DUE, Due.INTERRUPTED)

    @pytest.mark.parametrize(
        "other",
        [bound(package="q"), bound().model_copy(update={"instruction_set": "avx512"}), bound(recipe="sha256:b")],
    )
    def test_another_recipe_model_or_processor_voids_it(self, station: Station, other: BindingEntry) -> None:
        station.pass_all()
        again = Station(station.folder, station.clock)
        again.desk.change(PLAN, other, Due.START)
        assert (again.desk.view.phase, again.desk.view.cause) == (GoldenPhase.DUE, Due.NO_RECORD)

    def test_an_edited_record_does_not_count(self, station: Station) -> None:
        station.desk.start("cli:ada")
        station.show(Outcome.NG)
        (path,) = (station.folder / "golden").glob("*.json")
        path.write_text(path.read_text().replace('"failed"', '"passed"').replace('"NG"', '"OK"'))
        again = Station(station.folder, station.clock)
        assert (again.desk.view.phase, again.desk.view.cause) == (GoldenPhase.DUE, Due.RECORD_DAMAGED)

    def test_a_record_of_another_station_does_not_count(self, station: Station, tmp_path: Path) -> None:
        station.pass_all()
        other = tmp_path / "other"
        StationKey(other / "certified").ensure()
        (station.folder / "golden").rename(other / "golden")
        again = Station(other, station.clock)
        assert again.desk.view.cause is Due.RECORD_DAMAGED


def test_a_record_that_cannot_be_kept_proves_nothing(station: Station) -> None:
    station.desk.start("cli:ada")
    station.show(Outcome.OK)
    (station.folder / "golden").rename(station.folder / "aside")
    (station.folder / "golden").write_text("no folder")
    station.show(Outcome.NG)
    assert (station.desk.view.phase, station.desk.view.cause) == (GoldenPhase.DUE, Due.NOT_KEPT)
    assert station.passed == 0
    assert station.desk.start("cli:ada") is Refusal.NOT_KEPT
    assert not station.ledger.terms.golden


def test_a_changeover_breaks_a_session_off_and_asks_again(station: Station) -> None:
    station.desk.start("cli:ada")
    station.desk.change(PLAN, bound("q"), Due.CHANGEOVER)
    assert station.desk.view.withheld
    assert not station.ledger.terms.golden
    assert only_record(station).outcome == "aborted"


def test_going_back_to_a_recipe_asks_for_its_parts_at_every_changeover(station: Station) -> None:
    station.pass_all()
    station.desk.change(PLAN, bound("q"), Due.CHANGEOVER)
    station.desk.change(PLAN, bound(), Due.CHANGEOVER)
    assert station.desk.view.cause is Due.CHANGEOVER


def test_time_makes_them_due_and_shuts_the_door(station: Station) -> None:
    station.pass_all()
    station.open()
    station.clock.advance_ms(7.6 * HOUR_MS)
    station.desk.refresh()
    assert "due soon" in station.desk.view.state.text_en
    assert station.ledger.can_admit
    station.clock.advance_ms(0.5 * HOUR_MS)
    station.desk.refresh()
    assert station.desk.view.cause is Due.EXPIRED
    assert not station.ledger.can_admit


def test_terms_that_another_hand_changed_are_put_right(station: Station) -> None:
    """Whoever changes the ledger's terms during a session must not turn golden parts into production."""
    station.desk.start("cli:ada")
    terms = station.ledger.terms
    station.ledger.change(type(terms)(terms.recipe, terms.deadline_ms))
    station.clock.advance_ms(500)
    station.desk.refresh()
    assert station.ledger.terms.golden


@pytest.mark.parametrize("plan", [None])
def test_refusals(station: Station, plan: None) -> None:
    assert station.desk.abort() is Refusal.NO_GOLDEN_RUNS
    station.desk.start("cli:ada")
    assert station.desk.start("cli:eve") is Refusal.GOLDEN_RUNS
    station.desk.change(plan, bound(), Due.CHANGEOVER)
    assert station.desk.start("cli:ada") is Refusal.NO_GOLDEN_PARTS
    assert station.desk.view.state.state == "ok"
