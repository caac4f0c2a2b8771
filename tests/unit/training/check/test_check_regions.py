"""What is told of named regions: how often each shows what, and whether it lies inside the pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.looks import codes, look
from training.check.regions import check_regions
from training.formats.item import Item, Source
from training.rois.catalogue import RoiCatalogue, parse_rois


@pytest.fixture
def catalogue(tmp_path: Path) -> RoiCatalogue:
    path = tmp_path / "rois.toml"
    path.write_text(
        'classes = ["screw", "hole"]\n'
        '[[roi]]\nname = "left"\nbox = [0, 0, 64, 64]\nexpect = "screw"\nkind = "screw"\n'
        '[[roi]]\nname = "right"\nbox = [560, 0, 64, 64]\nexpect = "screw"\nkind = "screw"\n'
    )
    return parse_rois(path)


def source(catalogue: RoiCatalogue | None, *labels: tuple[str, str]) -> Source:
    items = tuple(
        Item(Path("x"), f"{at}.png", regions={"left": left, "right": right}) for at, (left, right) in enumerate(labels)
    )
    return Source(Path("/data"), "rois", items, ("screw", "hole"), rois=catalogue)


def test_regions_of_one_kind_are_counted_together(catalogue: RoiCatalogue) -> None:
    enough = [("screw", "hole")] * 3 + [("hole", "screw")] * 3
    (counts,) = check_regions([look("0.png")], source(catalogue, *enough))
    assert counts.remarks == (("left", "hole 3, screw 3"), ("right", "hole 3, screw 3"))
    few = list(check_regions([look("0.png")], source(catalogue, *[("screw", "screw")] * 9, ("hole", "screw"))))
    assert codes(few) == ["region-counts", "few-of-region"] and few[1].remarks == (("screw", "19 / 1"),)


def test_a_region_outside_the_pictures_is_an_error(catalogue: RoiCatalogue) -> None:
    enough = [("screw", "hole")] * 5
    looks = [look("0.png"), look("1.png", size=(600, 480)), look("2.png", size=(10, 10), fault="is cut short")]
    found = list(check_regions(looks, source(catalogue, *enough)))
    assert codes(found) == ["region-counts", "region-outside"] and found[1].pictures == ("1.png",)


def test_without_regions_there_is_nothing_to_tell() -> None:
    assert list(check_regions([look("0.png")], source(None))) == []
