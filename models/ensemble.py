"""Two models that look at one picture, as one: what becomes of their two words stands in `models.combine`.

A picture that one of them finds unfit is unfit; one of them failing is the failure of both.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.combine import Combine, combine
from models.decision import DefectClass, Limits, Unfit
from models.detector import Detector, Inspection, ModelInfo
from models.prepared import Prepared
from models.rules import NO_RULES, RuleSet


class Ensemble:
    """Two detectors as one; used by one thread at a time. `limits`: the second's, where not its package's own."""

    def __init__(self, first: Detector, second: Detector, limits: Limits | None, how: Combine) -> None:
        self.members = (first, second)
        self.info = joint_info(first.info, second.info)
        self._limits = limits
        self._how = how

    def inspect(self, image: NDArray[np.uint8], limits: Limits | None = None, rules: RuleSet = NO_RULES) -> Inspection:
        """Both judge one camera picture, one after the other; `limits` are the first's, `prepared` has its input.

        Neither network is asked where the verdict is certain without.

        Raises:
            BadPicture, InferenceError: as `Detector.inspect`, from either.
        """
        started = time.perf_counter_ns()
        ready = [member.prepare(image) for member in self.members]
        prepared = joint_prepared(ready, [member.teaches_presence for member in self.members])
        preprocess_ns = time.perf_counter_ns() - started
        if prepared.settled:
            skipped = tuple(Inspection(one, None, None, 0, 0, 0) for one in ready)
            return Inspection(prepared, None, None, preprocess_ns, 0, 0, skipped)
        own = (limits, self._limits)
        judged = tuple(
            member.judge(one, each, rules) for member, one, each in zip(self.members, ready, own, strict=True)
        )
        decision = combine([one.decision for one in judged], [one.id for one in self.info.members], self._how)
        infer_ns, score_ns = sum(one.infer_ns for one in judged), sum(one.score_ns for one in judged)
        return Inspection(prepared, None, decision, preprocess_ns, infer_ns, score_ns, judged)

    def close(self) -> None:
        for member in self.members:
            member.close()


def joint_prepared(prepared: Sequence[Prepared], teach_presence: Sequence[bool]) -> Prepared:
    """The first one's input with what all of them together say of the picture.

    Unfit when one finds it unfit, by what weighs most; empty only when every one that was taught what empty looks like
    finds it so.
    """
    flaws = [one.unfit for one in prepared if one.unfit is not None]
    # A part that only looks moved may yet be NG; whatever else is wrong may not.
    unfit = next((flaw for flaw in flaws if flaw is not Unfit.MOVED), flaws[0] if flaws else None)
    asked = [one.empty for one, taught in zip(prepared, teach_presence, strict=True) if taught]
    return replace(prepared[0], unfit=unfit, empty=bool(asked) and all(asked))


def joint_info(first: ModelInfo, second: ModelInfo) -> ModelInfo:
    """Both models as one: "a+b"; the hash is sha256 of both packages' hashes, each on a line, in the recipe's order."""
    members = _told_apart(first, second)
    lines = "".join(f"{one.hash}\n" for one in members)
    doubts = [f"{one.id}: {one.certification}" for one in members if not one.certified]
    return replace(
        members[0],
        id="+".join(one.id for one in members),
        version="+".join(one.version for one in members),
        hash="sha256:" + hashlib.sha256(lines.encode()).hexdigest(),
        runtime="+".join(dict.fromkeys(one.runtime for one in members)),
        classes=_joint_classes(members),
        certified=all(one.certified for one in members),
        certification="; ".join(doubts or dict.fromkeys(one.certification for one in members)),
        # The picture's traits are the first one's; a score that is now one model's and now the other's has no usual.
        typical={name: usual for name, usual in first.typical.items() if name != "score"},
        members=members,
    )


def _told_apart(first: ModelInfo, second: ModelInfo) -> tuple[ModelInfo, ModelInfo]:
    """With names that differ, also where one package stands there twice."""
    if first.id != second.id:
        return first, second
    return replace(first, id=f"{first.id}-1"), replace(second, id=f"{second.id}-2")


def _joint_classes(members: Sequence[ModelInfo]) -> tuple[DefectClass, ...]:
    """The rows of all catalogues by code; where both have a class, the first one's names."""
    by_label = {row.label: row for one in reversed(members) for row in one.classes}
    return tuple(sorted(by_label.values(), key=lambda row: row.code))
