"""A recipe with two packages and a rule, from the store to the journal: the real station, pictures from a folder."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import pytest

from models.package import open_package
from tests.fakes.line import okng, write_config
from tests.fakes.packages import gray_frame, white_block_frame, write_small_package

# The first model calls a white block 0.64; with these limits the second calls it OK.
RECIPE = """
schema = "okng-recipe/1"
id = "pair"
name = "Pair"
version = "1"
number = 7
combine = "{combine}"
[[models]]
package = "one.okng"
sha256 = "{one}"
runtime = "onnxruntime"
[[models]]
package = "other.okng"
sha256 = "{other}"
runtime = "openvino"
ok_below = {ok_below}
ng_from = 0.9
{rules}
"""
RULE = '[[rules]]\nclass = "bright"\nmin_score = 0.7\notherwise = "suppress"\n'


@pytest.fixture
def station(tmp_path: Path) -> Path:
    """A station of its own recipe, with one good part and one with a white block in its folder."""
    for name in ("one", "other"):
        write_small_package(tmp_path / f"{name}.okng", id=name)
    (tmp_path / "pictures").mkdir()
    cv2.imwrite(str(tmp_path / "pictures" / "1.png"), gray_frame())
    cv2.imwrite(str(tmp_path / "pictures" / "2.png"), white_block_frame())
    write_config(
        tmp_path / "station.toml",
        station={"path": "okng/tests/hall/line/station", "state_dir": tmp_path / "state"},
        camera={"type": "folder", "path": tmp_path / "pictures"},
        evidence={"audit_share": 0.0},
        trigger={"source": "interval", "interval_ms": 300},
        model={"package": tmp_path / "one.okng"},
    )
    return tmp_path


def judged(folder: Path, **recipe: Any) -> list[dict[str, Any]]:
    """Import and activate the recipe, run until the folder is used up; the results of the journal."""
    pins = {name: open_package(folder / f"{name}.okng").hash for name in ("one", "other")}
    file = folder / "pair.toml"
    file.write_text(RECIPE.format(**({"combine": "worst", "ok_below": 0.8, "rules": ""} | pins | recipe)))
    config = folder / "station.toml"
    for command in (("import", file), ("activate", "pair")):
        done = okng("recipe", *map(str, command), "--config", str(config))
        assert done.returncode == 0, done.stderr
    done = okng("run", "--config", str(config), "--until-done")
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(folder / "state" / "station.db")) as db:
        rows = db.execute("SELECT result FROM parts ORDER BY number, seq").fetchall()
    return [json.loads(row) for (row,) in rows]


def test_two_models_judge_every_part_together(station: Path) -> None:
    good, white = judged(station, combine="agree")
    assert (good["outcome"], white["outcome"], white["reasons"]) == ("OK", "RECHECK", ["models_disagree"])
    assert white["limits"] == {"ok_below": 0.3, "ng_from": 0.6} and white["score"] == pytest.approx(0.64, abs=0.01)
    lines = "".join(open_package(station / f"{name}.okng").hash + "\n" for name in ("one", "other"))
    assert white["model"]["id"] == "one+other"
    assert white["model"]["hash"] == "sha256:" + hashlib.sha256(lines.encode()).hexdigest()
    assert "onnxruntime" in white["model"]["runtime"] and "openvino" in white["model"]["runtime"]
    assert white["recipe"]["id"] == "pair"
    again = okng("replay", "--all", "--config", str(station / "station.toml"))
    assert (again.returncode, "1 parts: 1 the same" in again.stdout) == (0, True), again.stdout + again.stderr


def test_what_the_recipe_tolerates_is_ok_and_stands_in_the_result(station: Path) -> None:
    good, white = judged(station, ok_below=0.3, rules=RULE)
    assert (good["reasons"], good["defects"]) == (["score_below_limit"], [])
    assert (white["outcome"], white["decided_by"], white["reasons"]) == ("OK", "rule", ["suppressed"])
    assert white["evaluation_code"] == 0
    assert [(one["class"], one["rule"], one["limit"]) for one in white["defects"]] == [
        ("bright", "suppress:bright:min_score", 0.7)
    ] * 2
