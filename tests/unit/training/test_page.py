"""A page says everything in both languages and escapes what comes from outside."""

from __future__ import annotations

import numpy as np

from training.page import figure, heading, page, paragraph, table
from training.text import Text


def test_every_sentence_stands_in_both_languages_and_one_switch_chooses() -> None:
    text = page("data", [heading(Text("Sizes", "尺寸")), paragraph(Text("All equal", "全部相同"))])
    assert text.count('lang="en">Sizes<') == 1 and text.count('lang="zh-Hans">尺寸<') == 1
    assert text.count('type="radio"') == 2 and "全部相同" in text


def test_names_from_outside_are_escaped_everywhere() -> None:
    evil = "<script>alert(1)</script>"
    image = np.zeros((4, 4), np.uint8)
    text = page(evil, [heading(evil), paragraph(evil), table((evil,), [(evil, Text(evil, evil))]), figure(evil, image)])
    assert "<script>alert" not in text and text.count("&lt;script&gt;") == 8


def test_a_page_needs_nothing_from_elsewhere() -> None:
    text = page("x", [figure("part", np.zeros((4, 4, 3), np.uint8))])
    assert "data:image/jpeg;base64," in text and "http" not in text
