"""`okng catalogue` and what stands against a package: the command line as a factory types it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appliance.cli import main
from models.geometry_entry import GeometrySpec
from models.package import open_package
from tests.fakes.packages import write_small_package

BRIGHT = '[bright]\ncode = 2\nname_en = "Bright spot"\nname_zh = "亮点"\n'


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


Okng = Callable[..., Done]


@pytest.fixture
def okng(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Okng:
    """The command as a person types it in `tmp_path`."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["okng", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def station(tmp_path: Path) -> Path:
    """A folder with a package, a catalogue that fits it, and a station that names both."""
    write_small_package(tmp_path / "model.okng")
    (tmp_path / "catalogue.toml").write_text(BRIGHT, encoding="utf-8")
    configure(tmp_path)
    return tmp_path


def configure(folder: Path, recipe: str = "", catalogue: bool = True) -> None:
    (folder / "station.toml").write_text(
        f"""
[station]
state_dir = "state"
{'catalogue = "catalogue.toml"' if catalogue else ""}
[camera]
type = "synthetic"
[trigger]
source = "interval"
[model]
package = "model.okng"
[recipe]
{recipe}
""",
        encoding="utf-8",
    )


def classes(*rows: tuple[str, int]) -> list[dict[str, Any]]:
    all_rows = (("unknown_defect", 1), *rows)
    return [
        {"label": label, "code": code, "name_en": label, "name_zh": label, "severity": "major"}
        for label, code in all_rows
    ]


def test_a_catalogue_grows_by_command_and_never_gives_a_code_twice(okng: Okng) -> None:
    first = okng("catalogue", "add", "scratch", "--name-en", "Scratch", "--name-zh", "划痕", "c.toml")
    assert (first.returncode, first.stdout.strip()) == (0, "c.toml: scratch has the code 2")
    assert okng("catalogue", "add", "dent", "c.toml", "--code", "9", "--severity", "critical").returncode == 0
    assert "chip has the code 10" in okng("catalogue", "add", "chip", "c.toml").stdout
    assert "scratch is retired" in okng("catalogue", "retire", "scratch", "c.toml").stdout
    reused = okng("catalogue", "add", "burr", "c.toml", "--code", "2")
    assert reused.returncode == 2
    assert "the code 2 is scratch and is never used for another defect" in reused.stderr
    shown = json.loads(okng("catalogue", "show", "c.toml", "--json").stdout)
    assert [(row["code"], row["label"], row["severity"], row["retired"]) for row in shown] == [
        (1, "unknown_defect", "major", False),
        (2, "scratch", "major", True),
        (9, "dent", "critical", False),
        (10, "chip", "major", False),
    ]
    assert "    2  scratch  Scratch  划痕  major  retired" in okng("catalogue", "show", "c.toml").stdout


def test_a_station_remembers_what_was_taken_out_of_the_file(okng: Okng, station: Path) -> None:
    assert okng("catalogue", "add", "dent", "--config", "station.toml").returncode == 0
    (station / "catalogue.toml").write_text(BRIGHT, encoding="utf-8")
    for command in (("check-config", "station.toml"), ("catalogue", "check", "--config", "station.toml")):
        done = okng(*command)
        assert done.returncode in (1, 2)
        assert "the code 3 was dent, and it is gone; put that row back" in done.stderr
    again = okng("catalogue", "add", "chip", "--config", "station.toml")
    assert (again.returncode, "the code 3 was dent" in again.stderr) == (2, True)
    assert "chip" not in (station / "catalogue.toml").read_text()
    taken = okng("catalogue", "add", "chip", "--config", "station.toml", "--code", "3")
    assert taken.returncode == 2 and "the code 3 is dent" in taken.stderr


def test_a_sound_station_is_in_order(okng: Okng, station: Path) -> None:
    assert okng("check-config", "station.toml").returncode == 0
    done = okng("catalogue", "check", "--config", "station.toml")
    assert (done.returncode, "is in order: 2 classes" in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ((("bright", 3),), "bright has the code 3, in the catalogue it is 2"),
        ((("dark", 2),), "the code 2 is dark, in the catalogue it is bright"),
        ((("bright", 2), ("dark", 5)), "add it with: okng catalogue add dark --code 5"),
    ],
)
@pytest.mark.parametrize("command", [("check-config", "station.toml"), ("run", "--config", "station.toml")])
def test_a_package_that_reuses_a_code_is_refused(
    okng: Okng, station: Path, rows: tuple[tuple[str, int], ...], says: str, command: tuple[str, ...]
) -> None:
    write_small_package(station / "model.okng", classes=classes(*rows), naming=None)
    done = okng(*command)
    assert done.returncode == 2
    assert says in done.stderr and "model.okng" in done.stderr


