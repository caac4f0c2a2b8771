"""What a recipe makes of what a model found: rules per class. A rule never turns a detection into silence.

    detection ─▶ rules of its class, in the zones it touches ─▶ keep       the model's word stands
                                                              ├▶ recheck    a person looks at the part
                                                              └▶ suppress   counted, shown gray, named in the result

Invariants, each with a test that goes red when it is broken:

1. As many detections come out as went in, in the same order; only fate, rule, limit and severity may change.
2. A part is made OK only where *every* detection is suppressed, they are all there is (`Decision.complete`), and none
   scores below the whole picture: what nothing found explains is not OK.
3. One detection that is kept lets the model's outcome stand. Nothing is ever made worse than the model said.
4. An unknown defect, and one that is critical by catalogue or by rule, is never suppressed.
5. The order of rules means nothing: where several speak of one detection, the strictest has it.

A detection reaches a rule when it reaches *any* of the figures that the rule names: a long thin scratch counts by its
length although its area is small. It belongs to every zone that its box touches, and to the rest of the picture unless
one zone with a rule for its class covers the whole box. Zones lie on the reference picture where the geometry aligns to
one: the box is carried there by the part's pose.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace

from models.decision import Box, Decision, Detection, Fate, Limits, Outcome, Severity, outcome_of
from models.manifest import UNKNOWN_DEFECT
from models.prepared import Pose
from models.zones import Zone

SUPPRESSED = "suppressed"
RECHECK_BY_RULE = "recheck_by_rule"
NOT_EXPLAINED = "score_not_explained"

_ROUNDING = 1e-6  # a map is float32, a picture's score is not
_STRICTEST_LAST = (Fate.SUPPRESSED, Fate.RECHECKED, Fate.KEPT)
_GRAVEST_LAST = (Severity.MINOR, Severity.MAJOR, Severity.CRITICAL)


@dataclass(frozen=True, slots=True)
class ClassRule:
    """How defects of one class are to be taken, in one zone or, without one, everywhere that no zone has a rule.

    A detection below every figure named here gets the fate `otherwise`; with no figure, all are kept. More than
    `max_count` such detections in one picture are kept, every one of them.

    Raises:
        ValueError: the rule contradicts itself, or would suppress what may not be.
    """

    name: str
    label: str
    zone: Zone | None = None
    min_score: float | None = None
    min_area_px: float | None = None
    min_area_mm2: float | None = None
    min_length_mm: float | None = None
    max_count: int | None = None
    severity: Severity | None = None
    otherwise: Fate = Fate.RECHECKED

    def __post_init__(self) -> None:
        if not self.name or ":" in self.name:
            raise ValueError("a rule needs a name without a colon")
        if self.otherwise is Fate.KEPT:
            raise ValueError(f'rule {self.name}: otherwise is "recheck" or "suppress"')
        if not self.has_figures and self.severity is None:
            raise ValueError(f"rule {self.name} says nothing; name a least score, area or length, or a severity")
        if not self.has_figures and (self.max_count is not None or self.otherwise is Fate.SUPPRESSED):
            raise ValueError(
                f"rule {self.name} would hold for every {self.label}, however large; name a least score, area or length"
            )
        if self.otherwise is Fate.SUPPRESSED and self.label == UNKNOWN_DEFECT:
            raise ValueError(f'rule {self.name}: an unknown defect is never suppressed; say otherwise = "recheck"')
        if self.otherwise is Fate.SUPPRESSED and self.severity is Severity.CRITICAL:
            raise ValueError(
                f'rule {self.name}: what is critical is never suppressed; use otherwise = "recheck" or another severity'
            )

    @property
    def has_figures(self) -> bool:
        return any(figure is not None for figure in self._figures)

    @property
    def in_mm(self) -> bool:
        """Whether the rule means anything only where a pixel's size is known."""
        return self.min_area_mm2 is not None or self.min_length_mm is not None

    @property
    def _figures(self) -> tuple[float | None, ...]:
        return (self.min_length_mm, self.min_area_mm2, self.min_area_px, self.min_score)

    def missed(self, detection: Detection) -> tuple[str, float] | None:
        """The first figure that the detection does not reach, when it reaches none; else None: it counts.

        What is not known reaches every figure.
        """
        found = (
            ("min_length_mm", self.min_length_mm, detection.length_mm),
            ("min_area_mm2", self.min_area_mm2, detection.area_mm2),
            ("min_area_px", self.min_area_px, detection.mask_area_px),
            ("min_score", self.min_score, detection.score),
        )
        named = [(word, least, value) for word, least, value in found if least is not None]
        if not named or any(value is None or not value < least for _, least, value in named):
            return None
        return named[0][0], named[0][1]


