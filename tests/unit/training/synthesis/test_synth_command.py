"""`okng synth`: marked pictures in the data set's own folder and nowhere else, or a page to look at them first."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from models.picture_file import read_picture
from tests.fakes.discs import write_discs
from training.commands.synth import synth
from training.data.dataset import open_dataset
from training.data.synthetic_mark import is_synthetic
from training.declared import Kind
from training.synthesis import folder as folder_module
from training.synthesis.folder import label_folder
from training.synthesis.surface import Synthetic


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(synth, [str(argument) for argument in arguments])


def digests(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_discs(tmp_path / "零件", good=4, scratches=2, stains=0)


def test_pictures_lie_in_synthetic_alone_marked_with_exact_masks(root: Path) -> None:
    before = digests(root)
    data = open_dataset(root, min_good=1)
    done = call(root, "--count", "18", "--seed", "3")
    assert done.exit_code == 0, done.output
    after = digests(root)
    fresh = sorted(set(after) - set(before))
    assert {name: after[name] for name in before} == before
    assert fresh and all(name.startswith("synthetic/") for name in fresh)
    assert all(is_synthetic((root / name).read_bytes()) for name in fresh)
    good = {one.sha256: read_picture(one.path) for one in data.good}
    for name in (name for name in fresh if "ground_truth" not in name):
        image = read_picture(root / name)
        mask = read_picture(root / name.replace("synthetic/", "synthetic/ground_truth/")) > 0
        content = (root / name).read_bytes()
        source = next(known for digest, known in good.items() if digest.encode() in content)
        assert mask.any() and np.array_equal(image[~mask], source[~mask])
    assert open_dataset(root, min_good=1).sha256() == data.sha256()


def test_the_same_seed_writes_the_same_bytes(root: Path) -> None:
    call(root, "--count", "12", "--seed", "5")
    first = digests(root / "synthetic")
    assert call(root, "--count", "12", "--seed", "5", "--force").exit_code == 0
    assert digests(root / "synthetic") == first
    assert call(root, "--count", "12", "--seed", "6", "--force").exit_code == 0
    assert not set(digests(root / "synthetic").values()) & set(first.values())


def test_kinds_are_chosen_and_own_defects_keep_their_class(root: Path) -> None:
    done = call(root, "--count", "4", "--kinds", "pit,blend")
    assert done.exit_code == 0, done.output
    assert "2 pit" in done.output and "2 scratch" in done.output
    assert {path.name for path in (root / "synthetic").iterdir()} == {"pit", "scratch", "ground_truth"}


def test_nothing_is_replaced_without_force_and_nothing_foreign_with_it(root: Path) -> None:
    assert call(root, "--count", "2", "--kinds", "pit").exit_code == 0
    before = digests(root)
    again = call(root, "--count", "2", "--kinds", "crack")
    assert again.exit_code == 2 and "give --force to replace them all" in again.output
    (root / "synthetic" / "notes.txt").write_text("mine")
    foreign = call(root, "--count", "2", "--kinds", "crack", "--force")
    assert foreign.exit_code == 2 and "did not write: notes.txt" in foreign.output
    (root / "synthetic" / "notes.txt").unlink()
    assert digests(root) == before


def test_a_folder_that_leads_out_of_the_data_set_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (root / "synthetic").symlink_to(tmp_path / "elsewhere")
    done = call(root, "--count", "2", "--force")
    assert done.exit_code == 2 and "is no folder of the data set itself" in done.output
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_full_disk_leaves_what_was_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(root, "--count", "2", "--kinds", "pit").exit_code == 0
    before = digests(root)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device", str(root))

    monkeypatch.setattr(folder_module.os, "fsync", full)
    done = call(root, "--count", "2", "--kinds", "crack", "--force")
    assert done.exit_code == 3 and "the disk is full" in done.output
    assert digests(root) == before and not list(root.glob(".synthetic*"))


def test_what_was_there_comes_back_where_the_new_cannot_take_its_place(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call(root, "--count", "2", "--kinds", "pit").exit_code == 0
    before, rename = digests(root), Path.rename

    def not_into_place(path: Path, target: Path) -> Path:
        if path.suffix == ".part":
            raise OSError(30, "Read-only file system", str(target))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", not_into_place)
    done = call(root, "--count", "2", "--kinds", "crack", "--force")
    assert done.exit_code == 3 and "the disk is read-only" in done.output
    assert digests(root) == before and not list(root.glob(".synthetic*"))


def test_a_class_that_is_no_folder_name_gets_the_kind_s() -> None:
    for label in ("../good", "good", "a/b", ".hidden", "ground_truth", "..", "", "a\\b"):
        one = Synthetic(np.zeros((1, 1), np.uint8), np.ones((1, 1), np.bool_), Kind.BLEND, label, "")
        assert label_folder(one) == "blend"


def test_the_page_shows_every_kind_in_both_languages_and_writes_no_picture(root: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = call(root, "--preview", page)
    assert done.exit_code == 0, done.output
    text = page.read_text(encoding="utf-8")
    for word in ("Crack", "裂纹", "Your own defects", "自有缺陷融合", "good picture", "its mask", "augmented view"):
        assert word in text
    assert text.count("<figure>") == 30 * 4 and not re.search(r"(src|href)=[\"'](?!data:)|<script", text)
    assert not (root / "synthetic").exists()
    again = call(root, "--preview", page)
    assert again.exit_code == 2 and "give --force" in again.output


def test_the_page_of_views_shows_no_more_than_the_part_allows(root: Path, tmp_path: Path) -> None:
    (root / "part.toml").write_text('chiral = true\nrotation = "none"\n')
    done = call(root, "--augment", "--preview", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert done.exit_code == 0 and "<td>rotation</td><td>none</td>" in text and "<td>flip</td><td>False</td>" in text
    assert text.count("<figure>") == 4 * 4


def test_kinds_that_fit_nowhere_are_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "good").mkdir()
    for index in range(3):
        sheet = np.clip(rng.normal(150, 4, (96, 96)), 0, 255).astype(np.uint8)
        (tmp_path / "good" / f"{index}.png").write_bytes(cv2.imencode(".png", sheet)[1].tobytes())
    done = call(tmp_path, "--count", "4", "--kinds", "chip,pit")
    assert done.exit_code == 0 and "2 pit" in done.output and "fitting nowhere: 2 chip" in done.output
    none = call(tmp_path, "--count", "4", "--kinds", "chip", "--force")
    assert none.exit_code == 2 and "no synthetic picture could be made; fitting nowhere: 4 chip" in none.output
    assert len(list((tmp_path / "synthetic" / "pit").iterdir())) == 2
    page = tmp_path / "page.html"
    assert call(tmp_path, "--preview", page, "--kinds", "chip,pit").exit_code == 0
    assert "Not made" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "say with --count how many"),
        (["--augment"], "give --preview FILE with it"),
        (["--count", "1", "--kinds", "crak"], "'crak' is no kind of defect"),
        (["--count", "1", "--config", "nothing.toml"], "nothing.toml cannot be read"),
        (["--preview", "nowhere/page.html"], "there is no folder"),
    ],
)
def test_wrong_use_is_one_sentence(root: Path, options: list[str], message: str) -> None:
    done = call(root, *options)
    assert done.exit_code in (2, 3) and message in done.output and "Traceback" not in done.output
    assert not (root / "synthetic").exists()


def test_a_file_says_what_is_made(root: Path, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('[synthesize]\nkinds = ["stain"]\ndefects = [2, 2]\n')
    done = call(root, "--count", "2", "--config", tmp_path / "c.toml")
    assert done.exit_code == 0 and "2 stain" in done.output


def test_defects_stay_inside_the_region_of_a_geometry(root: Path, tmp_path: Path) -> None:
    (tmp_path / "g.toml").write_text("roi = [48, 0, 48, 96]\nmasks = [[[48, 60], [96, 60], [96, 96], [48, 96]]]\n")
    done = call(root, "--count", "8", "--kinds", "stain,scratch", "--geometry", tmp_path / "g.toml")
    assert done.exit_code == 0, done.output
    for path in (root / "synthetic" / "ground_truth").rglob("*.png"):
        mask = read_picture(path) > 0
        assert mask.any() and not mask[:, :48].any() and not mask[60:].any()
