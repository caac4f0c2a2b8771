"""The table of metrics: name, help, labels and where each value is in the station's figures.

Names follow Prometheus' rules: base units, `_total` for counters. Labels take their values from closed sets; a counter
by name shows all of its names from the first scrape on, so that the first event is seen as an increase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from appliance.domain.device import DeviceId, DeviceLevel
from appliance.domain.readiness import Hindrance
from appliance.domain.reasons import Reason
from appliance.live_metrics import DropCause, GoldenFigures, LedgerFigures, LiveMetrics, WorkerName

Value = float | int | None
Rows = Iterable[tuple[tuple[str, ...], Value]]


@dataclass(frozen=True, slots=True)
class Family:
    """`read` gives label values and a value for each series; a value of None is not known and left out."""

    kind: type[CounterMetricFamily] | type[GaugeMetricFamily]
    name: str
    help: str
    labels: tuple[str, ...]
    read: Callable[[LiveMetrics], Rows]

    def empty(self) -> CounterMetricFamily | GaugeMetricFamily:
        return self.kind(self.name, self.help, labels=self.labels)

    def of(self, metrics: LiveMetrics) -> CounterMetricFamily | GaugeMetricFamily:
        family = self.empty()
        for labels, value in self.read(metrics):
            if value is not None:
                family.add_metric(labels, value)
        return family


def _counter(name: str, help: str, read: Callable[[LiveMetrics], Value]) -> Family:
    return Family(CounterMetricFamily, name, help, (), lambda metrics: [((), read(metrics))])


def _gauge(name: str, help: str, read: Callable[[LiveMetrics], Value]) -> Family:
    return Family(GaugeMetricFamily, name, help, (), lambda metrics: [((), read(metrics))])


def _counters(name: str, help: str, label: str, read: Callable[[LiveMetrics], Rows]) -> Family:
    return Family(CounterMetricFamily, name, help, (label,), read)


def _by_outcome(book: LedgerFigures | GoldenFigures) -> Rows:
    counts = {"OK": book.ok, "NG": book.ng, "RECHECK": book.recheck, "NO_PART": book.no_part, "ERROR": book.error}
    return [((outcome,), count) for outcome, count in counts.items()]


def _devices(metrics: LiveMetrics) -> Rows:
    levels: tuple[DeviceLevel, ...] = get_args(DeviceLevel)
    names: tuple[DeviceId, ...] = get_args(DeviceId)
    return [
        ((name, level), metrics.devices[name] == level) for name in names if name in metrics.devices for level in levels
    ]


def _hindrances(metrics: LiveMetrics) -> Rows:
    return [((each.value,), each is metrics.hindrance) for each in Hindrance]


def _errors(metrics: LiveMetrics) -> Rows:
    return [((reason.value,), metrics.ledger.errors.get(reason, 0)) for reason in Reason]


def _drops(metrics: LiveMetrics) -> Rows:
    causes: tuple[DropCause, ...] = get_args(DropCause)
    return [((cause,), metrics.drops.get(cause, 0)) for cause in causes]


def _workers(metrics: LiveMetrics) -> list[WorkerName]:
    names: tuple[WorkerName, ...] = get_args(WorkerName)
    return [name for name in names if name in metrics.workers]


def _info(metrics: LiveMetrics) -> Rows:
    facts = metrics.facts
    words = (facts.path, facts.name, facts.serial, facts.recipe, facts.recipe_version, facts.model, facts.runtime)
    return [((*words, str(facts.simulated).lower()), 1)]


_INFO = ("path", "name", "serial", "recipe", "recipe_version", "model", "runtime", "simulated")

FAMILIES: tuple[Family, ...] = (
    # who
    Family(
        GaugeMetricFamily,
        "okng_build_info",
        "Version of the station's software.",
        ("version",),
        lambda m: [((m.facts.software,), 1)],
    ),
    Family(GaugeMetricFamily, "okng_station_info", "Who the station is and what it runs.", _INFO, _info),
    _gauge(
        "okng_station_start_time_seconds", "When the station started; its counters begin there.", lambda m: m.started_s
    ),
    # whether it may take parts
    _gauge("okng_ready", "Whether the station takes parts.", lambda m: m.hindrance is None),
    Family(
        GaugeMetricFamily, "okng_hindrance", "What keeps the station from being ready.", ("hindrance",), _hindrances
    ),
    _gauge("okng_armed", "Whether verdicts may set Pass.", lambda m: m.armed),
    _gauge(
        "okng_armed_configured", "Whether the configuration asks for an armed station.", lambda m: m.armed_configured
    ),
    Family(GaugeMetricFamily, "okng_device_state", "1 for the state each device is in.", ("device", "state"), _devices),
    # parts; in every scrape accepted = the sum of all verdicts + in flight
    _counter("okng_parts_accepted", "Triggers that became a part.", lambda m: m.ledger.accepted),
    _counters("okng_verdicts", "Parts by their verdict.", "outcome", lambda m: _by_outcome(m.ledger)),
    _counters(
        "okng_golden_verdicts",
        "Golden parts among them: take these away for a yield.",
        "outcome",
        lambda m: _by_outcome(m.ledger.golden),
    ),
    _counters("okng_errors", "Parts with the verdict ERROR by its reason.", "reason", _errors),
    _gauge("okng_parts_in_flight", "Parts without a settled verdict yet.", lambda m: m.ledger.in_flight),
    _counter(
        "okng_missed_triggers",
        "Triggers while the station could not take a part: no verdict.",
        lambda m: m.ledger.missed,
    ),
    _counter("okng_late_verdicts", "Errors because the deadline had passed.", lambda m: m.ledger.late),
    _counter(
        "okng_refused_verdicts",
        "Verdicts on parts that had one already; not used.",
        lambda m: m.ledger.refused_verdicts,
    ),
    _counter(
        "okng_suppressed_defects", "Defects that the recipe's rules tolerate; counted.", lambda m: m.ledger.suppressed
    ),
    _gauge("okng_deadline_seconds", "Time from trigger to answer that the recipe allows.", lambda m: m.deadline_s),
    # the camera
    _counter("okng_camera_pictures", "Pictures that came, whether asked for or not.", lambda m: m.camera.pictures),
    _counter("okng_camera_lost_pictures", "Pictures known to be missing.", lambda m: m.camera.lost),
    _counter(
        "okng_camera_unusable_pictures", "Pictures torn, resized or of a wrong kind.", lambda m: m.camera.unusable
    ),
    _counter("okng_camera_freezes", "Times the camera repeated itself.", lambda m: m.camera.frozen),
    _counter("okng_camera_openings", "Times the camera was opened.", lambda m: m.camera.openings),
    _gauge("okng_camera_stuck_calls", "Calls into the driver that did not come back.", lambda m: m.camera.left_behind),
    # stages
    Family(
        GaugeMetricFamily,
        "okng_stage_queue_jobs",
        "Jobs that wait before a stage.",
        ("stage",),
        lambda m: [((name,), m.workers[name].queued) for name in _workers(m)],
    ),
    _counters(
        "okng_stage_refused_jobs",
        "Jobs that found a stage's queue full.",
        "stage",
        lambda m: [((name,), m.workers[name].refused) for name in _workers(m)],
    ),
    _counters(
        "okng_stage_crashes",
        "Internal faults of a stage that were caught.",
        "stage",
        lambda m: [((name,), m.workers[name].crashes) for name in _workers(m)],
    ),
    _counters("okng_drops", "Pictures and live events that were not kept or shown, by cause.", "cause", _drops),
    # results on their way to the MES
    _gauge("okng_outbox_rows", "Results that wait for the MES.", lambda m: m.outbox.rows),
    _gauge("okng_outbox_bytes", "Size of the results that wait for the MES.", lambda m: m.outbox.bytes),
    _gauge("okng_outbox_limit_bytes", "Size at which the station stops taking parts.", lambda m: m.outbox.limit_bytes),
    _gauge("okng_outbox_oldest_age_seconds", "How long the oldest of them waits.", lambda m: m.outbox.oldest_s),
    # the station's process
    _counter("okng_process_cpu_seconds", "CPU time of the station's process.", lambda m: m.process.cpu_s),
    _gauge(
        "okng_process_resident_memory_bytes", "Memory of the station's process.", lambda m: m.process.resident_bytes
    ),
    _gauge("okng_process_threads", "Threads of the station's process.", lambda m: m.process.threads),
    _gauge("okng_process_open_fds", "Open files of the station's process.", lambda m: m.process.open_files),
    _gauge("okng_process_max_fds", "Files the station's process may open.", lambda m: m.process.max_open_files),
    # the machine
    _gauge("okng_disk_free_bytes", "Room left on the state directory's disk.", lambda m: m.machine.disk_free_bytes),
    _gauge("okng_disk_size_bytes", "Size of the state directory's disk.", lambda m: m.machine.disk_bytes),
    Family(
        GaugeMetricFamily,
        "okng_temperature_celsius",
        "Temperature of the machine by thermal zone.",
        ("zone",),
        lambda m: [((zone,), degrees) for zone, degrees in m.machine.temperatures.items()],
    ),
    _gauge(
        "okng_cpu_throttled",
        "Whether the machine is slowed down by heat or voltage now.",
        lambda m: m.machine.throttled,
    ),
    _counter(
        "okng_cpu_throttle_events", "How often cores were slowed down by heat.", lambda m: m.machine.throttle_events
    ),
    _gauge(
        "okng_clock_synchronized", "Whether the clock follows a time source.", lambda m: m.machine.clock_synchronized
    ),
)
