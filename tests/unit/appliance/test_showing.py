"""Pictures for the pages: encoded for those who watch, and a few for those who come later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from appliance.clock import SystemClock
from appliance.config.schema import Config
from appliance.domain.parts import Frame
from appliance.live import LiveStatus, LiveVerdict
from appliance.pipeline.record import Conclusion
from appliance.showing import Showing
from appliance.sinks.live import LiveServer
from appliance.store.pictures import PictureArchive
from models.decision import Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.evidence import make_shelves
from tests.fakes.kits import kits_of
from tests.fakes.parts import make_ledger, make_trigger, make_verdict
from tests.fakes.waiting import until


class Pages:
    """Stands for the live server: whether someone watches, and what was said."""

    watched = False
    dropped = cut_off = 0

    def __init__(self) -> None:
        self.verdicts: list[LiveVerdict] = []

    def publish_verdict(self, verdict: LiveVerdict) -> None:
        self.verdicts.append(verdict)

    def publish_status(self, status: LiveStatus) -> None:
        """Nobody asks for it here."""


class Line:
    """A `Showing` with its thread, fed one part after the other at times of the test's choice."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.pages, self.folder = FakeClock(), Pages(), folder / "live"
        archive = PictureArchive(self.folder, folder / "pictures", make_shelves(folder), keep=False, keep_ok=False)
        self.showing = Showing(
            cast(Config, None),
            kits_of(),
            pictures=archive,
            live=cast(LiveServer, self.pages),
            clock=cast(SystemClock, WallClock(self.clock)),
        )
        self.showing.start()
        self.count = 0

    def answer(self, outcome: Outcome) -> bool:
        """One more part; whether it got a picture."""
        self.count += 1
        part = make_ledger(self.clock).admit(make_trigger(self.clock))
        assert part is not None
        verdict = make_verdict(part, outcome, self.clock, f"{outcome}-{self.count}")
        self.showing.answered(Conclusion(verdict, Frame("fake", self.count, 0, np.zeros((32, 32, 3), np.uint8))))
        until(lambda: len(self.pages.verdicts) == self.count, "the part is shown")
        shown = self.pages.verdicts[-1].picture
        assert shown == (self.folder / f"{verdict.id}.jpg").exists(), "the page is told the truth about the picture"
        return shown


class WallClock:
    """A `FakeClock` that can also tell when a moment was."""

    def __init__(self, clock: FakeClock) -> None:
        self.monotonic_ns: Callable[[], int] = clock.monotonic_ns
        self.utc = clock.utc

    def utc_of(self, monotonic_ns: int) -> object:
        return self.utc()


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path)


def test_who_watches_sees_every_part(line: Line) -> None:
    line.pages.watched = True
    assert [line.answer(Outcome.OK) for _ in range(3)] == [True, True, True]
    line.showing.stop(5)


def test_with_nobody_there_good_parts_get_a_picture_twice_a_second_and_others_always(line: Line) -> None:
    assert line.answer(Outcome.OK)
    assert not line.answer(Outcome.OK)
    line.clock.advance_ms(499)
    assert not line.answer(Outcome.OK)
    line.clock.advance_ms(2)
    assert line.answer(Outcome.OK)
    assert line.answer(Outcome.NG)
    assert line.answer(Outcome.ERROR)
    line.showing.stop(5)
