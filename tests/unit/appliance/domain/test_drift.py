import math

import numpy as np
import pytest

from appliance.domain.drift import Baseline, DriftWatch, Trait, merged, unknown_drift

WELL_KNOWN = Baseline(0.2, 0.05, 10_000)
WHEN = "2026-11-22T12:00:00+00:00"


def feed(watch: DriftWatch, values: list[float], trait: Trait = Trait.SCORE) -> int | None:
    """After how many values the trait was found to have drifted."""
    for number, value in enumerate(values, start=1):
        if watch.see({trait: value}, WHEN):
            return number
    return None


def parts(shift: float, count: int = 3000, seed: int = 1) -> list[float]:
    """Scores of good parts, off by so many spreads."""
    return list(0.2 + 0.05 * (np.random.default_rng(seed).standard_normal(count) + shift))


def test_a_quiet_line_raises_no_alarm() -> None:
    watch = DriftWatch({Trait.SCORE: WELL_KNOWN})
    assert feed(watch, parts(0.0, 4_000)) is None
    assert watch.drifted == ()


@pytest.mark.parametrize(("shift", "within"), [(0.6, 600), (1.0, 200), (2.0, 80), (-1.0, 200), (-2.0, 80)])
def test_a_shift_is_found_in_time(shift: float, within: int) -> None:
    watch = DriftWatch({Trait.SCORE: WELL_KNOWN})
    found = feed(watch, parts(shift))
    assert found is not None
    assert found <= within
    assert watch.drifted[0].direction == ("up" if shift > 0 else "down")


def test_each_characteristic_is_watched_on_its_own() -> None:
    watch = DriftWatch({Trait.SCORE: WELL_KNOWN, Trait.LIGHT: Baseline(120.0, 4.0, 1000)})
    for value in parts(0.0, 300):
        watch.see({Trait.SCORE: value, Trait.LIGHT: 130.0}, WHEN)
    assert [found.trait for found in watch.drifted] == [Trait.LIGHT]


def test_what_was_not_measured_leaves_its_chart_alone() -> None:
    watch = DriftWatch({Trait.SCORE: WELL_KNOWN, Trait.POSE: Baseline(0.99, 0.001, 1000)})
    for value in parts(0.0, 500):
        watch.see({Trait.SCORE: value, Trait.POSE: math.nan}, WHEN)
    assert watch.drifted == ()
    assert watch.state.average[Trait.POSE] == 0.0


def test_one_odd_part_is_no_drift() -> None:
    watch = DriftWatch({Trait.SCORE: WELL_KNOWN})
    assert feed(watch, [*parts(0.0, 50), 1e9, *parts(0.0, 500, seed=2)]) is None


def test_drift_does_not_talk_itself_out_of_it() -> None:
    watch = DriftWatch({Trait.SCORE: WELL_KNOWN})
    assert feed(watch, parts(2.0)) is not None
    feed(watch, parts(0.0, 5000))
    assert [found.trait for found in watch.drifted] == [Trait.SCORE]


def test_golden_parts_end_it_only_after_a_reset_was_asked_for() -> None:
    watch = DriftWatch({Trait.SCORE: WELL_KNOWN})
    feed(watch, parts(2.0))
    assert not watch.golden_passed()
    assert watch.drifted
    assert watch.ask_reset()
    assert watch.drifted, "asking alone ends nothing"
    assert watch.golden_passed()
    assert (watch.drifted, watch.state.average[Trait.SCORE], watch.resetting) == ((), 0.0, False)


def test_where_nothing_drifted_nothing_is_reset() -> None:
    watch = DriftWatch({Trait.SCORE: WELL_KNOWN})
    assert not watch.ask_reset()
    assert not watch.golden_passed()


def test_a_restart_goes_on_where_it_stood() -> None:
    straight = DriftWatch({Trait.SCORE: WELL_KNOWN})
    first = DriftWatch({Trait.SCORE: WELL_KNOWN})
    values = parts(0.8, 400)
    for value in values[:100]:
        straight.see({Trait.SCORE: value}, WHEN)
        first.see({Trait.SCORE: value}, WHEN)
    second = DriftWatch({Trait.SCORE: WELL_KNOWN}, state=first.state)
    assert feed(straight, values[100:]) == feed(second, values[100:])
    assert straight.state == second.state
    assert DriftWatch({Trait.SCORE: WELL_KNOWN}, state=second.state).drifted == second.drifted != ()


def test_a_state_that_cannot_be_read_counts_as_drift() -> None:
    watch = DriftWatch({Trait.SCORE: WELL_KNOWN}, state=unknown_drift(WHEN))
    feed(watch, parts(0.0, 100))
    assert watch.drifted


def test_few_pictures_make_a_patient_watch() -> None:
    """The mean of 20 pictures is off by a fifth of the spread: that is no drift."""
    watch = DriftWatch({Trait.SCORE: Baseline(0.21, 0.05, 20)})
    assert feed(watch, parts(0.0, 4_000)) is None


def test_a_tolerance_is_allowed_for() -> None:
    assert feed(DriftWatch({Trait.SCORE: WELL_KNOWN}, {Trait.SCORE: 1.0}), parts(1.0)) is None


def test_golden_parts_move_the_mean_and_never_narrow_the_spread() -> None:
    package = {Trait.SCORE: WELL_KNOWN, Trait.LIGHT: Baseline(120.0, 4.0, 100)}
    found = merged(package, {Trait.SCORE: Baseline(0.25, 0.001, 20), Trait.FOCUS: Baseline(1.0, 0.1, 20)})
    assert found == {
        Trait.SCORE: Baseline(0.25, 0.05, 20),
        Trait.LIGHT: Baseline(120.0, 4.0, 100),
        Trait.FOCUS: Baseline(1.0, 0.1, 20),
    }


@pytest.mark.parametrize(("mean", "spread", "count"), [(math.nan, 1, 9), (0, 0, 9), (0, math.inf, 9), (0, 1, 1)])
def test_a_baseline_that_says_nothing_is_refused(mean: float, spread: float, count: int) -> None:
    with pytest.raises(ValueError, match="baseline"):
        Baseline(mean, spread, count)
