"""The way to the right format, and what good means whichever it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.errors import BadData, NotThere
from training.formats import registry
from training.formats.base import ReadOptions
from training.formats.classes import undecided
from training.formats.item import Fact, Item, Source
from training.formats.registry import FORMATS, by_name, read_source


def _pictures(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


def test_a_format_nobody_knows_is_refused_with_all_that_are() -> None:
    with pytest.raises(BadData, match=r"no format 'photoshop'; choose one of .*folders"):
        by_name("photoshop")


def test_nothing_there_and_nothing_in_it_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="there is no data set"):
        read_source(tmp_path / "no", None, ReadOptions())
    with pytest.raises(BadData, match="no format that okng knows"):
        read_source(tmp_path, None, ReadOptions())
    (tmp_path / "a").mkdir()
    with pytest.raises(BadData, match="holds no picture, read as folders"):
        read_source(tmp_path, "folders", ReadOptions())


@pytest.mark.parametrize("name", ["good", "OK", "Normal", "pass", "良品", "合格"])
def test_a_class_is_good_if_it_is_called_so(tmp_path: Path, name: str) -> None:
    root = _pictures(tmp_path, f"{name}/1.png", "crack/2.png")
    source = read_source(root, None, ReadOptions())
    assert {item.name: item.labels for item in source.items} == {f"{name}/1.png": ("good",), "crack/2.png": ("crack",)}
    assert source.classes == ("crack",)


def test_no_other_class_is_good_unless_the_user_says_so(tmp_path: Path) -> None:
    root = _pictures(tmp_path, "MT_Free/1.png", "crack/2.png")
    assert read_source(root, None, ReadOptions()).classes == ("MT_Free", "crack")
    assert read_source(root, None, ReadOptions(good=("MT_Free",))).items[0].labels == ("good",)
    with pytest.raises(BadData, match="--good 'Free' is no class"):
        read_source(root, None, ReadOptions(good=("Free",)))


def test_a_missing_label_never_becomes_good_by_itself(tmp_path: Path) -> None:
    root = _pictures(tmp_path, "good/1.png", "2.png")
    source = read_source(root, None, ReadOptions())
    assert [item.name for item in undecided(source)] == ["2.png"]
    assert read_source(root, None, ReadOptions(unmarked="good")).items[0].labels == ("good",)
    assert read_source(root, None, ReadOptions(unmarked="unlabelled")).items[0].labels == ()


def test_folders_say_class_and_split_at_any_depth(tmp_path: Path) -> None:
    root = _pictures(
        tmp_path, "X-SDD/datas/red iron/1.jpg", "train/crack/images/2.jpg", "test/3.jpg", "unlabelled/4.jpg"
    )
    said = {item.name: (item.labels, item.split) for item in read_source(root, "folders", ReadOptions()).items}
    assert said == {
        "X-SDD/datas/red iron/1.jpg": (("red iron",), None),
        "train/crack/images/2.jpg": (("crack",), "train"),
        "test/3.jpg": ((), "test"),
        "unlabelled/4.jpg": ((), None),
    }


class _Half:
    """A format whose label files spell half a letter, as JSON can."""

    name = "half"
    holds = frozenset({Fact.LABEL})

    def recognises(self, root: Path) -> bool:
        return True

    def read(self, root: Path, options: ReadOptions) -> Source:
        return Source(root, self.name, (Item(root / "1.png", "1.png", ("crack\ud800",)),), ())

    def write(self, source: Source, folder: Path) -> tuple[str, ...]:
        return ()


def test_half_a_letter_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "FORMATS", (_Half(),))
    with pytest.raises(BadData, match=r"1\.png has a label or remark that is no Unicode text"):
        read_source(tmp_path, None, ReadOptions())


def test_the_documents_table_tells_what_each_format_holds() -> None:
    text = (Path(__file__).parents[4] / "docs/data.md").read_text(encoding="utf-8")
    table = {
        line.split("`")[1]: line.split("|")[3:-1]
        for line in text.splitlines()
        if line.startswith("| `") and "●" in line
    }
    told = {
        name: {fact for fact, cell in zip(Fact, cells, strict=True) if "●" in cell} for name, cells in table.items()
    }
    assert told == {one.name: set(one.holds) for one in FORMATS}