_Asked = list[ClassRule | None]  # None: a place where no rule speaks of the class, so that it counts


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of a recipe. `severities`: what the recipe makes of a class wherever it is found.

    Raises:
        ValueError: two rules speak of one class in one zone.
    """

    rules: tuple[ClassRule, ...] = ()
    severities: tuple[tuple[str, Severity], ...] = ()

    def __post_init__(self) -> None:
        places = Counter((rule.label, rule.zone.name if rule.zone else "") for rule in self.rules)
        for (label, zone), count in places.items():
            if count > 1:
                where = f"in zone {zone}" if zone else "without a zone"
                raise ValueError(f"{count} rules speak of {label} {where}; make one rule of them")
        names = Counter(rule.name for rule in self.rules)
        for name, count in names.items():
            if count > 1:
                raise ValueError(f"{count} rules have the name {name}; give each its own")

    def apply(self, decision: Decision, pose: Pose | None = None) -> Decision:
        """The decision with a fate for every detection, and the outcome that follows; see the module's invariants.

        `pose`: where the part lies, from the camera picture to the one that the zones were drawn on.
        """
        if not (self.rules or self.severities) or decision.outcome is Outcome.OK or not decision.detections:
            return decision
        asked = [self._asked(detection.label, _seen_by(pose, detection.box)) for detection in decision.detections]
        crowded = self._crowded(decision.detections, asked)
        ruled = tuple(
            self._ruled(detection, rules, crowded) for detection, rules in zip(decision.detections, asked, strict=True)
        )
        return _concluded(replace(decision, detections=ruled))

    def provable(self, decision: Decision, limits: Limits) -> Outcome:
        """The best outcome that a decision's own figures prove under these limits and rules.

        Its scores alone decide, but where detections were filtered by a rule that stands here and allows it. The
        zones are not asked again: this is what a station holds against a decision before it believes it.
        """
        by_score = outcome_of(decision.score, limits)
        if by_score is Outcome.OK or not decision.detections or not all(map(self._proven, decision.detections)):
            return by_score
        if self._crowded_by_name(decision.detections):
            return by_score
        if all(found.fate is Fate.SUPPRESSED for found in decision.detections) and _explained(decision):
            return Outcome.OK
        return Outcome.RECHECK

    def _asked(self, label: str, box: Box) -> _Asked:
        """The rules of the zones that a box touches, and the general one, or None, where it leaves them."""
        own = [rule for rule in self.rules if rule.label == label]
        zoned: _Asked = [rule for rule in own if rule.zone is not None and rule.zone.touches(box)]
        if any(rule is not None and rule.zone is not None and rule.zone.covers(box) for rule in zoned):
            return zoned
        return [*zoned, next((rule for rule in own if rule.zone is None), None)]

    def _crowded(self, detections: tuple[Detection, ...], asked: list[_Asked]) -> set[str]:
        """The rules that filter more detections than they may."""
        filtered = Counter(
            rule.name
            for detection, rules in zip(detections, asked, strict=True)
            for rule in rules
            if rule is not None and rule.missed(detection) is not None
        )
        return {rule.name for rule in self.rules if rule.max_count is not None and filtered[rule.name] > rule.max_count}

    def _ruled(self, detection: Detection, rules: _Asked, crowded: set[str]) -> Detection:
        severity = self._severity(detection, rules)
        strictest = max(
            (self._fate(detection, severity, rule, crowded) for rule in rules),
            key=lambda fate: (_STRICTEST_LAST.index(fate[0]), fate[1]),
        )
        fate, rule, limit = strictest
        return replace(detection, severity=severity, fate=fate, rule=rule, limit=limit)

    def _severity(self, detection: Detection, rules: _Asked) -> Severity:
        """The gravest of what each place makes of it: its rule's, else the recipe's for the class, or the package's."""
        own = dict(self.severities).get(detection.label, detection.severity)
        return max(
            (rule.severity if rule is not None and rule.severity is not None else own for rule in rules),
            key=_GRAVEST_LAST.index,
        )

    def _fate(
        self, detection: Detection, severity: Severity, rule: ClassRule | None, crowded: set[str]
    ) -> tuple[Fate, str, float | None]:
        missed = None if rule is None else rule.missed(detection)
        if rule is None or missed is None:
            return Fate.KEPT, "", None
        if rule.name in crowded:
            return Fate.KEPT, f"{Fate.KEPT}:{rule.name}:max_count", float(rule.max_count or 0)
        if rule.otherwise is Fate.SUPPRESSED and not _may_be_suppressed(detection, severity):
            return Fate.KEPT, "", None
        figure, limit = missed
        return rule.otherwise, f"{rule.otherwise}:{rule.name}:{figure}", limit

    def _proven(self, detection: Detection) -> bool:
        """Whether a rule that stands here filters this detection as it says."""
        rule = self._named_by(detection)
        if rule is None or rule.label != detection.label or rule.otherwise is not detection.fate:
            return False
        if detection.fate is Fate.SUPPRESSED and not _may_be_suppressed(detection, detection.severity):
            return False
        return rule.missed(detection) is not None

    def _named_by(self, detection: Detection) -> ClassRule | None:
        parts = detection.rule.split(":")
        return next((rule for rule in self.rules if len(parts) == 3 and rule.name == parts[1]), None)

    def _crowded_by_name(self, detections: tuple[Detection, ...]) -> bool:
        filtered = Counter(rule.name for rule in map(self._named_by, detections) if rule is not None)
        return any(rule.max_count is not None and filtered[rule.name] > rule.max_count for rule in self.rules)


