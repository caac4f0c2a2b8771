"""What pages and messages say of the station, gathered from what the stages know."""

from __future__ import annotations

import threading
from collections import deque

from appliance.domain.reasons import TEXTS
from appliance.domain.verdict import Verdict
from appliance.live import LiveDefect, LiveVerdict
from models.decision import Box, DefectClass, Detection, Outcome

_GROUP = 50
_GROUPS = 26
_WINDOW = 1024


class Telemetry:
    """Latency of the last answers and the NG rate by groups of 50 judged parts, since boot. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latencies_ms: deque[float] = deque(maxlen=_WINDOW)
        self._groups: deque[tuple[int, int]] = deque(maxlen=_GROUPS)
        self._judged = self._ng = 0

    def add(self, outcome: Outcome, latency_ms: float, *, golden: bool = False) -> None:
        """`golden` parts are chosen: they belong to no rate."""
        with self._lock:
            self._latencies_ms.append(latency_ms)
            if golden or outcome not in (Outcome.OK, Outcome.NG, Outcome.RECHECK):
                return
            self._judged += 1
            self._ng += outcome is Outcome.NG
            if self._judged == _GROUP:
                self._groups.append((self._judged, self._ng))
                self._judged = self._ng = 0

    @property
    def ng_rate(self) -> tuple[tuple[int, int], ...]:
        with self._lock:
            return tuple(self._groups)

    def latency_ms(self, quantile: float) -> float | None:
        """The quantile (0..1) of trigger → answer over the last 1,024 parts; None before the first."""
        with self._lock:
            ordered = sorted(self._latencies_ms)
        return round(ordered[min(len(ordered) - 1, int(quantile * len(ordered)))], 2) if ordered else None


def live_verdict(
    verdict: Verdict,
    classes: dict[str, DefectClass],
    *,
    size_px: tuple[int, int],
    picture: bool,
    latency_ms: float,
    decided_utc: str,
    view: Box | None = None,
) -> LiveVerdict:
    """The event for the pages.

    `size_px` is (width, height) of the picture, (0, 0) without one; `view` is what to show of it, None all.
    """
    reason = verdict.reasons[0]
    text_en, text_zh = TEXTS[reason]
    return LiveVerdict(
        id=verdict.id,
        number=verdict.part.number,
        inspection_id=verdict.part.inspection_id,
        outcome=verdict.outcome.value,
        decided_by=verdict.decided_by.value,
        reason=reason.value,
        reason_en=text_en,
        reason_zh=text_zh,
        score=verdict.score,
        ok_below=verdict.limits.ok_below if verdict.limits else None,
        ng_from=verdict.limits.ng_from if verdict.limits else None,
        defects=tuple(
            LiveDefect(
                label=found.label,
                code=found.code,
                name_en=_named(classes[found.label].name_en if found.label in classes else found.label, found),
                name_zh=_named(classes[found.label].name_zh if found.label in classes else found.label, found),
                score=found.score,
                box=(found.box.x, found.box.y, found.box.w, found.box.h),
                severity=found.severity.value,
                fate=found.fate.value,
                rule=found.rule,
            )
            for found in verdict.worst_first
        ),
        picture=picture,
        width_px=size_px[0],
        height_px=size_px[1],
        latency_ms=round(latency_ms, 2),
        decided_utc=decided_utc,
        golden=verdict.part.trigger.golden,
        view=(view.x, view.y, view.w, view.h) if view is not None else None,
    )


def _named(name: str, found: Detection) -> str:
    """A defect's name; of a named region also what it shows instead."""
    return f"{name}: {found.seen}" if found.seen else name
