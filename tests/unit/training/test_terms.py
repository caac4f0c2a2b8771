"""Ways to make one score of logits and distance: weighed by good parts, chosen by what is told apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from models.heads import Evidence
from tests.unit.training.fitting.test_fit import features
from training.features import Seen
from training.fitting.candidates import DEFAULT
from training.fitting.crossfit import CrossFit
from training.fitting.fit import Fitted, fit
from training.fitting.sample import Sample
from training.metrics.ranking import auroc
from training.terms import Way, entry_for, evidence_of, mask_from, ranked, tried_with, ways

RNG = np.random.default_rng(1)
GOOD = [Evidence(float(d), float(m), float(i)) for d, m, i in RNG.normal((5, -4, -3), (1, 0.5, 0.25), (40, 3))]
BAD = [Evidence(float(d), float(m), float(i)) for d, m, i in RNG.normal((5, 2, 3), (1, 0.5, 0.25), (20, 3))]


def test_every_way_has_a_logit_and_comes_with_and_without_the_distance() -> None:
    found = list(ways())
    assert len(set(found)) == len({str(way) for way in found}) == 6
    assert all(way.map or way.image for way in found) and sum(way.distance for way in found) == 3


@pytest.mark.parametrize("way", list(ways()), ids=str)
def test_terms_weigh_what_the_way_names(way: Way) -> None:
    entry = entry_for(way, ("scratch",), GOOD, 0.5)
    assert (entry.map.weight > 0, entry.image_logit.weight > 0, entry.distance.weight > 0) == (
        way.map,
        way.image,
        way.distance,
    )
    assert entry.mask_from == 0.5
    # What an ordinary good part has does not count as distance, and what is more than that does.
    assert sum(one.distance > entry.distance.above for one in GOOD) == len(GOOD) / 2
    ordinary, odd = (Evidence(distance, -4.0, -3.0).raw(entry) for distance in (4.5, 6.5))
    assert (odd > ordinary) is way.distance
    raws = [one.raw(entry) for one in GOOD]
    assert np.ptp(raws) > 0 and min(one.raw(entry) for one in BAD) > max(raws)


def test_the_distance_finds_what_nobody_showed_and_stays_unless_it_harms() -> None:
    unknown = Evidence(40.0, -4.0, -3.0)
    kept, left = (entry_for(Way(True, True, distance), ("scratch",), GOOD, 0.0) for distance in (True, False))
    assert unknown.raw(kept) > max(one.raw(kept) for one in GOOD)
    assert unknown.raw(left) < max(one.raw(left) for one in GOOD)
    fitted = _fitted()
    results = {way: tried_with(fitted, entry_for(way, (), GOOD, 0.0), way, GOOD, BAD) for way in ways()}
    found = ranked(list(results.values()))
    assert all("distance" in one.candidate.terms for one in found[:3]), "all tell the known defects alike"


def tried(terms: str, good: NDArray[np.float64], bad: NDArray[np.float64]) -> CrossFit:
    return CrossFit(replace(DEFAULT, terms=terms), (), (), good, bad)


def test_the_distance_is_given_up_only_beyond_what_chance_explains() -> None:
    rng = np.random.default_rng(0)
    few, many = ((rng.normal(0, 1, count), rng.normal(3, 1, count)) for count in (60, 4000))
    for (good, bad), kept in ((few, True), (many, False)):
        worse = tried("image + distance", good + rng.normal(0, 0.6, len(good)), bad + rng.normal(0, 0.6, len(bad)))
        better = tried("image", good, bad)
        gained = 100 * (auroc(good, bad) - auroc(worse.good, worse.defective))
        assert gained > 0.2, "more points than keeping it is worth, were they no chance"
        assert ranked([better, worse])[0] is (worse if kept else better)


def test_a_gap_decides_only_where_as_much_is_told() -> None:
    good, bad = np.linspace(0, 1, 41), np.append(np.linspace(1.1, 5, 40), 0.9)
    wide = tried("map + distance", np.append(good[:-1], 4.9), np.append(np.linspace(50, 90, 40), 0.5))
    close = tried("image + distance", good, bad)
    assert auroc(close.good, close.defective) > auroc(wide.good, wide.defective)
    assert ranked([wide, close])[0] is close and ranked([close, wide])[0] is close
    far = tried("image + map + distance", good, bad + 0.6)
    assert ranked([tried("image + distance", good, bad + 0.2), far])[0] is far, "both tell all"


def _drawn(logit: float, side: int, halo: float) -> tuple[Seen, tuple[NDArray[np.bool_]]]:
    """A square that the head sees, its mask, and a border around it that the head thinks likely as well."""
    logits = np.full((2, 32, 32), -4.0, np.float32)
    logits[0, 2 : 6 + side, 2 : 6 + side] = halo
    logits[0, 4 : 4 + side, 4 : 4 + side] = logit
    mask = np.zeros((64, 64), np.bool_)
    mask[8 : 8 + 2 * side, 8 : 8 + 2 * side] = True
    maps = tuple(np.zeros((1, 64 // stride, 64 // stride), np.float32) for stride in (4, 8, 16))
    return Seen(((*maps, logits),)), (mask,)


def test_pixels_count_as_defective_from_where_masks_are_met_best() -> None:
    seen, mask = _drawn(1.6, 8, -4.0)
    # Half-way between two places of the map, and in the square's corners.
    assert -2.6 <= mask_from([seen], [mask], ["crack"]) <= -1.0
    assert mask_from([seen], [(None,)], ["crack"]) == 0.0
    assert mask_from([], [], []) == 0.0


def test_large_defects_do_not_say_where_small_ones_begin() -> None:
    # What the head thinks likely around the small one is not defective; the large one's edges are not so sure.
    large, small = _drawn(0.5, 24, -4.0), _drawn(3.0, 2, 0.0)
    seen, masks = [large[0], small[0]], [large[1], small[1]]
    assert mask_from(seen, masks, ["uneven", "uneven"]) < 0.0 < mask_from(seen, masks, ["uneven", "crack"]) <= 0.5


def test_evidence_is_what_distance_and_heads_say() -> None:
    fitted = _fitted()
    head = np.full((2, 32, 32), -3.0, np.float32)
    head[0, 3, 3] = 2.5
    image = np.array([1.25, 0.0], np.float32).reshape(2, 1, 1)
    base = features(5)
    seen = Seen(((*base.views[0], head, image),))
    (found,) = evidence_of(fitted, ("scratch",), [seen])
    assert found.map == 2.5 and found.image == 1.25
    assert found.distance == pytest.approx(fitted.scorer(base.views[0][1:]).raw)


def _fitted() -> Fitted:
    return fit(DEFAULT, Sample([features(seed) for seed in range(4)], []), 0)