NO_RULES = RuleSet()


def _seen_by(pose: Pose | None, box: Box) -> Box:
    """The smallest box that covers this one where the part lies as in the reference picture."""
    if pose is None:
        return box
    # Poses speak of pixel centres, boxes of pixel edges.
    corners = [(x - 0.5, y - 0.5) for x in (box.x, box.x + box.w) for y in (box.y, box.y + box.h)]
    (left, right), (top, bottom) = (
        (math.floor(min(along) + 0.5), math.ceil(max(along) + 0.5))
        for along in ([row[0] * x + row[1] * y + row[2] for x, y in corners] for row in pose.matrix)
    )
    return Box(left, top, max(right - left, 1), max(bottom - top, 1))


def _may_be_suppressed(detection: Detection, severity: Severity) -> bool:
    return detection.label != UNKNOWN_DEFECT and Severity.CRITICAL not in (detection.severity, severity)


def _explained(decision: Decision) -> bool:
    """Whether what was found is all there is to the picture's score."""
    highest = max(found.score for found in decision.detections)
    return decision.complete and decision.score <= highest + _ROUNDING


def _concluded(decision: Decision) -> Decision:
    """The outcome and reasons that follow from the fates."""
    fates = {found.fate for found in decision.detections}
    notes = (SUPPRESSED,) if Fate.SUPPRESSED in fates else ()
    if Fate.KEPT in fates:
        return replace(decision, reasons=(*decision.reasons, *notes))
    if fates == {Fate.SUPPRESSED}:
        if _explained(decision):
            return replace(decision, outcome=Outcome.OK, reasons=notes)
        return replace(decision, outcome=Outcome.RECHECK, reasons=(NOT_EXPLAINED, *notes))
    return replace(decision, outcome=Outcome.RECHECK, reasons=(RECHECK_BY_RULE, *notes))
