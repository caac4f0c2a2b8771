"""`okng recipe …` with no station running: everything is checked at the door, and nothing is lost on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from appliance.cli import okng
from appliance.errors import OkngError
from tests.fakes.line import DEMO_PACKAGE
from tests.fakes.recipes import recipe_text

STATION = """
[station]
state_dir = "state"
[camera]
type = "synthetic"
[trigger]
source = "software"
[model]
package = "{package}"
[recipe]
codes = ["DEFAULT"]
"""


class Bench:
    """A station's folder, and the command line on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.station = folder / "station.toml"
        self.station.write_text(STATION.format(package=DEMO_PACKAGE), encoding="utf-8")

    def okng(self, *words: str) -> Result:
        return CliRunner().invoke(okng, ["recipe", *words, "--config", str(self.station)])

    def said(self, *words: str) -> str:
        result = self.okng(*words)
        assert result.exit_code in (0, 1), (result.output, result.exception)
        return result.output

    def write(self, name: str = "bracket.toml", **fields: Any) -> str:
        path = self.folder / name
        path.write_bytes(recipe_text(**fields))
        return str(path)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_recipe_goes_in_and_comes_out_as_it_was(bench: Bench) -> None:
    file = bench.write()
    assert "stored bracket 1 (number 12" in bench.said("import", file, "--reason", "first")
    out = bench.folder / "out.toml"
    bench.said("export", "bracket", "--output", str(out))
    assert out.read_bytes() == recipe_text()
    history = bench.said("history")
    assert "save" in history
    assert "(first)" in history


def test_list_and_show_name_what_is_active(bench: Bench) -> None:
    bench.said("import", bench.write())
    rows = json.loads(bench.said("list", "--json"))
    assert [(row["id"], row["active"], row["origin"]) for row in rows] == [
        ("default", True, "station.toml"),
        ("bracket", False, "store"),
    ]
    assert "from its next start on" in bench.said("activate", "bracket", "--reason", "trial")
    assert "*  12  bracket" in bench.said("list")
    assert "deadline_ms = 1000" in bench.said("show", "bracket")


def test_diff_names_every_field_that_differs(bench: Bench) -> None:
    bench.said("import", bench.write())
    bench.said("import", bench.write("two.toml", version="2", more="deadline_ms = 400", model="threads = 2"))
    result = bench.okng("diff", "bracket@1", "bracket@2")
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "version: 1 -> 2",
        "deadline_ms: 1000 -> 400",
        "models.1.threads: 1 -> 2",
    ]
    assert bench.okng("diff", "bracket@2", "bracket").exit_code == 0


def refusal(result: Result) -> str:
    assert isinstance(result.exception, OkngError), (result.output, result.exception)
    return str(result.exception)


def test_all_problems_of_a_file_are_said_at_once(bench: Bench) -> None:
    file = bench.write(more='deadline_sm = 400\nmode = "inspekt"', model="ok_below = 0.9\nng_from = 0.1")
    said = refusal(bench.okng("import", file))
    assert "3 to correct" in said
    assert "did you mean deadline_ms?" in said
    assert "ok_below must not be above ng_from" in said
    assert bench.okng("list").output.count("bracket") == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((b"sha256 = ", b"# "), "add sha256 = "),
        ((b"number = 12", b""), "number: missing"),
        ((b"flange.okng", b"gone.okng"), "gone.okng"),
        ((b'sha256 = "sha256:', b'sha256 = "sha256:' + 64 * b"0" + b'" # '), "put that package back"),
        ((b"number = 12", b"number = 1"), "that of recipe default"),
        ((b"number = 12", b'number = 12\ncodes = ["DEFAULT"]'), "code DEFAULT"),
        ((b"[[models]]", b"[camera]\nexposure = 100\n[[models]]"), "has no settings"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_station_could_not_judge_by_stays_outside(
    bench: Bench, change: tuple[bytes, bytes], said: str
) -> None:
    path = Path(bench.write())
    path.write_bytes(path.read_bytes().replace(*change))
    result = bench.okng("import", str(path))
    assert said in refusal(result)
    assert not (bench.folder / "state" / "recipes" / "bracket").exists()


def test_what_is_not_there_is_said_so_and_activates_nothing(bench: Bench) -> None:
    for words in (("show", "none"), ("export", "none", "--output", "-"), ("activate", "none")):
        assert "no recipe none is stored" in refusal(bench.okng(*words))
    assert not (bench.folder / "state" / "recipes" / "active").exists()


def test_a_package_that_went_away_is_not_activated(bench: Bench, tmp_path: Path) -> None:
    package = tmp_path / "copy.okng"
    package.write_bytes(DEMO_PACKAGE.read_bytes())
    bench.said("import", bench.write(package=package))
    package.unlink()
    assert "copy.okng" in refusal(bench.okng("activate", "bracket"))
    assert not (bench.folder / "state" / "recipes" / "active").exists()


def test_an_unreadable_version_is_named_beside_the_others(bench: Bench) -> None:
    bench.said("import", bench.write())
    (bench.folder / "state" / "recipes" / "bracket" / "1.toml").write_bytes(b"garbage")
    result = bench.okng("list")
    assert result.exit_code == 1
    assert "bracket 1 is unreadable" in result.output
    assert "default" in result.output
