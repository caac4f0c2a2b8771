"""What counts as catching an old escape, and what happens to a package that misses one."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.decision import Outcome
from training.data.dataset import Picture
from training.errors import RefusedForSafety
from training.evaluate import Judged
from training.rois import parted as rois
from training.rois.figures import RegionJudged
from training.splits.unseen import Caught, Unseen, caught_of, refuse_escapes
from training.splits.unseen_text import figures, section, sentences


def picture(name: str, label: str) -> Picture:
    return Picture(Path(name), name, label, name, name, (8, 8))


def judged(name: str, label: str, outcome: Outcome) -> Judged:
    return Judged(picture(name, label), 0.5, outcome, "", 1.0)


def test_only_ng_and_recheck_catch_an_old_escape() -> None:
    found = caught_of(
        "onnxruntime-cpu",
        [
            judged("a", "scratch", Outcome.OK),
            judged("b", "scratch", Outcome.NO_PART),
            judged("c", "scratch", Outcome.NG),
            judged("d", "scratch", Outcome.RECHECK),
            judged("e", "good", Outcome.OK),
            judged("f", "good", Outcome.NG),
        ],
    )
    assert found == Caught("onnxruntime-cpu", 4, ("a", "b"), ("f",))


def region(name: str, roi: str, label: str, outcome: Outcome) -> RegionJudged:
    return RegionJudged(picture(name, ""), roi, "screw", label, 0.5, outcome, label)


def test_a_part_is_caught_by_the_region_that_is_wrong_and_by_no_other() -> None:
    found = rois.caught_of(
        "onnxruntime-cpu",
        [
            region("a", "left", "hole", Outcome.OK),
            region("a", "right", "screw", Outcome.NG),
            region("b", "left", "hole", Outcome.OK),
            region("b", "right", "hole", Outcome.RECHECK),
            region("c", "left", "screw", Outcome.NG),
            region("c", "right", "screw", Outcome.OK),
        ],
    )
    assert found == Caught("onnxruntime-cpu", 2, ("a",), ("c",))


MISSED = Unseen(regression=(Caught("openvino", 2, ()), Caught("onnxruntime", 2, ("scratch/a.png",))))


def test_an_escape_on_one_runtime_refuses_the_package() -> None:
    with pytest.raises(RefusedForSafety, match=r"1 old escapes good: scratch/a\.png; .* --accept-escapes") as caught:
        refuse_escapes(MISSED, "")
    assert caught.value.exit_code == 4
    refuse_escapes(MISSED, "li answers for it")
    refuse_escapes(Unseen(regression=(Caught("openvino", 2, (), ("good/a.png",)),)), "")


def test_where_nothing_was_held_out_nothing_is_told() -> None:
    assert sentences(Unseen()) == [] and figures(Unseen()) is None and section(Unseen()) == ""


def test_names_are_escaped_in_the_report() -> None:
    shown = section(Unseen(regression=(Caught("openvino", 1, ("<b>.png",)),), accepted="<i>", notes=("n<1",)))
    assert "&lt;b&gt;.png" in shown and "accepted: &lt;i&gt;" in shown and "n&lt;1" in shown
