"""What a stage that looks at pictures is, and where its conclusions go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from appliance.domain.device import DeviceState
from appliance.domain.parts import Frame, Part
from appliance.domain.reasons import Reason
from appliance.domain.verdict import Verdict
from models.decision import Decision, Scores
from models.prepared import Prepared


class Seen(Protocol):
    """What a model saw of a picture and made of it: what evidence keeps.

    `scores` and `decision` are None where the network was not asked; `prepared` says why. `members`: what each of two
    models saw.
    """

    @property
    def prepared(self) -> Prepared: ...
    @property
    def scores(self) -> Scores | None: ...
    @property
    def decision(self) -> Decision | None: ...
    @property
    def members(self) -> Sequence[Seen]: ...


class Way(Protocol):
    """The way on from a stage; `appliance.pipeline.flow.Flow` is one."""

    def conclude(self, verdict: Verdict, frame: Frame | None = None, seen: Seen | None = None) -> None:
        """Write a verdict into the ledger and take it on."""

    def fail(self, part: Part, reason: Reason, frame: Frame | None = None) -> None:
        """Close a part as ERROR."""


class PictureStage(Protocol):
    """Concludes or fails every part that it is handed, on a thread of its own; `idle` is called while none waits.

    `pictures` says whether the last picture was fit for its purpose.
    """

    @property
    def pictures(self) -> DeviceState: ...
    def handle(self, jobs: Sequence[tuple[Part, Frame]]) -> None: ...
    def idle(self) -> None: ...
