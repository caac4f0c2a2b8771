"""[geometry] of a recipe: what cuts otherwise than the package only monitors, and what cannot be meant is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from appliance.config.schema import Config
from appliance.fitting import check_fit
from appliance.opening import load_detector
from appliance.recipes.problem import RecipeProblem
from appliance.recipes.schema import Recipe
from appliance.recipes.text import parse_recipe
from appliance.recipes.toml_text import recipe_text
from tests.fakes.line import DEMO_PACKAGE

ROI = (130, 0, 640, 640)  # the demo package's
MASK = (((150, 20), (250, 20), (250, 120), (150, 120)),)


def recipe(**geometry: Any) -> Recipe:
    models = [{"package": DEMO_PACKAGE, "runtime": "onnxruntime"}]
    return Recipe.model_validate({"id": "ring", "number": 3, "models": models, "geometry": geometry})


def config(tmp_path: Path) -> Config:
    return Config.model_validate(
        {
            "station": {"state_dir": tmp_path},
            "camera": {"type": "synthetic"},
            "trigger": {"source": "interval"},
            "model": {"package": DEMO_PACKAGE},
        }
    )


def test_a_recipe_says_its_geometry_in_toml_and_writes_it_back(tmp_path: Path) -> None:
    full = recipe(
        roi=ROI,
        masks=MASK,
        tiles={"width_px": 320, "height_px": 320, "overlap_px": 32},
        align={"method": "ecc", "max_shift_px": 20},
        mm_per_px=0.05,
    )
    assert parse_recipe(recipe_text(full), "ring.toml", tmp_path).geometry == full.geometry


def test_what_could_not_be_meant_is_refused_with_its_place() -> None:
    with pytest.raises(ValidationError) as refused:
        recipe(roi=(0, 0, 100, 100), masks=(((0, 0), (100, 0), (100, 100), (0, 100)),))
    assert refused.value.errors()[0]["loc"] == ("geometry",)
    with pytest.raises(ValidationError, match=r"geometry\.tiles\.width_px"):
        recipe(tiles={"width_px": 1, "height_px": 64})


@pytest.mark.parametrize(
    ("geometry", "says"),
    [
        ({"roi": ROI, "align": {"method": "phase"}}, "holds no reference picture"),
        ({"roi": ROI, "tiles": {"width_px": 301, "height_px": 320}}, "choose"),
        ({"tiles": {"width_px": 320, "height_px": 320}}, "need roi, polygon or picture_px"),
    ],
)
def test_a_geometry_that_does_not_fit_the_package_is_refused_at_the_door(
    tmp_path: Path, geometry: dict[str, Any], says: str
) -> None:
    with pytest.raises(RecipeProblem, match=says) as refused:
        check_fit(config(tmp_path), recipe(**geometry))
    assert "[geometry]" in str(refused.value) and "geometry" in refused.value.text_zh


@pytest.mark.parametrize(
    ("geometry", "same"),
    [({"roi": ROI}, True), ({"mm_per_px": 0.05}, True), ({"roi": ROI, "masks": MASK}, False)],
)
def test_a_station_judges_with_the_recipe_s_geometry_and_certifies_only_the_package_s(
    tmp_path: Path, geometry: dict[str, Any], same: bool
) -> None:
    detector = load_detector(config(tmp_path), recipe(**geometry))
    assert detector is not None
    info = detector.info
    detector.close()
    assert ("cuts pictures otherwise" in info.certification) is not same
    assert same or info.certified is False
