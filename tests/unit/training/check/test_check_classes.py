"""What a data set's counts say, labels that are spelled in two ways, sizes, light, and classes told without looking."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fakes.looks import codes, look, series_of
from training.check.classes import alike, check_classes
from training.check.findings import Severity
from training.check.header import Header, Kind
from training.check.light import check_light
from training.check.look import Look
from training.check.shortcuts import check_shortcuts, guessing, ranking
from training.check.sizes import check_sizes
from training.exif import Exif
from training.text import Text


def test_nothing_at_all_is_an_error() -> None:
    (found,) = check_classes([])
    assert (found.code, found.severity) == ("no-pictures", Severity.ERROR)


def test_what_so_many_can_prove_is_the_certificates_own_arithmetic() -> None:
    (found,) = check_classes([*series_of(59), *series_of(20, "dent")])
    good, dent = (said for _, said in found.remarks)
    assert found.code == "class-counts" and isinstance(good, Text) and isinstance(dent, Text)
    assert good.en == "59 pictures: overkill of 5 % can be certified"
    assert dent.en == "20 pictures: escapes of 14 % can be certified; 39 more certify 5 %"
    assert dent.zh == "20 张图像：可证明漏检不超过 14 %；再有 39 个可证明 5 %"


def test_pictures_of_one_group_prove_as_much_as_one() -> None:
    (found,) = check_classes([look(f"{at}.png", group=f"lot {at // 10}") for at in range(100)])
    (good,) = (said for _, said in found.remarks)
    assert isinstance(good, Text) and good.en.startswith("100 pictures of 10 groups: overkill of 26 %")


def test_copies_and_broken_files_are_not_counted() -> None:
    looks = [*series_of(11), look("copy.png", pixels="pixels of good/000.png"), look("cut.png", fault="is cut short")]
    found = {finding.code: finding for finding in check_classes(looks)}
    assert (
        found["too-few-good"].severity is Severity.ERROR and "11 different pictures" in found["too-few-good"].found.en
    )


def test_synthetic_pictures_prove_nothing() -> None:
    real, made = series_of(20), [look(f"made {at}.png", synthetic=True) for at in range(80)]
    (found,) = check_classes([*real, *made])
    (good,) = (said for _, said in found.remarks)
    assert isinstance(good, Text) and good.en.startswith("20 pictures: ")


def test_good_is_never_guessed() -> None:
    assert codes(list(check_classes(series_of(20, "A")))) == ["no-good", "class-counts"]


def test_rare_and_uneven_classes_are_told() -> None:
    looks = [*series_of(20), *series_of(4, "dent"), *series_of(90, "scratch")]
    found = {finding.code: finding for finding in check_classes(looks)}
    assert found["few-of-class"].remarks == (("dent", "4 pictures"),)
    assert "scratch has 90 pictures, dent 4" in found["imbalance"].found.en


def test_what_nobody_labelled_is_counted_and_never_good() -> None:
    found = {finding.code: finding for finding in check_classes([*series_of(12), look("x.png", "")])}
    assert found["unlabelled"].pictures == ("x.png",) and "too-few-good" not in found


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Crack", "crack", True),
        ("red iron", "red_iron", True),
        ("划痕", "划 痕", True),
        ("ｃｒａｃｋ", "crack", True),
        ("scratch", "scratches", True),
        ("inclusion", "inclussion", True),
        ("inclusion", "inculsion", True),
        ("scratch 1", "scratch 2", False),
        ("MT_Fray", "MT_Free", False),
        ("dent", "bent", False),
        ("划痕", "裂痕", False),
    ],
)
def test_labels_in_two_spellings(one: str, other: str, same: bool) -> None:
    assert alike(one, other) is alike(other, one) is same


def test_two_spellings_are_told_by_name() -> None:
    found = {finding.code: finding for finding in check_classes([*series_of(5, "Dent"), *series_of(5, "dent")])}
    assert found["label-spelling"].remarks == (("Dent", "dent"),)


def test_sizes_are_told_with_their_counts_and_proportions() -> None:
    same = [*series_of(3), look("half.png", size=(320, 240))]
    (found,) = check_sizes(same)
    assert found.code == "sizes" and "640x480 (3), 320x240 (1)" in found.found.en and found.pictures == ("half.png",)
    assert "same proportions" in found.found.en and "upright" not in found.found.en
    (turned,) = check_sizes([*series_of(3), look("turned.png", size=(480, 640))])
    assert "upright" in turned.found.en and "proportions" not in turned.found.en
    assert list(check_sizes(series_of(3))) == []


def test_icons_and_mixed_colours_are_told() -> None:
    looks = [*series_of(3), look("icon.png", size=(32, 32), gray=True), look("cut.png", size=(9, 9), fault="cut short")]
    found = {finding.code: finding for finding in check_sizes(looks)}
    assert found["small"].pictures == found["gray-and-colour"].pictures == ("icon.png",)


def wandering(count: int, label: str = "good", light: float = 120.0, focus: float = 0.5) -> list[Look]:
    """Pictures of a class as a line takes them: none is like the next, all are much alike."""
    rng = np.random.default_rng(len(label))
    return [
        look(
            f"{label}/{at}.png",
            label,
            light=light + rng.normal(0, 4),
            contrast=40 + rng.normal(0, 2),
            focus=focus * float(np.exp(rng.normal(0, 0.1))),
        )
        for at in range(count)
    ]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"light": 40.0}, "light-dark"),
        ({"light": 230.0}, "light-bright"),
        ({"focus": 0.05}, "blur"),
        ({"contrast": 4.0}, "light-flat"),
        ({"saturated": 0.6}, "light-overexposed"),
        ({"blackened": 0.6}, "light-underexposed"),
        ({"tint": (0.6, 0.0)}, "light-discoloured"),
        ({"blank": 0.4}, "light-incomplete"),
    ],
)
def test_an_outlier_of_its_class_is_told_and_does_not_hide_itself(facts: dict[str, object], code: str) -> None:
    odd = look("odd.png", **facts)
    found = list(check_light([*wandering(30), odd]))
    assert codes(found) == [code] and found[0].pictures == ("odd.png",)


def test_a_class_is_held_against_itself_not_against_the_good() -> None:
    assert list(check_light([*wandering(30), *wandering(15, "stain", light=60.0)])) == []


def test_a_small_class_is_held_against_all() -> None:
    found = list(check_light([*wandering(30), *wandering(3, "stain", light=40.0)]))
    assert codes(found) == ["light-dark"] and len(found[0].pictures) == 3


def test_hardly_any_pictures_say_nothing_of_light() -> None:
    assert list(check_light([look("a.png", light=1.0), look("b.png", light=250.0)])) == []


def test_defects_taken_in_another_light_are_a_shortcut() -> None:
    assert list(check_shortcuts([*wandering(40), *wandering(20, "dent"), *wandering(20, "scratch")])) == []
    found = list(check_shortcuts([*wandering(40), *wandering(20, "dent", light=160.0)]))
    assert codes(found) == ["shortcut-light"] and found[0].severity is Severity.WARNING
    assert "good / defective: right in 100 %" in found[0].found.en and "亮度" in found[0].title.zh


def test_one_class_of_several_in_another_light_is_named() -> None:
    found = list(check_shortcuts([*wandering(40), *wandering(40, "dent"), *wandering(10, "stain", light=40.0)]))
    assert codes(found) == ["shortcut-light"] and "stain / good" in found[0].found.en
    assert found[0].severity is Severity.NOTE


@pytest.mark.parametrize(
    ("facts", "by"),
    [
        ({"size": (320, 240)}, "size"),
        ({"header": Header(Kind.JPEG)}, "file"),
        ({"header": Header(Kind.PNG, quality=80)}, "compression"),
        ({"gray": True}, "colour"),
        ({"exif": Exif(1, "phone")}, "camera"),
        ({"group": "Monday"}, "lot"),
    ],
)
def test_defects_from_another_camera_or_lot_are_a_shortcut(facts: dict[str, object], by: str) -> None:
    found = list(check_shortcuts([*series_of(20), *series_of(10, "dent", **facts)]))
    assert codes(found) == [f"shortcut-{by}"]


def test_groups_of_single_pictures_tell_nothing() -> None:
    looks = [look(f"{at}.png", "good" if at % 2 else "dent", group=f"part {at}") for at in range(60)]
    assert list(check_shortcuts(looks)) == []


def test_a_handful_tells_nothing() -> None:
    assert list(check_shortcuts([*series_of(20), *series_of(7, "dent", gray=True)])) == []


def test_ranking_and_guessing_are_what_they_say() -> None:
    assert ranking([1, 2, 3], [4, 5, 6])[0] == ranking([4, 5, 6], [1, 2, 3])[0] == 1.0
    assert ranking([1, 1], [1, 1])[0] == 0.5
    assert ranking([1.0] * 3, [2.0] * 3)[1] <= 1.0
    assert guessing(["a"] * 10, ["b"] * 10) == 1.0 and guessing(["a"] * 10, ["a"] * 10) == 0.5
    assert guessing(["a"] * 8 + ["b"] * 2, ["a"] * 5 + ["b"] * 5) == pytest.approx(0.65)
