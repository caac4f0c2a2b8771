"""`okng limits`: shows, certifies, refuses, and saves a version of its own while the recipe before stays as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from appliance.cli import okng
from appliance.errors import OkngError, UsageError
from appliance.recipes.problem import RecipeProblem
from appliance.recipes.store import RecipeStore
from appliance.recipes.text import parse_recipe
from appliance.recipes.toml_text import recipe_text
from models.certificate import Certificate
from models.instructions import instruction_set
from models.package import open_package
from tests.fakes.held_out import sample
from tests.fakes.packages import write_small_package
from tests.fakes.recipes import FOLDER, ticking_utc

STATION = """
[station]
state_dir = "state"
[camera]
type = "synthetic"
[trigger]
source = "software"
[model]
package = "m.okng"
runtime = "onnxruntime"
[recipe]
id = "bracket"
name = "The bracket, 支架"
version = "7"
number = 12
codes = ["A\\\\B"]
[[recipe.rules]]
class = "bright"
min_area_px = 12.5
[[recipe.zones]]
name = "rim"
points = [[0, 0], [9, 0], [9, 9]]
"""
MOVE = ("--ok-below", "0.4", "--ng-from", "0.6")


class Bench:
    """A station's folder with a small package, and the command line on it."""

    def __init__(self, folder: Path) -> None:
        artefact = {
            "file": "model.onnx",
            "format": "onnx",
            "quantization": "int8 QDQ U8S8 per-channel reduce_range",
            "certified": {"onnxruntime": [instruction_set()], "openvino": []},
        }
        good = sample([2.0 + index / 1000 for index in range(180)])
        calibration = {"scorers": 1, "spare_rank": 0, **good, "defects": {"bright": sample([8.0] * 20)}}
        self.package = write_small_package(folder / "m.okng", artefacts=[artefact], calibration=calibration)
        self.recipes = folder / "state" / "recipes"
        self.store = RecipeStore(self.recipes, ticking_utc())
        self.station = folder / "station.toml"
        self.station.write_text(STATION, encoding="utf-8")

    def okng(self, *words: str) -> Result:
        return CliRunner().invoke(okng, ["limits", "--config", str(self.station), *words])

    def said(self, *words: str) -> str:
        result = self.okng(*words)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    def refused(self, kind: type[OkngError], *words: str) -> str:
        result = self.okng(*words)
        assert isinstance(result.exception, kind), (result.output, result.exception)
        assert self.store.versions() == [], "what was refused was saved"
        return str(result.exception)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_it_shows_limits_scores_certificate_and_advice(bench: Bench) -> None:
    said = bench.said()
    assert "recipe bracket 7 on onnxruntime-cpu" in said and "OK below 0.3, NG from 0.6" in said
    assert "0.20  good   180" in said and "defective    20" in said and "<- OK below" in said
    assert "with your 180 good pictures 1.7 % can be certified" in said and "418 more" in said
    assert "您的 180 张合格图像" in bench.said("--language", "zh")


def test_a_dry_run_certifies_and_saves_nothing(bench: Bench) -> None:
    said = bench.said(*MOVE, "--dry-run")
    assert "OK below 0.3 -> 0.4" in said and "with your 180 good pictures 2.2 % can be certified" in said
    assert "nothing was saved" in said and bench.store.versions() == []


def test_other_limits_become_a_version_with_its_certificate_beside_it(bench: Bench) -> None:
    said = bench.said(*MOVE, "--reason", "fewer rechecks")
    assert "saved bracket 8" in said and "okng recipe activate bracket" in said
    stored = bench.store.read("bracket")
    assert (stored.recipe.version, stored.recipe.models[0].ok_below, stored.recipe.models[0].ng_from) == ("8", 0.4, 0.6)
    assert stored.recipe.models[0].sha256 == open_package(bench.package).hash
    assert (stored.recipe.codes, stored.recipe.name) == (("A\\B",), "The bracket, 支架")
    assert stored.recipe.rules[0].min_area_px == 12.5 and stored.recipe.zones[0].name == "rim"
    assert bench.store.history()[-1].why == "fewer rechecks"
    issued = Certificate.model_validate_json((bench.recipes / "bracket" / "8.certificate.json").read_bytes())
    assert (issued.ok_below, issued.ng_from) == (0.4, 0.6) and issued.certifies


