"""The data set a newcomer trains on: complete, repeatable, and never the parts that the line will show."""

from __future__ import annotations

import hashlib
import itertools
import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from appliance.cameras.flange_defects import KINDS
from appliance.demo.data_set import PartsToDraw, numbers, write_parts
from appliance.demo.parts import demo_parts, main
from appliance.errors import UsageError


def digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_a_data_set_has_parts_masks_and_catalogue(tmp_path: Path) -> None:
    written = list(write_parts(tmp_path / "set", PartsToDraw(good=2, defects_a_kind=1, seed=7)))
    assert len(written) == 6
    assert sorted(digests(tmp_path / "set")) == sorted(
        ["catalogue.toml", "part.toml", "good/s7-00001.png", "good/s7-00002.png"]
        + [f"{kind}/s7-00001.png" for kind in KINDS]
        + [f"ground_truth/{kind}/s7-00001.png" for kind in KINDS]
    )
    for kind in KINDS:
        mask = cv2.imread(str(tmp_path / "set" / "ground_truth" / kind / "s7-00001.png"), cv2.IMREAD_UNCHANGED)
        assert mask.shape == (640, 900) and set(np.unique(mask)) == {0, 255}


def test_the_catalogue_names_every_defect_in_both_languages(tmp_path: Path) -> None:
    list(write_parts(tmp_path, PartsToDraw(0, 1, 1)))
    rows = tomllib.loads((tmp_path / "catalogue.toml").read_text(encoding="utf-8"))
    assert set(rows) == set(KINDS)
    assert rows["chip"] == {"name_en": "Chipped edge", "name_zh": "崩边", "severity": "critical"}


def test_good_parts_alone_need_no_catalogue(tmp_path: Path) -> None:
    list(write_parts(tmp_path, PartsToDraw(1, 0, 1)))
    assert not (tmp_path / "catalogue.toml").exists()


def test_the_same_seed_writes_the_same_bytes_another_seed_none_of_them(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        list(write_parts(tmp_path / name, PartsToDraw(2, 1, seed, "jpg")))
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    first, other = digests(tmp_path / "a"), digests(tmp_path / "c")
    assert not set(first) & set(other) - {"catalogue.toml", "part.toml"}
    pictures = [name for name in first if name.endswith("jpg")]
    assert not {first[name] for name in pictures} & set(other.values())


def test_no_two_kinds_and_no_line_use_the_same_number() -> None:
    ranges = [numbers(kind, 99_999) for kind in (None, *KINDS, "empty")]
    assert min(block.start for block in ranges) >= 1_000_000_000  # a line at ten parts a second is there in three years
    ends = sorted((block.start, block.stop) for block in ranges)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(ends))


def test_a_folder_in_use_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "something").write_text("")
    with pytest.raises(UsageError, match="is not empty; name a folder"):
        write_parts(tmp_path, PartsToDraw(1, 1, 1))
    with pytest.raises(UsageError, match="is a file"):
        write_parts(tmp_path / "something", PartsToDraw(1, 1, 1))


def test_gaps_stand_in_a_folder_of_their_own(tmp_path: Path) -> None:
    assert len(list(write_parts(tmp_path, PartsToDraw(1, 0, 7, empty=2)))) == 3
    assert {"empty/s7-00001.png", "empty/s7-00002.png"} <= set(digests(tmp_path))


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(demo_parts, [str(tmp_path / "set"), "--good", "1", "--defects", "1", "--empty", "2"])
    assert outcome.exit_code == 0
    assert "wrote 7 pictures" in outcome.output and "2 empty" in outcome.output


def test_a_refusal_is_one_sentence_and_exit_code_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "something").write_text("")
    monkeypatch.setattr("sys.argv", ["parts", str(tmp_path)])
    assert main() == 2
    assert capsys.readouterr().err.startswith("error: ")
