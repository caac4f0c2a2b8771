"""Groups from pairs: no chain over one lucky pair, whatever the order of the links."""

from __future__ import annotations

from itertools import combinations

from training.check.linkage import linked


def _all_pairs(*members: int) -> list[tuple[float, int, int]]:
    return [(2.0, one, other) for one, other in combinations(members, 2)]


def test_a_single_link_makes_a_pair() -> None:
    assert linked(4, [(1.0, 3, 1)]) == ((1, 3),)


def test_one_link_does_not_tie_two_groups_together() -> None:
    links = [*_all_pairs(0, 1, 2), *_all_pairs(3, 4, 5), (1.0, 2, 3)]
    assert linked(6, links) == ((0, 1, 2), (3, 4, 5))


def test_two_links_that_meet_in_one_picture_do_not_tie_two_groups_together() -> None:
    links = [*_all_pairs(0, 1, 2), *_all_pairs(3, 4, 5), (1.0, 2, 3), (1.0, 2, 4)]
    assert linked(6, links) == ((0, 1, 2), (3, 4, 5))


def test_two_links_with_different_ends_tie_two_groups_together() -> None:
    links = [*_all_pairs(0, 1, 2), *_all_pairs(3, 4, 5), (1.0, 2, 3), (1.0, 1, 4)]
    assert linked(6, links) == ((0, 1, 2, 3, 4, 5),)


def test_a_picture_needs_two_links_to_join_three() -> None:
    assert linked(4, [*_all_pairs(0, 1, 2), (1.0, 2, 3)]) == ((0, 1, 2),)
    assert linked(4, [*_all_pairs(0, 1, 2), (1.0, 2, 3), (1.0, 0, 3)]) == ((0, 1, 2, 3),)


def test_links_found_before_a_group_grew_still_count_for_it() -> None:
    # 2-3 comes first and carries nothing alone; 1-4 comes when both groups have grown.
    links = [*_all_pairs(0, 1, 2), *_all_pairs(3, 4, 5), (1.5, 2, 3), (1.0, 1, 4)]
    assert linked(6, links) == ((0, 1, 2, 3, 4, 5),)
    assert linked(6, list(reversed(links))) == ((0, 1, 2, 3, 4, 5),)


def test_nothing_linked_is_no_group() -> None:
    assert linked(3, []) == ()
