"""`okng import` and `okng export` from end to end: what is taken in, what is refused, and what is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.fakes.sources import assembly_source, painted, picture, rich_source
from training.commands.exchange import export_command, import_command
from training.data.annotations import read_annotations
from training.data.dataset import open_dataset, read_groups
from training.data.masks import class_masks
from training.data.subsets import read_split
from training.data.synthetic_mark import SyntheticMark, with_mark
from training.formats.base import ReadOptions
from training.formats.coco import Coco
from training.formats.item import Item, Source
from training.formats.okng import Okng
from training.formats.registry import FORMATS, read_source
from training.rois.dataset import open_assembly


def _import(*arguments: object) -> Result:
    return CliRunner().invoke(import_command, [str(argument) for argument in arguments])


def _export(*arguments: object) -> Result:
    return CliRunner().invoke(export_command, [str(argument) for argument in arguments])


def _folders(root: Path, **classes: int) -> Path:
    """`classes`: how many pictures of each."""
    for number, (label, count) in enumerate(classes.items()):
        for at in range(count):
            picture(root / label / f"{at}.png", 1000 * number + at)
    return root


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    return _folders(tmp_path / "raw", good=3, crack=2)


def test_folders_become_a_data_set_that_trains(parts: Path, tmp_path: Path) -> None:
    done = _import(parts, tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "read as folders: 5 pictures" in done.stdout
    assert f"written to {tmp_path / 'out'}" in done.stdout
    data = open_dataset(tmp_path / "out", min_good=3)
    assert (len(data.good), len(data.defective), data.defects) == (3, 2, ("crack",))
    assert (tmp_path / "out/good/0.png").read_bytes() == (parts / "good/0.png").read_bytes()
    assert (tmp_path / "out/good/0.png").stat().st_mtime_ns == (parts / "good/0.png").stat().st_mtime_ns


def test_json_tells_what_was_read(parts: Path, tmp_path: Path) -> None:
    told = json.loads(_import(parts, tmp_path / "out", "--json").stdout)
    assert (told["pictures"], told["classes"], told["written"]) == (5, {"crack": 2, "good": 3}, str(tmp_path / "out"))


def test_a_dry_run_writes_nothing(parts: Path, tmp_path: Path) -> None:
    done = _import(parts, tmp_path / "out", "--dry-run")
    assert done.exit_code == 0
    assert "nothing was written" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_nothing_is_overwritten_without_force(parts: Path, tmp_path: Path) -> None:
    _folders(tmp_path / "out", scratch=1)
    refused = _import(parts, tmp_path / "out")
    assert (refused.exit_code, "--force" in refused.stderr) == (2, True)
    assert (tmp_path / "out/scratch/0.png").exists()
    assert _import(parts, tmp_path / "out", "--force").exit_code == 0
    assert not (tmp_path / "out/scratch").exists()


def test_unmarked_pictures_wait_for_a_word(parts: Path, tmp_path: Path) -> None:
    picture(parts / "new.png", 7)
    refused = _import(parts, tmp_path / "out")
    assert refused.exit_code == 2
    assert "1 of 6 pictures have neither label nor mark: new.png" in refused.stderr
    assert not (tmp_path / "out").exists()
    assert _import(parts, tmp_path / "a", "--unmarked", "unlabelled").exit_code == 0
    assert len(open_dataset(tmp_path / "a", min_good=3).unlabelled) == 1
    assert _import(parts, tmp_path / "b", "--unmarked", "good").exit_code == 0
    assert len(open_dataset(tmp_path / "b", min_good=3).good) == 4


def test_what_lies_in_unlabelled_never_becomes_good(parts: Path, tmp_path: Path) -> None:
    picture(parts / "unlabelled/1.png", 7)
    assert _import(parts, tmp_path / "out", "--unmarked", "good").exit_code == 0
    assert len(open_dataset(tmp_path / "out", min_good=3).good) == 3


def test_broken_pictures_are_told_and_left_out_on_demand(parts: Path, tmp_path: Path) -> None:
    whole = (parts / "crack/0.png").read_bytes()
    (parts / "crack/0.png").write_bytes(whole[: len(whole) // 2])
    refused = _import(parts, tmp_path / "out")
    assert refused.exit_code == 2
    assert "1 of 5 pictures cannot be taken in: 0.png is cut short" in refused.stderr
    told = json.loads(_import(parts, tmp_path / "out", "--skip-broken", "--json").stdout)
    assert told["pictures"] == 4
    assert list(told["left_out"]) == ["crack/0.png"]


def test_synthetic_pictures_do_not_come_in(parts: Path, tmp_path: Path) -> None:
    made = with_mark((parts / "crack/0.png").read_bytes(), SyntheticMark("scar", "crack", 1, "0"))
    (parts / "crack/made.png").write_bytes(made)
    told = json.loads(_import(parts, tmp_path / "out", "--json").stdout)
    assert "synthetic" in told["left_out"]["crack/made.png"]
    assert not (tmp_path / "out/crack/made.png").exists()


def test_pictures_that_okng_does_not_read_are_told(parts: Path, tmp_path: Path) -> None:
    (parts / "good/IMG_1.HEIC").write_bytes(b"x")
    assert "1 .heic files are left out; save them as JPEG or PNG" in _import(parts, tmp_path / "out").stdout


def test_names_clash_on_no_disk(tmp_path: Path) -> None:
    for seed, name in enumerate(["a/X.png", "b/x.png", "b/X.jpg", "c/x_mask.png", "c/划 痕.png", f"c/{'长' * 80}.png"]):
        picture(tmp_path / "raw" / name, seed)
    renames = [argument for label in "abc" for argument in ("--rename", f"{label}=crack")]
    done = _import(tmp_path / "raw", tmp_path / "out", *renames)
    assert done.exit_code == 0, done.stderr
    names = sorted(path.name for path in (tmp_path / "out/crack").iterdir())
    assert len(names) == 6
    assert len({Path(name).stem.casefold().removesuffix("_mask") for name in names}) == 6
    sources = {row.source for row in read_annotations(tmp_path / "out").values()}
    assert sources == {"a/X.png", "b/x.png", "b/X.jpg", "c/x_mask.png", "c/划 痕.png", f"c/{'长' * 80}.png"}


def test_classes_that_one_disk_takes_for_one_are_refused(tmp_path: Path) -> None:
    refused = _import(_folders(tmp_path / "raw", Crack=1, crack=1), tmp_path / "out")
    assert "are one folder on some disks; join them with --rename" in refused.stderr


@pytest.mark.parametrize(("rename", "said"), [("crack", "not OLD=NEW"), ("crak=x", "--rename 'crak' is no class")])
def test_a_wrong_rename_is_refused(parts: Path, tmp_path: Path, rename: str, said: str) -> None:
    refused = _import(parts, tmp_path / "out", "--rename", rename)
    assert (refused.exit_code, said in refused.stderr) == (2, True), refused.stderr


@pytest.mark.parametrize("name", ["ground_truth", "splits", "Unlabelled", "Synthetic", ".hidden", "a/b"])
def test_a_class_takes_no_reserved_folder(parts: Path, tmp_path: Path, name: str) -> None:
    refused = _import(parts, tmp_path / "out", "--rename", f"crack={name}")
    assert refused.exit_code == 2
    assert "--rename" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_a_table_adds_labels_splits_and_groups_to_any_format(parts: Path, tmp_path: Path) -> None:
    table = tmp_path / "more.csv"
    table.write_text(
        "picture;class;subset;lot\ngood/0.png;;train;L1\ncrack/0.png;deep crack;test;L2\n", encoding="utf-8-sig"
    )
    done = _import(parts, tmp_path / "out", "--table", table)
    assert done.exit_code == 0, done.stderr
    assert "3 pictures have no line in more.csv" in done.stdout
    assert read_groups(tmp_path / "out/groups.csv") == {"good/0.png": "L1", "deep crack/0.png": "L2"}
    rows = {row.image: row.subset.value for row in read_split(tmp_path / "out/splits/imported.csv")}
    assert rows == {"good/0.png": "train", "deep crack/0.png": "test"}


def test_a_table_about_other_pictures_is_refused(parts: Path, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("image,label\ngood/0.png,good\ngood/99.png,good\n")
    refused = _import(parts, tmp_path / "out", "--table", tmp_path / "more.csv")
    assert "more.csv, line 3: 1 pictures are not in" in refused.stderr


def test_a_table_that_speaks_twice_of_a_picture_is_refused(parts: Path, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("image,label\ngood/0.png,good\nraw/good/0.png,crack\n")
    refused = _import(parts, tmp_path / "out", "--table", tmp_path / "more.csv")
    assert "more.csv, line 3 is about good/0.png, as a line before is" in refused.stderr


def test_an_archive_comes_in_and_leaves_nothing_else(parts: Path, tmp_path: Path) -> None:
    shutil.make_archive(str(tmp_path / "set"), "zip", tmp_path, "raw")
    shutil.rmtree(parts)
    done = _import(tmp_path / "set.zip", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert f"{tmp_path / 'set.zip'}, read as folders: 5 pictures" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "set.zip"]


def test_what_is_wrong_in_an_archive_is_told_by_the_archive_s_name(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/pictures.csv").write_text("image,label\na.png,good\n")
    shutil.make_archive(str(tmp_path / "set"), "zip", tmp_path / "raw")
    refused = _import(tmp_path / "set.zip", tmp_path / "out")
    assert refused.exit_code == 3
    assert f"{tmp_path / 'set.zip'}/pictures.csv, line 2" in refused.stderr
    assert ".part" not in refused.stderr


def test_a_source_may_not_hold_its_own_copy(parts: Path, tmp_path: Path) -> None:
    assert "lies in" in _import(parts, parts / "out").stderr
    assert "lies in" in _import(parts / "good", parts, "--force").stderr
    assert (parts / "good/0.png").exists()


def test_good_pictures_with_marks_are_refused(tmp_path: Path) -> None:
    source = rich_source(tmp_path / "raw")
    good = source.items[0]
    contrary = Item(good.path, good.name, ("good",), source.items[3].shapes)
    (tmp_path / "coco").mkdir()
    Coco().write(Source(source.root, "made", (contrary,), ("good", "crack")), tmp_path / "coco")
    refused = _import(tmp_path / "coco", tmp_path / "out", "--rename", "crack=good")
    assert refused.exit_code == 2
    assert "said to be good or empty and to show something else" in refused.stderr


def test_a_good_picture_whose_mask_marks_something_is_refused(tmp_path: Path) -> None:
    for name in ("good/1.jpg", "crack/2.jpg"):
        picture(tmp_path / "raw" / name, 1, (8, 6))
    for name, level in (("good/1.png", 0), ("crack/2.png", 200)):
        _gray(tmp_path / "raw" / name, level)
    done = _import(tmp_path / "raw", tmp_path / "out")
    assert "1 masks of pictures without a defect mark nothing and are left out" in done.stdout
    _gray(tmp_path / "raw/good/1.png", 200)
    refused = _import(tmp_path / "raw", tmp_path / "out", "--force")
    assert "good/1.jpg is said to be good or empty, but its mask marks a defect" in refused.stderr


def _gray(path: Path, level: int) -> None:
    cv2.imwrite(str(path), np.full((6, 8), level, np.uint8))


def test_black_masks_of_pictures_without_a_class_are_the_user_s_to_judge(tmp_path: Path) -> None:
    """KolektorSDD2: train/10301.png and 10301_GT.png, and nothing else says what is good."""
    for number, level in ((10301, 0), (10302, 255)):
        picture(tmp_path / "raw/train" / f"{number}.png", number, (8, 6))
        _gray(tmp_path / "raw/train" / f"{number}_GT.png", level)
    refused = _import(tmp_path / "raw", tmp_path / "out")
    assert "1 of 2 pictures have neither label nor mark: train/10301.png" in refused.stderr
    assert _import(tmp_path / "raw", tmp_path / "none", "--unmarked", "unlabelled").exit_code == 0
    assert not list((tmp_path / "none/good").iterdir())
    assert _import(tmp_path / "raw", tmp_path / "out", "--unmarked", "good").exit_code == 0
    data = open_dataset(tmp_path / "out", min_good=1)
    assert [one.name for one in data.pictures] == ["defect/10302.png", "good/10301.png"]


def test_a_mask_of_another_size_is_told(tmp_path: Path) -> None:
    picture(tmp_path / "raw/crack/2.jpg", 1, (9, 6))
    _gray(tmp_path / "raw/crack/2.png", 200)
    refused = _import(tmp_path / "raw", tmp_path / "out")
    assert "crack/2.jpg has a mask of 8x6 pixels for a picture of 9x6" in refused.stderr


def test_marks_and_masks_of_several_classes_are_what_training_reads(tmp_path: Path) -> None:
    source = rich_source(tmp_path / "raw")
    (tmp_path / "coco").mkdir()
    Coco().write(source, tmp_path / "coco")
    done = _import(tmp_path / "coco", tmp_path / "out", "--unmarked", "unlabelled")
    assert done.exit_code == 0, done.stderr
    pictures = {item.name: item for item in open_dataset(tmp_path / "out", min_good=0).pictures}
    both = pictures["crack/006.png"]
    assert both.labels == ("crack", "scratch")
    assert set(class_masks(both)) == {"scratch"}
    assert class_masks(pictures["stain/005.bmp"])["stain"].sum() == 6 * 8 + 10 * 6


@pytest.mark.parametrize("name", [one.name for one in FORMATS if one.name != "rois"])
def test_every_format_comes_back_through_an_export_and_an_import(name: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    Okng().write(rich_source(tmp_path / "raw"), tmp_path / "data")
    done = _export(tmp_path / "data", tmp_path / "out", "--format", name)
    assert done.exit_code == 0, done.stderr
    again = _import(tmp_path / "out", tmp_path / "again", "--format", name, "--unmarked", "unlabelled", "--json")
    assert again.exit_code == 0, again.stderr
    assert json.loads(again.stdout)["pictures"] == 12


def test_an_export_lists_what_the_format_cannot_say(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    Okng().write(rich_source(tmp_path / "raw"), tmp_path / "data")
    done = _export(tmp_path / "data", tmp_path / "out", "--format", "folders", "--dry-run")
    assert "cannot be said there: several classes (3 pictures): only the first is kept" in done.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", [one.name for one in FORMATS if one.name != "rois"])
def test_a_defect_whose_mask_is_blank_never_goes_out_as_a_picture_without_a_defect(name: str, tmp_path: Path) -> None:
    """As four of the published magnetic tiles are; to a trainer a picture without marks is one without a defect."""
    item = Item(picture(tmp_path / "raw/1.png", 1), "1.png", ("uneven",), rasters=(painted("uneven", (40, 30)),))
    (tmp_path / "data").mkdir()
    Okng().write(Source(tmp_path / "raw", "made", (item,), ("uneven",)), tmp_path / "data")
    done = _export(tmp_path / "data", tmp_path / "out", "--format", name)
    assert done.exit_code == 0, done.stderr
    after = read_source(tmp_path / "out", name, ReadOptions()).items[0]
    if after.classes:
        assert after.classes == ("uneven",)
    else:
        assert "1 pictures without a mark that are not known to be good stand in" in done.stdout


def test_an_assembly_comes_in_and_goes_out(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    Okng().write(assembly_source(tmp_path / "made"), tmp_path / "raw")
    done = _import(tmp_path / "raw", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert "named regions: 2" in done.stdout
    assert len(open_assembly(tmp_path / "out").pictures) == 3


def test_presence_bits_in_file_names_become_labels_of_regions(tmp_path: Path) -> None:
    source = assembly_source(tmp_path / "made")
    names = {"10.png": "1_10.png", "11.png": "2_11.png", "x.png": "test.png"}
    for item, name in zip(source.items, names.values(), strict=True):
        (tmp_path / "raw").mkdir(exist_ok=True)
        shutil.copyfile(item.path, tmp_path / "raw" / name)
    rois = ("--format", "rois", "--rois", source.root / "rois.toml", "--pattern", "_(?P<left>[01])(?P<right>[01])$")
    refused = _import(tmp_path / "raw", tmp_path / "out", *rois, "--unmarked", "unlabelled")
    assert "none of the classes screw, hole; say what it is with --rename 1=CLASS" in refused.stderr
    meant = ("--rename", "1=screw", "--rename", "0=hole")
    assert "1 of 3 pictures have neither" in _import(tmp_path / "raw", tmp_path / "out", *rois, *meant).stderr
    done = _import(tmp_path / "raw", tmp_path / "out", *rois, *meant, "--unmarked", "unlabelled")
    assert done.exit_code == 0, done.stderr
    assert [one.labels for one in open_assembly(tmp_path / "out").pictures] == [("screw", "hole"), ("screw", "screw")]


def test_an_okng_data_set_keeps_its_catalogue_and_its_original_names(parts: Path, tmp_path: Path) -> None:
    _import(parts, tmp_path / "one", "--rename", "crack=deep")
    (tmp_path / "one/catalogue.toml").write_text('[deep]\nseverity = "minor"\n')
    _import(tmp_path / "one", tmp_path / "two")
    assert (tmp_path / "two/catalogue.toml").exists()
    items = {item.name: item.source for item in read_source(tmp_path / "two", None, ReadOptions()).items}
    assert items["deep/0.png"] == "crack/0.png"
