"""A geometry that could not be meant is refused at the door, and its hash says what a network sees, no more."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import numpy as np
import pytest

from models.decision import Box
from models.errors import BadPicture
from models.geometry_entry import GeometryEntry, GeometrySpec, resolved, said, sealed

ALIGN = {"method": "ecc", "region": (10, 10, 50, 50), "reference": "r.png", "reference_sha256": "a" * 64}
FULL: dict[str, Any] = {
    "roi": (10, 20, 100, 80),
    "masks": (((20, 30), (40, 30), (40, 50)),),
    "picture_px": (200, 150),
    "tiles": {"width_px": 64, "height_px": 64, "overlap_px": 16},
    "align": ALIGN,
}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"roi": (0, 0, 0, 5)}, "roi.2: Input should be greater than or equal to 1"),
        ({"roi": (-1, 0, 5, 5)}, "roi.0"),
        (
            {"roi": (150, 0, 100, 50), "picture_px": (200, 150)},
            "roi 100x50 at 150,0 does not fit the picture of 200x150",
        ),
        ({"roi": (0, 0, 9, 9), "polygon": ((0, 0), (5, 0), (5, 5))}, "not both"),
        ({"polygon": ((0, 0), (5, 0))}, "polygon: Tuple should have at least 3 items"),
        ({"polygon": ((0, 0), (50, 50), (50, 0), (0, 50))}, "sides of zone polygon cross each other"),
        ({"polygon": ((0, 0), (10, 10), (20, 20))}, "polygon"),
        ({"polygon": ((-5, 0), (10, 0), (10, 20))}, "outside the picture"),
        ({"polygon": ((0, 0), (10, 0), (10, 900)), "picture_px": (200, 150)}, "polygon 10x900 at 0,0 does not fit"),
        ({"masks": (((0, 0), (5, 0), (5, 0), (0, 5)),)}, "masks[0] names a point twice"),
        ({"roi": (10, 10, 20, 20), "masks": (((0, 0), (90, 0), (90, 90), (0, 90)),)}, "cover the whole region"),
        ({"picture_px": (32, 32), "masks": (((0, 0), (90, 0), (90, 90), (0, 90)),)}, "cover the whole region"),
        ({"tiles": {"width_px": 64, "height_px": 64, "overlap_px": 64}}, "cannot overlap by 64 px"),
        ({"roi": (0, 0, 60, 90), "tiles": {"width_px": 64, "height_px": 64}}, "larger than the region of 60x90"),
        ({"tiles": {"width_px": 64, "height_px": 64}, "fit": "pad"}, 'leave fit = "pad" out'),
        ({"align": {"method": "phase"}}, "needs a region with some room"),
        ({"roi": (5, 5, 50, 50), "align": {"method": "orb", "motion": "affine"}}, 'needs method "ecc"'),
        ({"roi": (5, 5, 50, 50), "align": {"method": "sift"}}, "align.method"),
        (
            {"roi": (5, 5, 50, 50), "picture_px": (90, 90), "align": {"method": "ecc", "region": (50, 0, 50, 50)}},
            "align.region 50x50 at 50,0 does not fit",
        ),
        ({"mm_per_px": 0.0}, "mm_per_px"),
        ({"zoom": 2}, "zoom"),
    ],
)
def test_what_could_not_be_meant_is_refused_with_its_place(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError) as refused:
        GeometrySpec.model_validate(wrong)
    assert says in said(refused.value)


def test_toml_and_json_say_the_same() -> None:
    toml = """
        roi = [10, 20, 100, 80]
        masks = [[[20, 30], [40, 30], [40, 50]]]
        picture_px = [200, 150]
        [tiles]
        width_px = 64
        height_px = 64
        overlap_px = 16
        [align]
        method = "ecc"
        region = [10, 10, 50, 50]
        reference = "r.png"
        reference_sha256 = "REF"
    """.replace("REF", "a" * 64)
    from_toml = GeometrySpec.model_validate(tomllib.loads(toml))
    from_json = GeometrySpec.model_validate_json(json.dumps(FULL))
    assert from_toml == from_json == GeometrySpec.model_validate(FULL)
    assert GeometryEntry.model_validate_json(sealed(from_toml).model_dump_json()).digest() == from_toml.digest()


OLD = {
    "whole": "sha256:ed372c4018fc45f4a7e5dbe408271583971fffd48dad2be5faf974200d34594c",
    "130,0,640,640": "sha256:6ec781445e1b27a358e7fb7faaa450d23205751dafe9d3bfa28c79b1fe692f63",
}


def test_a_rectangle_alone_keeps_the_hash_that_packages_were_certified_with() -> None:
    assert GeometrySpec(roi=None).digest() == GeometrySpec().digest() == OLD["whole"]
    assert GeometrySpec(roi=(130, 0, 640, 640)).digest() == OLD["130,0,640,640"]


@pytest.mark.parametrize(
    "change",
    [
        {"roi": (10, 20, 100, 81)},
        {"masks": ()},
        {"masks": (((20, 30), (40, 30), (40, 51)),)},
        {"picture_px": (201, 150)},
        {"tiles": None},
        {"tiles": {"width_px": 64, "height_px": 64, "overlap_px": 17}},
        {"align": None},
        {"align": ALIGN | {"method": "phase"}},
        {"align": ALIGN | {"max_shift_px": 41.0}},
        {"align": ALIGN | {"min_similarity": 0.6}},
        {"align": ALIGN | {"reference_sha256": "b" * 64}},
        {"tiles": None, "fit": "pad"},
    ],
)
def test_whatever_changes_what_a_network_sees_changes_the_hash(change: dict[str, Any]) -> None:
    assert GeometrySpec.model_validate(FULL | change).digest() != GeometrySpec.model_validate(FULL).digest()


def test_the_scale_and_a_files_name_change_no_score_and_no_hash() -> None:
    spec = GeometrySpec.model_validate(FULL)
    same = GeometrySpec.model_validate(FULL | {"mm_per_px": 0.05, "align": ALIGN | {"reference": "other.png"}})
    assert same.digest() == spec.digest()
    assert GeometrySpec(mm_per_px=0.05).digest() == GeometrySpec().digest()


def test_a_manifest_whose_hash_is_another_geometry_s_is_refused() -> None:
    entry = sealed(GeometrySpec.model_validate(FULL)).model_dump(mode="json")
    with pytest.raises(ValueError, match="hash does not belong"):
        GeometryEntry.model_validate_json(json.dumps(entry | {"fit": "stretch", "roi": [10, 20, 99, 80]}))
    loose = GeometrySpec.model_validate(FULL | {"align": {"method": "ecc"}})
    with pytest.raises(ValueError, match="needs the reference picture's file"):
        sealed(loose)


def test_the_region_of_a_polygon_is_its_rectangle_and_outside_is_ignored() -> None:
    spec = GeometrySpec(polygon=((10, 10), (30, 10), (30, 20.5)))
    assert spec.box == Box(10, 10, 20, 11)
    hidden = spec.ignored(Box(10, 10, 20, 11))
    assert hidden[10, 0] and not hidden[0, 19] and 0.4 < hidden.mean() < 0.6


def test_a_picture_of_another_size_is_a_bad_picture() -> None:
    image = np.zeros((150, 201, 3), np.uint8)
    with pytest.raises(BadPicture, match="201x150 is not of the 200x150 that the geometry was drawn on; set"):
        GeometrySpec.model_validate(FULL).region(image)
    with pytest.raises(BadPicture, match="does not fit the picture of 201x150"):
        GeometrySpec(roi=(150, 0, 100, 50)).region(image)


PACKAGE = sealed(GeometrySpec.model_validate(FULL))


def test_a_recipe_that_says_nothing_or_the_same_has_the_packages_geometry() -> None:
    assert resolved(None, PACKAGE) is PACKAGE
    same = {name: value for name, value in FULL.items() if name != "picture_px"} | {"align": {"method": "ecc"}}
    assert resolved(GeometrySpec.model_validate(same), PACKAGE).digest() == PACKAGE.hash
    scaled = resolved(GeometrySpec(mm_per_px=0.1), PACKAGE)
    assert (scaled.digest(), scaled.mm_per_px) == (PACKAGE.hash, 0.1)


def test_a_recipe_with_a_region_of_its_own_has_another_geometry() -> None:
    own = resolved(GeometrySpec(roi=(0, 0, 100, 80)), PACKAGE)
    assert own.digest() != PACKAGE.hash and own.picture_px == (200, 150) and own.align is None


@pytest.mark.parametrize(
    ("asked", "package", "says"),
    [
        ({"roi": (5, 5, 50, 50), "align": {"method": "phase"}}, {"roi": (5, 5, 50, 50)}, "holds no reference picture"),
        ({"roi": (5, 5, 50, 50), "align": {"method": "phase", "region": (0, 0, 20, 20)}}, FULL, "align.region"),
        ({"roi": (5, 5, 50, 50), "picture_px": (100, 100)}, FULL, "picture_px is not the package's"),
        ({"roi": (180, 0, 50, 50)}, FULL, "does not fit the picture of 200x150"),
    ],
)
def test_a_recipe_that_asks_for_what_the_package_has_not_is_refused(
    asked: dict[str, Any], package: dict[str, Any], says: str
) -> None:
    held = sealed(GeometrySpec.model_validate(package))
    with pytest.raises(ValueError) as refused:
        resolved(GeometrySpec.model_validate(asked), held)
    assert says in said(refused.value)
