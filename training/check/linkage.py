"""From pairs that agree to groups, without chains: one lucky pair never ties two groups together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


def linked(count: int, links: Iterable[tuple[float, int, int]]) -> tuple[tuple[int, ...], ...]:
    """Groups of two and more among `count` things, sorted; `links` are (strength, one, other).

    The strongest links are followed first. Two groups of which one has several members grow together when at least
    two links with different ends lead from one to the other; a single thing joins by two links as well, or by one to
    a pair.
    """
    member = list(range(count))
    groups = {index: [index] for index in range(count)}
    between: dict[frozenset[int], list[tuple[int, int]]] = {}
    for _, one, other in sorted(links, reverse=True):
        first, second = member[one], member[other]
        if first == second:
            continue
        pair = frozenset((first, second))
        between.setdefault(pair, []).append((one, other))
        if _carries(between[pair], len(groups[first]), len(groups[second])):
            _unite(first, second, member, groups, between)
    return tuple(sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1))


def _carries(links: list[tuple[int, int]], first: int, second: int) -> bool:
    if first + second <= 3:
        return True
    ends = Counter(end for link in links for end in link)
    if min(first, second) == 1:
        return len(links) >= 2
    # Some two links without a common end: were there none, all would meet in one thing.
    return len(links) >= 2 and max(ends.values()) < len(links)


def _unite(
    first: int,
    second: int,
    member: list[int],
    groups: dict[int, list[int]],
    between: dict[frozenset[int], list[tuple[int, int]]],
) -> None:
    """The smaller group's members and links go to the larger one."""
    kept, gone = (first, second) if len(groups[first]) >= len(groups[second]) else (second, first)
    for index in groups[gone]:
        member[index] = kept
    groups[kept] += groups.pop(gone)
    for pair in [pair for pair in between if gone in pair]:
        links = between.pop(pair)
        if pair != frozenset((kept, gone)):
            (elsewhere,) = pair - {gone}
            between.setdefault(frozenset((kept, elsewhere)), []).extend(links)
