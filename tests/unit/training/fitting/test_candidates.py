"""What a candidate is called, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

from training.data.augment import ViewKind
from training.fitting.candidates import DEFAULT, KINDS, Candidate
from training.terms import ways


def test_every_candidate_has_a_chinese_name_without_english_words() -> None:
    for kind, shape, scaling in KINDS:
        for views in ("none", *get_args(ViewKind)):
            for terms in ("", *(str(way) for way in ways())):
                said = Candidate(kind, shape, scaling, views, 1.0, terms).said
                assert said.en.startswith(terms) and kind in said.en
                assert not re.search("[A-Za-z]", said.zh), said.zh


def test_two_candidates_have_two_names() -> None:
    others = [DEFAULT, replace(DEFAULT, taught=1.0), replace(DEFAULT, views="none"), replace(DEFAULT, terms="map")]
    assert len({one.said.en for one in others}) == len({one.said.zh for one in others}) == len(others)
