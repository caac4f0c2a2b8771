"""[quality]: limits that a station learned from its golden parts, which go before the package's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from appliance.cameras.flange import draw
from appliance.config.schema import Config
from appliance.fitting import check_fit
from appliance.recipes.problem import RecipeProblem
from appliance.recipes.quality import QualityConfig
from appliance.recipes.schema import Recipe
from appliance.recipes.text import parse_recipe
from models.decision import Unfit
from models.detector import Detector
from models.errors import PackageError
from models.manifest import QualityEntry
from models.quality import measure, reduced, seen_in
from tests.fakes.line import DEMO_PACKAGE

SEEN = seen_in([measure(reduced(draw(31, number).image[:, 130:770])) for number in range(5)])


def recipe(**quality: Any) -> Recipe:
    wanted = QualityConfig.of(SEEN).model_dump() | quality
    return Recipe.model_validate({"id": "ring", "number": 3, "models": [{"package": DEMO_PACKAGE}], "quality": wanted})


def config(tmp_path: Path) -> Config:
    return Config.model_validate(
        {
            "station": {"state_dir": tmp_path},
            "camera": {"type": "synthetic"},
            "trigger": {"source": "interval"},
            "model": {"package": DEMO_PACKAGE},
        }
    )


def test_what_golden_parts_showed_comes_back_from_the_recipe() -> None:
    wanted = recipe().quality
    assert wanted is not None
    assert wanted.entry() == SEEN.model_copy(update={"long_side_px": None})


def test_a_recipe_says_it_in_toml(tmp_path: Path) -> None:
    text = """
id = "ring"
number = 3
[[models]]
package = "a.okng"
[quality]
light = [88.0, 97.5]
contrast_min = 41.2
saturated_max = 0.002
focus_min = 0.11
"""
    quality = parse_recipe(text.encode(), "ring.toml", tmp_path).quality
    assert quality is not None and quality.light == (88.0, 97.5) and quality.entry().tint is None


def test_other_limits_make_another_recipe() -> None:
    assert recipe().hash != recipe(contrast_min=1.0).hash


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"light": (100.0, 90.0)}, "the range of light must rise"),
        ({"light": (100.0, 300.0)}, "less than or equal to 255"),
        ({"tint": (0.2, 0.1, 0.0, 0.0)}, "the ranges of the tint must rise"),
        ({"focus_min": float("nan")}, "less than or equal to 1000000"),
        ({"likeness": (0.9, 0.95)}, "Extra inputs"),
    ],
)
def test_limits_that_contradict_themselves_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        recipe(**wrong)


def test_limits_that_fit_the_package_pass_the_check(tmp_path: Path) -> None:
    check_fit(config(tmp_path), recipe())


def test_limits_that_a_broken_lamp_taught_are_refused_with_place_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(RecipeProblem, match=r"recipe ring: \[quality\]: .*in light; mend lamp and lens") as refusal:
        check_fit(config(tmp_path), recipe(light=(5.0, 30.0), light_median=20.0))
    assert "[quality]" in refusal.value.text_zh
    with pytest.raises(PackageError, match="mend lamp and lens"):
        Detector.load(DEMO_PACKAGE, quality=recipe(focus_min=0.001).quality.entry())  # type: ignore[union-attr]


def test_the_recipe_s_limits_are_those_in_force() -> None:
    package = Detector.load(DEMO_PACKAGE)
    dim = (draw(31, 9).image * 0.62).astype("uint8")
    assert package.prepare(dim).unfit is Unfit.DARK
    package.close()
    dimmer = [measure(reduced((draw(31, number).image[:, 130:770] * 0.62).astype("uint8"))) for number in range(5)]
    taught = QualityConfig.of(seen_in(dimmer)).entry()
    assert isinstance(taught, QualityEntry)
    station = Detector.load(DEMO_PACKAGE, quality=taught)
    assert station.prepare(dim).unfit is None
    assert station.prepare(draw(31, 9).image).unfit is Unfit.BRIGHT
    station.close()
