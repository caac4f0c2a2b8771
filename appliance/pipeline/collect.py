"""Picture → data set: nothing is judged, every picture is kept before its part is answered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from appliance.domain.clock import Clock
from appliance.domain.device import DeviceState
from appliance.domain.judge import strange_to
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Frame, Part
from appliance.domain.reasons import Reason
from appliance.domain.stages import Meter, Stage
from appliance.domain.verdict import DecidedBy, Verdict
from appliance.pipeline.way import Way
from models.decision import Outcome

_log = logging.getLogger(__name__)


class Keeper(Protocol):
    """Where pictures are kept."""

    @property
    def state(self) -> DeviceState: ...

    def keep(self, part: Part, frame: Frame) -> str | None:
        """The picture's name in the data set once it is safe on disk, or None: it was not kept."""

    def idle(self) -> None:
        """Called while no part waits."""


class CollectStage:
    """RECHECK for every part whose picture was kept: nobody judged it, so a person decides. ERROR for the others.

    A picture is kept even when its part's deadline has passed meanwhile. One that may show another part is not: it
    would stand under the wrong part's name.
    """

    def __init__(
        self,
        keeper: Keeper,
        *,
        exposure_within_ns: int,
        ledger: Ledger,
        clock: Clock,
        meter: Meter,
        new_id: Callable[[], str],
        way: Way,
    ) -> None:
        self.pictures = DeviceState("ok")
        """A picture that is unfit to be judged may be just what is to be collected."""
        self._keeper = keeper
        self._exposure_within_ns = exposure_within_ns
        self._ledger = ledger
        self._clock = clock
        self._meter = meter
        self._new_id = new_id
        self._way = way

    def handle(self, jobs: Sequence[tuple[Part, Frame]]) -> None:
        for part, frame in jobs:
            reason = strange_to(part, frame, self._exposure_within_ns)
            if reason is None:
                self._keep(part, frame)
            else:
                self._way.fail(part, reason, frame)

    def idle(self) -> None:
        self._keeper.idle()

    def _keep(self, part: Part, frame: Frame) -> None:
        self._meter.observe(Stage.WAIT, self._clock.monotonic_ns() - frame.captured_ns)
        name = self._keeper.keep(part, frame)
        if self._keeper.state.state != "ok":
            self._ledger.shut()
        if name is None:
            _log.error("part %d: its picture was not kept: %s", part.number, self._keeper.state.text_en)
            self._way.fail(part, Reason.NOT_KEPT, frame)
            return
        verdict = Verdict(
            id=self._new_id(),
            part=part,
            outcome=Outcome.RECHECK,
            decided_by=DecidedBy.RULE,
            reasons=(Reason.COLLECTED,),
            decided_ns=self._clock.monotonic_ns(),
            captured_ns=frame.captured_ns,
            picture=name,
        )
        self._way.conclude(verdict, frame)
