"""Certificates: the right bound for how a limit was chosen, one score a group, and nothing where nothing was proven."""

from __future__ import annotations

from typing import Any

import pytest

from models.bands import any_limit_bound
from models.certificate import Certificate, Gap, Statement, Void, certificate, held_out
from models.certificate_text import advice, lines, percent, summary, void_line
from models.decision import Limits
from models.intervals import upper_bound
from models.manifest import Manifest
from tests.fakes.held_out import package_with, sample, setting

OWN = Limits(0.3, 0.6)  # the small package's
MOVED = Limits(0.25, 0.6)
LOW = [2.0 + index / 1000 for index in range(180)]


def said(issued: Certificate, about: str, label: str | None = None) -> Statement:
    return next(one for one in issued.statements if (one.about, one.label) == (about, label))


def issue(manifest: Manifest, limits: Limits = MOVED, **changes: Any) -> Certificate:
    return certificate(manifest, limits, setting(manifest, **changes))


def test_a_limit_that_a_rule_fixed_gets_the_order_statistics_bound() -> None:
    one = said(issue(package_with(LOW, spare_rank=0), OWN), "stopped")
    assert (one.events, one.groups, one.pictures, one.spare_rank) == (0, 180, 180, 0)
    assert one.bound == pytest.approx(upper_bound(0, 180)) and one.any_limit == pytest.approx(any_limit_bound(0, 180))


def test_the_rank_that_was_fixed_counts_not_the_luckier_count() -> None:
    """The rule would have spared two: that none lies above is luck, and luck is no proof."""
    one = said(issue(package_with(LOW, spare_rank=2), OWN), "overkill")
    assert one.events == 0 and one.bound == pytest.approx(upper_bound(2, 180))


def test_a_moved_limit_gets_the_bound_for_any_limit() -> None:
    one = said(issue(package_with(LOW, spare_rank=0), MOVED), "stopped")
    assert one.spare_rank is None and one.bound == one.any_limit == pytest.approx(any_limit_bound(0, 180))
    assert any_limit_bound(0, 180) > upper_bound(0, 180)


def test_a_package_that_does_not_say_how_its_limit_came_about_chose_it_on_the_scores() -> None:
    one = said(issue(package_with(LOW), OWN), "stopped")
    assert one.bound == pytest.approx(any_limit_bound(0, 180))


def test_scorers_that_were_compared_share_the_risk() -> None:
    issued = issue(package_with(LOW, scorers=14))
    assert said(issued, "overkill").bound == pytest.approx(any_limit_bound(0, 180, 1 - 0.05 / 14))
    assert "14 scorers" in "".join(lines(issued, "en"))


def test_a_package_that_hides_how_many_scorers_it_compared_gets_the_most() -> None:
    issued = issue(package_with(LOW, scorers=None))
    assert issued.scorers == 16


def test_limits_count_on_the_side_on_which_the_station_counts_them() -> None:
    """At the limit is beyond it for a good part, and not missed for a defective one."""
    manifest = package_with([1.0, 2.5, 5.0], defects={"bright": sample([2.5, 2.4])})
    issued = issue(manifest, Limits(0.25, 0.5))
    assert said(issued, "overkill").events == 1 and said(issued, "stopped").events == 2
    assert said(issued, "escape", "bright").events == 1


def test_pictures_of_one_group_count_as_one_and_the_worst_speaks() -> None:
    groups = [f"lot {index % 12}" for index in range(180)]
    good = [2.0] * 180
    good[7] = 9.0
    issued = issue(package_with(good, groups))
    one = said(issued, "overkill")
    assert (one.events, one.groups, one.pictures) == (1, 12, 180)
    assert one.bound == pytest.approx(any_limit_bound(1, 12))
    assert "180 good pictures of 12 lots or parts (they count as 12)" in "".join(lines(issued, "en"))


def test_the_worst_of_a_defective_group_is_its_lowest() -> None:
    groups = [f"part {index % 5}" for index in range(20)]
    missed = sample([1.0] + [8.0] * 19, groups)
    one = said(issue(package_with(LOW, defects={"bright": missed})), "escape", "bright")
    assert (one.events, one.groups) == (1, 5)


def test_one_lot_proves_nothing() -> None:
    issued = issue(package_with(LOW, ["lot 1"] * 180, spare_rank=0), OWN)
    assert [one.bound for one in issued.statements] == [None, None] and not issued.certifies
    assert said(issued, "overkill").gap is Gap.ONE_GROUP
    assert "all pictures are of one lot" in "".join(lines(issued, "en"))
    assert advice(said(issued, "overkill"), issued) is not None


def test_all_on_the_wrong_side_prove_nothing() -> None:
    issued = issue(package_with([9.0] * 5))
    assert said(issued, "overkill").gap is Gap.TOO_FEW and said(issued, "overkill").bound is None


def test_each_defect_has_a_bound_of_its_own() -> None:
    manifest = package_with(LOW, defects={"bright": sample([8.0] * 20), "dark": sample([8.0] * 9 + [1.0])})
    issued = issue(manifest)
    assert said(issued, "escape", "bright").bound == pytest.approx(any_limit_bound(0, 20))
    assert said(issued, "escape", "dark").bound == pytest.approx(any_limit_bound(1, 10))
    assert "defects that are not listed" in lines(issued, "en")[-1]


def test_a_rule_that_may_suppress_leaves_no_word_on_escapes() -> None:
    manifest = package_with(LOW, defects={"bright": sample([8.0] * 20)})
    issued = issue(manifest, suppresses=True)
    assert said(issued, "escape", "bright").gap is Gap.RULES and said(issued, "overkill").bound is not None


