"""What is listed as lost when a data set is written in a format that says less."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.sources import box, painted, polygon, rich_source
from training.formats.folders import Folders
from training.formats.item import Fact, Item
from training.formats.losses import losses, lost_facts, nearest

_PICTURE = Path("1.png")
_BOXES = frozenset({Fact.BOX})


def test_every_kind_of_fact_is_counted_in_a_sentence(tmp_path: Path) -> None:
    assert losses(rich_source(tmp_path), Folders()) == (
        "several classes (3 pictures): only the first is kept",
        "boxes (3 pictures): left out",
        "polygons (2 pictures): left out",
        "painted pixels (1 picture): left out",
        "the group (4 pictures): left out",
        "further remarks (2 pictures): left out",
    )


def test_a_class_that_a_mark_says_is_not_lost_where_no_picture_has_a_class() -> None:
    assert lost_facts(Item(_PICTURE, "1.png", ("crack",), (box("crack", 0, 0, 1, 1),)), _BOXES) == set()
    assert lost_facts(Item(_PICTURE, "1.png", ("crack",), (box("pit", 0, 0, 1, 1),)), _BOXES) == {Fact.LABEL}


def test_a_mark_that_becomes_another_keeps_its_class() -> None:
    item = Item(_PICTURE, "1.png", (), (polygon("crack", (0, 0), (1, 0), (1, 1)),), (painted("pit", (4, 4)),))
    assert lost_facts(item, _BOXES) == {Fact.POLYGON, Fact.MASK}
    assert nearest(Fact.MASK, _BOXES) is Fact.BOX
    assert nearest(Fact.BOX, frozenset({Fact.POLYGON, Fact.MASK})) is None


def test_good_is_lost_where_only_marks_are_said() -> None:
    assert lost_facts(Item(_PICTURE, "1.png", ("good",)), _BOXES) == {Fact.GOOD}
    assert lost_facts(Item(_PICTURE, "1.png"), _BOXES) == set()
