"""What file names and CSV tables say: patterns of any kind, columns under many names, and lines that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.sources import picture
from training.errors import BadData, NotThere
from training.formats.base import ReadOptions
from training.formats.copying import Copies
from training.formats.flat import Flat
from training.formats.item import Item, Source
from training.formats.patterns import NamePattern
from training.formats.registry import read_source, recognise
from training.formats.table import Table
from training.formats.tables import read_table

NO = ReadOptions()


def _touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


def test_a_pattern_says_label_group_split_and_remarks(tmp_path: Path) -> None:
    _touch(tmp_path, "2024/train-crack-lot7-cam2.png", "2024/x.png")
    pattern = r"^(?P<split>\w+)-(?P<label>\w+)-(?P<group>lot\d+)-(?P<camera>cam\d)$"
    source = Flat().read(tmp_path, ReadOptions(pattern=pattern))
    first, other = source.items
    assert (first.labels, first.split, first.group, first.tags) == (("crack",), "train", "lot7", {"camera": "cam2"})
    assert (other.labels, other.split, other.group, other.tags) == ((), None, None, {})
    assert source.notes == ("1 names do not fit the pattern, such as 2024/x.png",)


def test_a_pattern_that_fits_nothing_is_refused(tmp_path: Path) -> None:
    _touch(tmp_path, "1.png")
    with pytest.raises(BadData, match=r"fits none of 1 names in .*, such as 1\.png"):
        Flat().read(tmp_path, ReadOptions(pattern=r"(?P<label>crack)_"))


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(?P<label>", "is no regular expression"),
        ("(?P<label>a{99999999999999999999})", "is no regular expression"),
        ("crack", "has no named group"),
        ("(?P<label>" + "a" * 500 + ")", "500 are the most"),
        ("(?P<label>" + "(" * 240 + ")" * 240 + ")", ""),
    ],
)
def test_a_bad_pattern_is_refused(pattern: str, said: str) -> None:
    try:
        NamePattern(pattern).said("name")
    except BadData as error:
        assert said in str(error)
    else:
        assert not said


@pytest.mark.parametrize("pattern", [r"^(?P<label>(a|aa)+)\d$", r"^(?P<label>(.*?a,?){30}z)"])
def test_a_catastrophic_pattern_ends(pattern: str) -> None:
    with pytest.raises(BadData, match=r"takes too long for 'aaaa.*repeats inside repeats"):
        NamePattern(pattern).said("a" * 200 + "!")


def test_an_endless_name_is_refused() -> None:
    with pytest.raises(BadData, match="more than 255 characters"):
        NamePattern("(?P<label>a)").said("a" * 256)


@pytest.mark.parametrize("label", ["a__b", "a_", "unlabelled", "a/b"])
def test_a_class_that_a_name_cannot_say_is_refused(tmp_path: Path, label: str) -> None:
    source = Source(tmp_path, "made", (Item(picture(tmp_path / "1.png", 1), "1.png", (label,)),), ())
    with pytest.raises(BadData, match="--rename"):
        Flat().write(source, tmp_path / "out")


def test_a_table_as_the_published_splits_write_it(tmp_path: Path) -> None:
    """splits/supervised.csv of the magnetic tiles: image,label,split,tile, relative to the folder above."""
    _touch(tmp_path, "MT_Free/Imgs/1.jpg", "MT_Break/Imgs/2.jpg", "MT_Break/Imgs/3.jpg")
    (tmp_path / "splits").mkdir()
    table = tmp_path / "splits/supervised.csv"
    table.write_text("image,label,split,tile\nMT_Free/Imgs/1.jpg,good,train,t1\nMT_Break/Imgs/2.jpg,break,test,t2\n")
    assert recognise(table).name == "table"
    source = read_source(table, None, NO)
    assert [(item.labels, item.split, item.group) for item in source.items] == [
        (("break",), "test", "t2"),
        (("good",), "train", "t1"),
    ]
    assert source.notes == (f"1 pictures in {tmp_path} have no line in supervised.csv and are left out",)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_have_many_names_and_delimiters(tmp_path: Path, delimiter: str) -> None:
    lines = [["Filename", "Class", "Subset", "lot", "shift"], ["a.png", "良品", "", "L1", "night"]]
    (tmp_path / "t.csv").write_text("\n".join(delimiter.join(line) for line in lines), encoding="utf-8-sig")
    row = read_table(tmp_path / "t.csv")[0]
    assert (row.image, row.label, row.split, row.group, row.tags) == ("a.png", "良品", None, "L1", {"shift": "night"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("label,split\ngood,train\n", "line 1 has no column for the picture"),
        ("image,file,file\n", "one name twice"),
        ("image,label\n", "names no picture"),
        ("", "line 1 has no column"),
        ("image,label\na.png\n", "line 2 has 1 cells, the first line 2"),
        ("image,label\n../a.png,good\n", "line 2 names '../a.png', which leads out"),
        ("image,label\n/a.png,good\n", "line 2 names '/a.png', a place outside"),
        ("image,label\na.png,good\n\na.png,bad\n", "line 4 names a.png a second time"),
        ('image,label\n"a.png"x,good\n', "is no CSV"),
        ("image,label\n" + "a" * 200_000 + ",good\n", "is no CSV"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(BadData) as refused:
        read_table(tmp_path / "t.csv")
    assert said in str(refused.value)


def test_pictures_of_a_table_that_are_not_there_are_told(tmp_path: Path) -> None:
    _touch(tmp_path, "a.png")
    (tmp_path / "t.csv").write_text("image,label\na.png,good\nb.png,good\n")
    with pytest.raises(NotThere, match=r"t\.csv, line 3: 1 pictures are not in .*: b\.png"):
        Table().read(tmp_path / "t.csv", NO)
    (tmp_path / "t.csv").write_text("image,label\nc.png,good\n")
    with pytest.raises(NotThere, match="name its folder with --images"):
        Table().read(tmp_path / "t.csv", NO)
    assert len(Table().read(tmp_path / "t.csv", ReadOptions(images=_touch(tmp_path / "other", "c.png"))).items) == 1


def test_a_table_reads_nothing_above_the_folder_that_was_named(tmp_path: Path) -> None:
    _touch(tmp_path, "secret.png")
    _touch(tmp_path / "data", "a.png")
    (tmp_path / "data/pictures.csv").write_text("image,label\nsecret.png,good\n")
    with pytest.raises(NotThere):
        Table().read(tmp_path / "data", NO)


def test_a_remark_that_would_be_a_column_of_another_meaning_is_refused(tmp_path: Path) -> None:
    source = Source(tmp_path, "made", (Item(picture(tmp_path / "1.png", 1), "1.png", tags={"Label": "x"}),), ())
    with pytest.raises(BadData, match="the remark 'Label' cannot be the name of a column"):
        Table().write(source, tmp_path / "out")


def test_copies_get_names_that_differ_on_every_disk(tmp_path: Path) -> None:
    path = picture(tmp_path / "raw/1.png", 1)
    copies = Copies(tmp_path / "out")
    names = [
        "a/X.png",
        "b/x.PNG",
        "c/x_mask.png",
        "d/é.png",
        "d/e\u0301.png",
        ".hidden.png",
        "a\\b.png",
        "长" * 84 + ".png",
    ]
    new = [copies.add(Item(path, name), "crack") for name in names]
    assert len({name.casefold() for name in new}) == len(names)
    assert new[:4] == ["crack/X.png", "crack/x-2.PNG", "crack/x_mask-2.png", "crack/é.png"]
    assert new[5:7] == ["crack/_hidden.png", "crack/a_b.png"]
    assert all(len(Path(name).name.encode()) <= 200 for name in new)
    assert "6 pictures got another file name, such as b/x.PNG: crack/x-2.PNG" in copies.notes()