OTHER = {"openvino": {"good": sample([2.9] * 180), "defects": {}}}


def test_another_runtime_speaks_by_its_own_scores() -> None:
    manifest = package_with(LOW, spare_rank=0, others=OTHER)
    issued = issue(manifest, Limits(0.28, 0.6), runtime="openvino-cpu 2026.1")
    assert said(issued, "stopped").events == 180 and said(issue(manifest, Limits(0.28, 0.6)), "stopped").events == 0


def test_on_another_runtime_the_packages_own_limit_was_not_fixed_by_a_rule() -> None:
    manifest = package_with(LOW, spare_rank=0, others=OTHER)
    assert said(issue(manifest, OWN, runtime="openvino-cpu 2026.1"), "stopped").spare_rank is None


def test_scores_go_through_the_runtimes_own_map() -> None:
    manifest = package_with(LOW, others=OTHER)
    maps = dict(manifest.score_maps)
    maps["openvino"] = maps["openvino"].model_copy(update={"raw": (0.0, 20.0)})
    found = held_out(manifest.model_copy(update={"score_maps": maps}), "openvino")
    assert found is not None and found.good.worst == pytest.approx((0.145,) * 180)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"geometry": "sha256:another"}, Void.GEOMETRY),
        ({"runtime": "openvino-cpu 2026.1"}, Void.RUNTIME),  # no held-out scores on it
        ({"runtime": "openvino-gpu 2026.1"}, Void.RUNTIME),
        ({"runtime": "onnxruntime-tensorrt 1.20"}, Void.RUNTIME),
        ({"runtime": "tflite-cpu 2.3"}, Void.RUNTIME),
        ({"instruction_set": "neon"}, Void.INSTRUCTION_SET),
        ({"models": 2}, Void.MODELS),
    ],
)
def test_what_was_not_measured_there_is_not_certified_there(changes: dict[str, Any], reason: Void) -> None:
    issued = issue(package_with(LOW), **changes)
    assert issued.void_because == (reason,) and issued.statements == () and not issued.certifies
    assert lines(issued, "en") == [void_line(issued, "en")] and summary(issued, "zh") == void_line(issued, "zh")


def test_the_same_input_gives_the_same_id_and_any_other_another() -> None:
    manifest = package_with(LOW)
    ids = {
        issue(manifest).id,
        issue(manifest, Limits(0.26, 0.6)).id,
        issue(manifest, camera="sha256:1").id,
        issue(package_with(LOW[:-1])).id,
        issue(manifest, runtime="onnxruntime-cpu 1.21.0").id,
    }
    assert len(ids) == 5 and issue(manifest).id == issue(manifest).id
    assert issue(manifest).id.startswith("sha256:") and len(issue(manifest).id) == 71


def test_a_voided_certificate_keeps_its_id_and_certifies_nothing() -> None:
    issued = issue(package_with(LOW))
    voided = issued.void(Void.DRIFT).void(Void.DRIFT)
    assert issued.certifies and not voided.certifies and voided.id == issued.id
    assert voided.void_because == (Void.DRIFT,) and "drifted" in void_line(voided, "en")


def test_a_certificate_survives_its_file() -> None:
    issued = issue(package_with(LOW, defects={"bright": sample([8.0] * 20)}))
    assert Certificate.model_validate_json(issued.to_bytes()) == issued


def test_the_sentence_of_180_good_pictures() -> None:
    issued = issue(package_with(LOW, spare_rank=0), OWN)
    text = "\n".join(lines(issued, "en"))
    assert "with your 180 good pictures 1.7 % can be certified" in text
    assert "418 more, none beyond these limits, certify 0.5 %" in text
    assert "2.2 % if it was chosen by these scores" in text
    assert "您的 180 张合格图像" in "\n".join(lines(issued, "zh"))


def test_advice_is_exact() -> None:
    manifest = package_with(LOW, spare_rank=0)
    for limits, bound in ((OWN, upper_bound), (MOVED, any_limit_bound)):
        issued = issue(manifest, limits)
        more = advice(said(issued, "overkill"), issued)
        assert more is not None
        assert bound(0, 180 + more.more) <= more.goal < bound(0, 180 + more.more - 1)
        assert upper_bound(0, more.later or 0) <= more.goal < upper_bound(0, (more.later or 0) - 1)


def test_who_has_reached_the_last_goal_gets_no_advice() -> None:
    one = Statement(about="overkill", events=0, groups=99_999, pictures=99_999, bound=0.00009, any_limit=0.00009)
    assert advice(one, issue(package_with(LOW))) is None


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0.0166, "1.7 %"),
        (0.0049957, "0.5 %"),
        (0.005, "0.5 %"),
        (0.00501, "0.51 %"),
        (1.234e-5, "0.0013 %"),
        (0.139, "14 %"),
        (0.995, "100 %"),
        (1.0, "100 %"),
        (0.3, "30 %"),
        (1e-12, "0.0000000001 %"),
    ],
)
def test_a_bound_is_rounded_up_and_never_to_nothing(rate: float, text: str) -> None:
    assert percent(rate) == text
    assert float(text.removesuffix(" %")) / 100 >= rate * (1 - 1e-9)


def test_no_certificate_speaks_of_zero_percent() -> None:
    with pytest.raises(ValueError, match="zero"):
        percent(0.0)
    manifest = package_with(LOW, defects={"bright": sample([8.0] * 300)})
    for language in ("en", "zh"):
        assert " 0 %" not in "\n".join([*lines(issue(manifest), language), summary(issue(manifest), language)])
