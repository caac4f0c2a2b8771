"""Golden parts and drift in the words of the live stream."""

from __future__ import annotations

from collections import Counter

from appliance.domain.golden import GoldenPhase
from appliance.drift_desk import DriftDesk
from appliance.golden_desk import GoldenView
from appliance.live import LiveDrift, LiveGolden, LiveGoldenPart


def live_golden(view: GoldenView) -> LiveGolden | None:
    """None where the recipe names no golden parts."""
    if view.phase is GoldenPhase.NOT_ASKED:
        return None
    left = Counter(view.remaining)
    came_out = {part: [show.as_expected for show in view.shows if show.part == part] for part in view.parts}
    state = view.state
    return LiveGolden(
        phase=view.phase.value,
        cause=view.cause.value if view.cause else None,
        text_en=state.text_en,
        text_zh=state.text_zh,
        by_serial=view.order == "serial",
        next=view.remaining[0].name if view.remaining and view.order == "listed" else None,
        parts=tuple(
            LiveGoldenPart(
                name=part.name,
                serial=part.serial,
                expected=part.expected.value,
                expected_class=part.label,
                left=left[part],
                as_expected=all(came_out[part]) if came_out[part] else None,
            )
            for part in view.parts
        ),
        valid_until=view.valid_until.isoformat(timespec="seconds") if view.valid_until else None,
    )


def live_drift(drift: DriftDesk) -> LiveDrift | None:
    """None where the recipe does not have drift watched."""
    view, state = drift.view, drift.state
    if not view.watched and not view.drifted:
        return None
    return LiveDrift(
        watched=tuple(trait.value for trait in view.watched),
        drifted=tuple(found.trait.value for found in view.drifted),
        resetting=view.resetting,
        text_en=state.text_en,
        text_zh=state.text_zh,
    )
