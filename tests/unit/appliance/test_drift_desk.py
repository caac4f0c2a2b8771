from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from appliance.domain.drift import Baseline, Trait
from appliance.domain.parts import Part, Trigger, TriggerSource
from appliance.domain.reasons import Reason
from appliance.domain.record import Record
from appliance.domain.verdict import Verdict
from appliance.drift_desk import ChartsFirst, DriftDesk
from appliance.store.drift_states import DriftStates
from appliance.store.journal import JournalFailed
from appliance.store.station_key import StationKey
from models.decision import Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.parts import RECIPE, make_verdict

BASELINE = {Trait.SCORE: Baseline(0.1, 0.02, 10_000), Trait.LIGHT: Baseline(120.0, 4.0, 10_000)}
BRIGHT = {Trait.SCORE: 0.1, Trait.LIGHT: 130.0}
USUAL = {Trait.SCORE: 0.1, Trait.LIGHT: 120.0}


@dataclass
class Station:
    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    told: list[dict[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.states = DriftStates(self.folder / "drift", StationKey(self.folder / "certified"))
        self.desk = DriftDesk(
            self.states,
            monotonic_ns=self.clock.monotonic_ns,
            utc=lambda: "2026-11-22T12:00:00+00:00",
            tell=lambda _, told: self.told.append(told),
        )
        self.use(RECIPE.hash)

    def use(self, recipe: str) -> None:
        self.desk.change(recipe, f"{recipe} package", BASELINE, {})

    def verdict(self, outcome: Outcome, *, golden: bool = False, recipe: str = RECIPE.hash) -> Verdict:
        trigger = Trigger(TriggerSource.PLC, tag=1, received_ns=1, golden=golden)
        part = Part("part", 1, 1, trigger, 1, 10**12, replace(RECIPE, hash=recipe))
        return make_verdict(part, outcome, self.clock)

    def feed(self, traits: dict[Trait, float], outcome: Outcome = Outcome.OK, count: int = 200, **how: bool) -> Verdict:
        fit = how.pop("fit", True)
        for _ in range(count):
            last = self.desk.saw(self.verdict(outcome, **how), traits, fit=fit)
        return last

    @property
    def drifted(self) -> list[Trait]:
        return [found.trait for found in self.desk.view.drifted]


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


def test_drift_turns_ok_into_recheck_and_says_why(station: Station) -> None:
    assert station.feed(USUAL).outcome is Outcome.OK
    verdict = station.feed(BRIGHT)
    assert (verdict.outcome, verdict.reasons[0], verdict.score) == (Outcome.RECHECK, Reason.DRIFTING, 0.1)
    assert station.drifted == [Trait.LIGHT]
    assert "check lamp" in station.desk.state.text_en
    assert "光源" in station.desk.state.text_zh
    assert station.desk.voids is not None
    assert station.told == [{"drifted": ["light"], "recipe_hash": RECIPE.hash, "verdict": "verdict"}]


@pytest.mark.parametrize("outcome", [Outcome.RECHECK, Outcome.NG, Outcome.ERROR])
def test_drift_changes_no_other_verdict(station: Station, outcome: Outcome) -> None:
    station.feed(BRIGHT)
    before = station.verdict(outcome)
    assert station.desk.saw(before, USUAL, fit=True) == before


def test_the_part_with_which_it_was_found_is_no_longer_ok(station: Station) -> None:
    outcomes = [station.feed(BRIGHT, count=1).outcome for _ in range(200)]
    first = outcomes.index(Outcome.RECHECK)
    assert set(outcomes[first:]) == {Outcome.RECHECK}
    assert len(station.told) == 1


class TestWhatFeedsIt:
    def test_golden_parts_neither_feed_nor_suffer(self, station: Station) -> None:
        station.feed(BRIGHT, golden=True)
        assert station.drifted == []
        station.feed(BRIGHT)
        assert station.desk.saw(station.verdict(Outcome.OK, golden=True), USUAL, fit=True).outcome is Outcome.OK

    def test_unfit_pictures_do_not(self, station: Station) -> None:
        station.feed(BRIGHT, fit=False)
        assert station.drifted == []

    def test_no_verdict_no_food(self, station: Station) -> None:
        station.feed(BRIGHT, Outcome.ERROR)
        assert station.drifted == []

    def test_ng_parts_tell_of_the_light_and_not_of_the_score(self, station: Station) -> None:
        station.feed({Trait.SCORE: 0.9, Trait.LIGHT: 130.0}, Outcome.NG)
        assert station.drifted == [Trait.LIGHT]


class TestRestart:
    def test_drift_stands(self, station: Station) -> None:
        station.feed(BRIGHT)
        station.desk.save()
        again = Station(station.folder, station.clock)
        assert again.drifted == [Trait.LIGHT]
        assert again.feed(USUAL, count=1).outcome is Outcome.RECHECK

    def test_charts_go_on(self, station: Station) -> None:
        station.feed(BRIGHT, count=20)
        station.clock.advance_ms(60_000)
        station.desk.save()
        again = Station(station.folder, station.clock)
        again.feed(BRIGHT, count=30)
        assert again.drifted == [Trait.LIGHT]

    def test_an_edited_state_counts_as_drift(self, station: Station) -> None:
        station.feed(BRIGHT)
        station.desk.save()
        (path,) = (station.folder / "drift").glob("*.json")
        path.write_text(path.read_text().replace('"light"', '"focus"'))
        assert Station(station.folder, station.clock).drifted != []

    def test_another_recipe_has_charts_of_its_own_and_the_first_keeps_its_drift(self, station: Station) -> None:
        station.feed(BRIGHT)
        station.use("sha256:other")
        assert station.drifted == []
        in_flight = station.verdict(Outcome.OK)
        assert station.desk.saw(in_flight, USUAL, fit=True).outcome is Outcome.RECHECK
        other = station.verdict(Outcome.OK, recipe="sha256:other")
        assert station.desk.saw(other, USUAL, fit=True).outcome is Outcome.OK
        station.use(RECIPE.hash)
        assert station.drifted == [Trait.LIGHT]


class TestReset:
    def test_asking_ends_nothing_and_survives_a_restart(self, station: Station) -> None:
        station.feed(BRIGHT)
        assert station.desk.ask_reset()
        assert station.feed(USUAL, count=1).outcome is Outcome.RECHECK
        station.desk.save()
        again = Station(station.folder, station.clock)
        assert (again.drifted, again.desk.view.resetting) == ([Trait.LIGHT], True)

    def test_golden_parts_alone_end_nothing(self, station: Station) -> None:
        station.feed(BRIGHT)
        station.desk.golden_passed()
        assert station.drifted == [Trait.LIGHT]

    def test_both_end_it_on_disk_too(self, station: Station) -> None:
        station.feed(BRIGHT)
        station.desk.ask_reset()
        station.desk.golden_passed()
        assert station.feed(USUAL, count=1).outcome is Outcome.OK
        station.desk.save()
        assert Station(station.folder, station.clock).drifted == []
        assert station.told[-1]["ended_by"] == "golden parts"

    def test_there_is_nothing_to_reset_without_drift(self, station: Station) -> None:
        assert not station.desk.ask_reset()


class Paper:
    def __init__(self) -> None:
        self.written = 0

    def write(self, records: object) -> None:
        self.written += 1

    def after_answers(self) -> None:
        self.written += 100


def test_no_verdict_is_written_before_the_charts_that_changed_it(station: Station) -> None:
    paper = Paper()
    keeper = ChartsFirst(station.desk, paper)
    station.feed(BRIGHT)
    (station.folder / "drift").write_text("no folder")
    records: tuple[Record, ...] = ()
    with pytest.raises(JournalFailed, match="drift charts"):
        keeper.write(records)
    assert paper.written == 0
    (station.folder / "drift").unlink()
    keeper.write(records)
    keeper.after_answers()
    assert paper.written == 101
    assert Station(station.folder, station.clock).drifted == [Trait.LIGHT]


def test_a_recipe_that_asks_for_no_watch_has_none(station: Station) -> None:
    station.desk.change("sha256:x", "x", {}, {})
    verdict = station.verdict(Outcome.OK, recipe="sha256:x")
    assert station.desk.saw(verdict, BRIGHT, fit=True) is verdict
    station.desk.save()
