"""COCO's run lengths: against pycocotools both ways, and what must not reach any decoder."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco_masks

from training.data.marks import Mask
from training.errors import NotThere
from training.formats.run_lengths import compressed, parse_run_lengths

MASKS = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=30), elements=st.booleans())


@settings(max_examples=150, deadline=None)
@given(MASKS)
def test_both_spellings_of_any_mask_come_back(mask: Mask) -> None:
    said = compressed(mask)
    read = parse_run_lengths(said)
    assert (read.decode() == mask).all() and read.size == (mask.shape[1], mask.shape[0])
    listed = parse_run_lengths({"size": list(mask.shape), "counts": list(read.counts)})
    assert (listed.decode() == mask).all()
    assert (np.asarray(coco_masks.decode(said), np.bool_) == mask).all()


def test_the_first_run_is_outside_and_runs_go_down_the_columns() -> None:
    mask = parse_run_lengths({"size": [3, 2], "counts": [1, 3, 2]}).decode()
    assert mask.tolist() == [[False, True], [True, False], [True, False]]


def test_long_runs_need_several_letters() -> None:
    mask = np.zeros((3000, 4000), np.bool_)
    mask[1000:2000, 1500:2500] = True
    assert (parse_run_lengths(compressed(mask)).decode() == mask).all()


@pytest.mark.parametrize(
    ("size", "counts", "said"),
    [
        (None, [6], "need a size"),
        ([3], [6], "need a size"),
        ([3, "2"], [6], "need a size"),
        ([3.5, 2], [6], "need a size"),
        ([0, 2], [], "need a size"),
        ([-3, -2], [6], "need a size"),
        ([2**31, 2**31], [6], "no picture"),
        ([3, 2], None, "need counts"),
        ([3, 2], [3.0, 3.0], "need counts"),
        ([3, 2], [], "do not fill"),
        ([3, 2], [5], "do not fill"),
        ([3, 2], [7], "do not fill"),
        ([3, 2], [-1, 7], "do not fill"),
        ([3, 2], [2**62, 2**62], "do not fill"),
        ([3, 2], "", "damaged"),
        ([3, 2], "é", "damaged"),
        ([3, 2], "\x01", "damaged"),
        ([3, 2], "12P", "damaged"),
        ([3, 2], "oooooooo1", "damaged"),
        ([3, 2], "122", "do not fill"),
    ],
)
def test_what_fills_no_picture_is_refused(size: object, counts: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_run_lengths({"size": size, "counts": counts})


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(min_codepoint=40, max_codepoint=120), max_size=40))
def test_any_text_is_a_whole_mask_or_refused(text: str) -> None:
    try:
        mask = parse_run_lengths({"size": [9, 7], "counts": text}).decode()
    except ValueError:
        return
    assert mask.shape == (9, 7)


def test_without_the_library_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycocotools.mask", None)
    with pytest.raises(NotThere, match=r"pycocotools.*install okng\[data\]"):
        compressed(np.ones((2, 2), np.bool_))