def test_each_save_is_a_version_of_its_own_with_another_certificate(bench: Bench) -> None:
    ids = []
    for ok_below in ("0.4", "0.41"):
        words = ("--ok-below", ok_below, "--ng-from", "0.6", "--reason", "trial", "--json")
        ids.append(json.loads(bench.okng(*words).stdout)["id"])
    assert [version for _, version in bench.store.versions()] == ["8", "9"] and ids[0] != ids[1]


def test_the_active_recipe_is_shown_where_none_is_named(bench: Bench) -> None:
    bench.said(*MOVE, "--reason", "trial")
    assert "recipe bracket 7" in bench.said()
    assert "recipe bracket 8" in bench.said("--recipe", "bracket")
    assert "recipe bracket 7" in bench.said("--recipe", "bracket", "--version", "7")
    pointer = bench.store.read("bracket").pointer
    bench.store.activate(pointer, "ada", "")
    assert "recipe bracket 8" in bench.said()


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        (("--ok-below", "0.4"), UsageError, "both --ok-below and --ng-from"),
        (("--ok-below", "0.7", "--ng-from", "0.6", "--reason", "x"), UsageError, "cross"),
        (MOVE, UsageError, "--reason"),
        ((*MOVE, "--reason", "  "), UsageError, "--reason"),
        (("--dry-run",), UsageError, "belong to other limits"),
        (("--version", "7"), UsageError, "--version needs --recipe"),
        (("--ok-below", "0", "--ng-from", "0.6", "--reason", "x"), RecipeProblem, "out of reach"),
        (("--recipe", "flange"), RecipeProblem, "no recipe flange"),
        (("--cost-escape", "9"), UsageError, "together"),
        (
            ("--cost-escape", "9", "--cost-reject", "1", "--cost-recheck", "5", "--defect-rate", "0.1"),
            UsageError,
            "contradict",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(
    bench: Bench, words: tuple[str, ...], kind: type[OkngError], said: str
) -> None:
    assert said in bench.refused(kind, *words)


def test_a_score_is_no_percentage(bench: Bench) -> None:
    assert bench.okng("--ok-below", "40", "--ng-from", "60").exit_code == 2


def test_costs_propose_limits_and_say_what_they_promise(bench: Bench) -> None:
    said = bench.said("--cost-escape", "100", "--cost-reject", "2", "--cost-recheck", "0.5", "--defect-rate", "0.01")
    assert "ask for --ok-below 0.50" in said and "no more than" in said


def test_two_models_have_limits_of_their_own(bench: Bench) -> None:
    pin = open_package(bench.package).hash
    model = f'[[models]]\npackage = "{bench.package}"\nsha256 = "{pin}"\n'
    text = f'schema = "okng-recipe/1"\nid = "pair"\nname = "Pair"\nnumber = 2\nversion = "1"\n{model}{model}'.encode()
    bench.store.save(text, parse_recipe(text, "pair", FOLDER), FOLDER, "ada", "")
    result = bench.okng("--recipe", "pair")
    assert isinstance(result.exception, RecipeProblem) and "2 models" in str(result.exception)


def test_out_of_reach_limits_are_refused_at_import_too(bench: Bench, tmp_path: Path) -> None:
    bench.said(*MOVE, "--reason", "trial")
    stored: Any = bench.store.read("bracket").recipe
    model = stored.models[0].model_copy(update={"ok_below": 0.0})
    file = tmp_path / "bracket.toml"
    file.write_bytes(recipe_text(stored.model_copy(update={"version": "20", "models": (model,)})))
    result = CliRunner().invoke(okng, ["recipe", "import", str(file), "--config", str(bench.station)])
    assert isinstance(result.exception, RecipeProblem) and "out of reach" in str(result.exception)


def test_check_config_refuses_limits_out_of_reach(bench: Bench) -> None:
    bench.station.write_text(
        STATION.replace("[recipe]", "[recipe]\nok_below = 0.0\nng_from = 0.5", 1), encoding="utf-8"
    )
    result = CliRunner().invoke(okng, ["check-config", str(bench.station)])
    assert isinstance(result.exception, RecipeProblem) and "recipe bracket: ok_below 0 is out of reach" in str(
        result.exception
    )


def test_a_recipe_written_as_text_is_the_same_recipe(bench: Bench) -> None:
    bench.said(*MOVE, "--reason", "trial")
    stored = bench.store.read("bracket")
    assert parse_recipe(recipe_text(stored.recipe), "again", FOLDER) == stored.recipe
    assert stored.recipe.hash == parse_recipe(stored.text, "again", FOLDER).hash
