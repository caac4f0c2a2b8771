"""The figures a station tells: what its parts know, put together in one message."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest

from appliance.clock import SystemClock
from appliance.config.schema import Config
from appliance.domain.device import DeviceState
from appliance.domain.readiness import Hindrance
from appliance.domain.reasons import Reason
from appliance.domain.stages import Stage
from appliance.live_metrics import DropCause, LiveMetrics, WorkerName
from appliance.machine import Machine
from appliance.measuring import Measuring, Sources
from appliance.pipeline.histograms import StageHistograms
from appliance.showing import Showing
from appliance.sinks.live import LiveServer
from appliance.store.journal import Journal
from appliance.store.pictures import PictureArchive
from models.decision import Outcome
from models.detector import ModelInfo
from tests.fakes.clock import FakeClock
from tests.fakes.evidence import make_shelves
from tests.fakes.kits import kits_of
from tests.fakes.parts import LIMITS, make_ledger, make_trigger
from tests.fakes.world import World


def make_config(folder: Path, *, mqtt: bool) -> Config:
    return Config.model_validate(
        {
            "station": {"state_dir": folder, "armed": True},
            "camera": {"type": "synthetic"},
            "model": {"package": folder / "m.okng"},
            "recipe": {"deadline_ms": 400},
            "mqtt": {"enabled": mqtt, "outbox_max_mb": 3},
        }
    )


class Bench:
    """A station's parts around a flow whose workers are stepped by hand."""

    def __init__(self, folder: Path, *, mqtt: bool = True) -> None:
        config = make_config(folder, mqtt=mqtt)
        model = ModelInfo("flange", "1", "sha256:" + "0" * 64, "openvino-cpu", (64, 64), (), LIMITS, certified=False)
        kits = kits_of(config.inline_recipe(), config=config, model=model)
        self.clock = FakeClock()
        self.world = World(self.clock)
        self.ledger = make_ledger(self.clock)
        self.flow = self.world.flow(self.ledger, 4)
        self.histograms = StageHistograms()
        self.journal = Journal(folder / "station.db", boot_id="0a1b2c3d", publish=mqtt)
        pictures = PictureArchive(folder / "l", folder / "p", make_shelves(folder), keep=False, keep_ok=False)
        live = LiveServer(folder / "s.sock", lambda line, answer: None)
        showing = Showing(config, kits, pictures=pictures, live=live, clock=SystemClock())
        self.hindrance: Hindrance | None = None
        self.published: list[LiveMetrics] = []
        sources = Sources(
            ledger=self.ledger,
            histograms=self.histograms,
            journal=self.journal,
            machine=Machine(folder),
            flow=self.flow,
            showing=showing,
            devices=lambda: {"camera": DeviceState("fault", "lost", "断开"), "plc": DeviceState("off")},
            hindrance=lambda: self.hindrance,
            missed_before=lambda: 7,
        )
        self.measuring = Measuring(config, kits, sources, clock=SystemClock(), publish=self.published.append)

    def part(self) -> None:
        part = self.ledger.admit(make_trigger(self.clock))
        assert part is not None
        self.flow.enter(part)
        for worker in (self.flow.capturing, self.flow.inferring, self.flow.recording):
            if worker.queued:
                worker.round()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.journal.close()


def test_the_ledger_s_figures_balance_and_tell_errors_by_reason(bench: Bench) -> None:
    bench.part()
    bench.world.model = Outcome.NG
    bench.part()
    bench.world.camera = TimeoutError()
    bench.part()
    book = bench.measuring.figures().ledger
    assert (book.accepted, book.ok, book.ng, book.error, book.in_flight) == (3, 1, 1, 1, 0)
    assert book.errors == {Reason.NO_FRAME: 1}


def test_triggers_refused_before_the_ledger_are_missed_too(bench: Bench) -> None:
    bench.ledger.shut()
    assert bench.ledger.admit(make_trigger(bench.clock)) is None
    assert bench.measuring.figures().ledger.missed == 8


def test_monitor_mode_of_an_uncertified_model_is_told_apart_from_what_was_asked_for(bench: Bench) -> None:
    figures = bench.measuring.figures()
    assert (figures.armed, figures.armed_configured) == (False, True)


def test_durations_devices_and_hindrance_are_passed_on(bench: Bench) -> None:
    bench.histograms.observe(Stage.INFER, 8_000_000)
    bench.hindrance = Hindrance.CAMERA
    figures = bench.measuring.figures()
    assert figures.durations.stages[Stage.INFER].total_s == 0.008
    assert sum(figures.durations.stages[Stage.INFER].counts) == 1
    assert figures.devices == {"camera": "fault", "plc": "off"}
    assert figures.hindrance is Hindrance.CAMERA
    assert figures.camera.pictures == bench.world.counts.pictures
    assert figures.deadline_s == 0.4


def test_all_workers_and_drops_are_told(bench: Bench) -> None:
    bench.world.model = RuntimeError("the stage breaks")
    bench.part()
    figures = bench.measuring.figures()
    assert figures.workers.keys() == set(get_args(WorkerName))
    assert figures.drops.keys() == set(get_args(DropCause))
    assert figures.workers["infer"].crashes == 1
    assert figures.workers["record"].queued + figures.ledger.error == 1


def test_what_the_outbox_cannot_tell_is_not_made_up(bench: Bench, tmp_path: Path) -> None:
    assert bench.measuring.figures().outbox.oldest_s == 0
    with closing(sqlite3.connect(tmp_path / "station.db")) as db, db:
        db.execute("DROP TABLE outbox")
    outbox = bench.measuring.figures().outbox
    assert outbox.oldest_s is None
    assert outbox.limit_bytes == 3_000_000


def test_without_an_mes_nothing_is_owed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, mqtt=False)
    bench.journal.outbox_rows = 5
    outbox = bench.measuring.figures().outbox
    assert (outbox.rows, outbox.bytes, outbox.oldest_s) == (0, 0, 0)
    bench.journal.close()


def test_figures_are_published_at_once_and_the_start_does_not_move(bench: Bench) -> None:
    stop = threading.Event()
    stop.set()
    bench.measuring.run(stop)
    bench.measuring.run(stop)
    first, second = bench.published
    assert first.started_s == second.started_s
    assert first.boot_id == "0a1b2c3d"