def test_a_retired_class_still_in_use_is_worth_a_warning(okng: Okng, station: Path) -> None:
    (station / "catalogue.toml").write_text(BRIGHT + "retired = true\n", encoding="utf-8")
    done = okng("check-config", "station.toml")
    assert (done.returncode, "bright is retired in the catalogue" in done.stderr) == (0, True)


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        ('[[recipe.rules]]\nclass = "dark"\nmin_score = 0.5', "there is no class dark; known: bright, unknown_defect"),
        ('[[recipe.rules]]\nclass = "bright"\nmin_length_mm = 2', "give the geometry mm_per_px"),
        ('[[recipe.rules]]\nclass = "bright"\nzone = "rim"\nmin_score = 0.5', "there is no zone rim"),
        ('[[recipe.rules]]\nclass = "unknown_defect"\nmin_score = 0.5\notherwise = "suppress"', "never suppressed"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused_with_place_and_remedy(
    okng: Okng, station: Path, recipe: str, says: str
) -> None:
    configure(station, recipe)
    done = okng("check-config", "station.toml")
    assert (done.returncode, says in done.stderr) == (2, True), done.stderr


def test_what_the_factory_calls_critical_no_recipe_suppresses(okng: Okng, station: Path) -> None:
    (station / "catalogue.toml").write_text(BRIGHT + 'severity = "critical"\n', encoding="utf-8")
    configure(station, '[[recipe.rules]]\nclass = "bright"\nmin_score = 0.9\notherwise = "suppress"')
    done = okng("check-config", "station.toml")
    assert done.returncode == 2 and "bright is critical and never suppressed" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("show",), 2, "name the catalogue's file"),
        (("show", "c.toml", "--config", "station.toml"), 2, "not both"),
        (("show", "c.toml"), 3, "c.toml cannot be read"),
        (("retire", "dent", "c.toml"), 3, "c.toml is not there"),
        (("retire", "dent", "--config", "station.toml"), 2, "has no class dent to retire; it has: bright"),
    ],
)
def test_wrong_usage_is_said_in_one_sentence(
    okng: Okng, station: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    done = okng("catalogue", *arguments)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr


def recipe_file(folder: Path, package: Path) -> Path:
    path = folder / "other.toml"
    path.write_text(
        f"""
schema = "okng-recipe/1"
id = "other"
name = "Other"
version = "1"
number = 7
[[models]]
package = "{package.name}"
sha256 = "{open_package(package).hash}"
""",
        encoding="utf-8",
    )
    return path


def test_a_recipe_whose_package_reuses_a_code_is_not_imported(okng: Okng, station: Path) -> None:
    configure(station, catalogue=False)
    package = write_small_package(station / "other.okng", classes=classes(("dark", 2)), naming=None)
    done = okng("recipe", "import", str(recipe_file(station, package)), "--config", "station.toml")
    assert done.returncode == 2
    assert "the code 2 is dark in" in done.stderr and "and bright in" in done.stderr
    assert "one defect in the whole station" in done.stderr


def test_a_recipe_whose_package_stands_against_the_catalogue_is_not_imported(okng: Okng, station: Path) -> None:
    package = write_small_package(station / "other.okng", classes=classes(("bright", 4)), naming=None)
    done = okng("recipe", "import", str(recipe_file(station, package)), "--config", "station.toml")
    assert done.returncode == 2
    assert "bright has the code 4, in the catalogue it is 2" in done.stderr


def test_recipes_that_came_to_contradict_each_other_are_named(okng: Okng, station: Path) -> None:
    configure(station, catalogue=False)
    package = write_small_package(station / "other.okng")
    file = recipe_file(station, package)
    assert okng("recipe", "import", str(file), "--config", "station.toml").returncode == 0
    assert okng("check-config", "station.toml").returncode == 0
    write_small_package(station / "model.okng", classes=classes(("bright", 3)), naming=None)
    done = okng("check-config", "station.toml")
    assert done.returncode == 2 and "bright has the code" in done.stderr


def test_a_rule_in_millimetres_is_welcome_where_the_geometry_knows_them(okng: Okng, station: Path) -> None:
    spec = GeometrySpec(mm_per_px=0.5)
    write_small_package(station / "model.okng", geometry={"roi": None, "mm_per_px": 0.5, "hash": spec.digest()})
    configure(station, '[[recipe.rules]]\nclass = "bright"\nmin_length_mm = 2\notherwise = "suppress"')
    done = okng("check-config", "station.toml")
    assert done.returncode == 0, done.stderr
