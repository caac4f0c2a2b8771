from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from appliance.config.schema import Config
from appliance.domain.drift import Trait
from appliance.domain.golden import ExpectedPart, Judged, Moment, Plan, Session, Show
from appliance.fitting import catalogue_of
from appliance.golden_baseline import draft, learn
from appliance.recipes.problem import RecipeProblem
from appliance.recipes.schema import Recipe
from appliance.store.golden_records import BindingEntry, GoldenRecord
from models.decision import Outcome
from models.package import open_package
from models.quality import measure
from models.typical import scalars_of
from tests.fakes.line import DEMO_PACKAGE

GOOD = ExpectedPart("good", None, Outcome.OK)
BAD = ExpectedPart("bad", None, Outcome.NG)
PLAN = Plan((GOOD, BAD), shows=10, valid=timedelta(hours=8))
RECIPE = Recipe.model_validate(
    {"schema": "okng-recipe/1", "models": [{"package": "m.okng"}], "drift": {"tolerance": {"light": 0.5}}}
)
SCRATCHED = {"name": "b", "expected": "NG", "class": "scratch"}
NOW = Moment(datetime(2026, 11, 22, tzinfo=UTC), 5, "boot", True)


def show(part: ExpectedPart, number: int) -> Show:
    quality = replace(measure(np.full((32, 32, 3), 90, np.uint8)), light=100.0 + number, contrast=20.0, focus=0.5)
    return Show(part, Judged("v", None, part.expected, "why", (), 0.1 + number / 1000, scalars_of(quality)))


def record(good: int = 10, *, passed: bool = True) -> GoldenRecord:
    plan = replace(PLAN, shows=good)
    shows = [show(part, number) for part in (GOOD, BAD) for number in range(good)]
    session = Session("00000001-0000-7000-8000-000000000000", "ada", NOW, tuple(shows if passed else shows[:-1]), NOW)
    return GoldenRecord.of(session, plan, BindingEntry.of(RECIPE.key, (), "avx2", "machine"))


def test_the_good_parts_become_the_baseline_and_nothing_else_changes() -> None:
    learned = learn([record()], RECIPE, gate=False)
    light = learned.drift.baseline[Trait.LIGHT]
    assert (light.mean, light.count) == (104.5, 10)
    assert learned.drift.baseline[Trait.SCORE].mean == pytest.approx(0.1045)
    assert Trait.FOCUS not in learned.drift.baseline, "what never differs has no spread"
    assert learned.drift.tolerance == {Trait.LIGHT: 0.5}
    assert learned.quality is None


def test_the_gate_learns_only_when_asked() -> None:
    learned = learn([record()], RECIPE, gate=True)
    assert learned.quality is not None
    assert learned.quality.light == (100.0, 109.0)


@pytest.mark.parametrize("kept", [[], [record(passed=False), record()], ["a file is damaged"]])
def test_only_the_last_session_counts_and_only_when_it_passed(kept: list[GoldenRecord | str]) -> None:
    with pytest.raises(RecipeProblem, match="has not passed"):
        learn(kept, RECIPE, gate=False)


def test_a_session_of_another_version_teaches_nothing() -> None:
    with pytest.raises(RecipeProblem, match="has not passed"):
        learn([record()], RECIPE.model_copy(update={"version": "2"}), gate=False)


def test_too_few_shows_teach_nothing() -> None:
    with pytest.raises(RecipeProblem, match="shown 7 times"):
        learn([record(7)], RECIPE, gate=False)


def test_the_next_version_says_all_that_the_recipe_said_and_the_baseline(tmp_path: Path) -> None:
    config = Config.model_validate(
        {
            "station": {"state_dir": tmp_path},
            "camera": {"type": "synthetic"},
            "trigger": {"source": "software"},
            "model": {"package": DEMO_PACKAGE},
            "recipe": {
                "id": "flange",
                "name": "Flange",
                "golden": {
                    "parts": [{"name": "a", "expected": "OK"}, {"name": "b", "expected": "NG", "class": "scratch"}]
                },
            },
        }
    )
    catalogue = catalogue_of(config)
    before = catalogue.in_force().recipe
    learned = replace(learn([record()], RECIPE, gate=False), quality=None)
    made, text = draft(config, catalogue, before, learned)
    assert (made.version, made.golden, made.drift) == ("2", before.golden, learned.drift)
    assert made.models[0].sha256 == open_package(DEMO_PACKAGE).hash
    stored = catalogue.store.save(text, made, DEMO_PACKAGE.parent, "ada", "another lamp")
    assert stored.recipe == made
