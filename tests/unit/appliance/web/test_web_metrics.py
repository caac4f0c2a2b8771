"""What a monitoring system reads: one snapshot a scrape, and nothing that is no longer true."""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from pathlib import Path
from typing import get_args

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from appliance.domain.reasons import Reason
from appliance.domain.stages import Stage
from appliance.live import Live
from appliance.live_metrics import (
    CameraFigures,
    DropCause,
    Durations,
    GoldenFigures,
    LedgerFigures,
    LiveMetrics,
    MachineFigures,
    OutboxFigures,
    ProcessFigures,
    StageDurations,
    StationFacts,
    WorkerFigures,
    WorkerName,
)
from appliance.web.app import create_app
from appliance.web.feed import SILENCE_S, StationFeed
from appliance.web.metrics import StationCollector, histogram
from tests.fakes.line import ROOM
from tests.fakes.station_socket import metrics, status, verdict
from tests.fakes.web_server import web_config

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def feed(tmp_path: Path, clock: Clock) -> StationFeed:
    (tmp_path / "run" / "live").mkdir(parents=True)
    return StationFeed(tmp_path, clock)


@pytest.fixture
def client(tmp_path: Path, feed: StationFeed) -> FlaskClient:
    return create_app(web_config(tmp_path), feed).test_client()


def say(feed: StationFeed, *messages: Live) -> None:
    feed.take([message.model_dump_json().encode() for message in messages])


def scrape(client: FlaskClient) -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = defaultdict(list)
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            found[sample.name].append(sample)
    return found


def value(samples: list[Sample], **labels: str) -> float:
    (sample,) = [each for each in samples if labels.items() <= each.labels.items()]
    return sample.value


def test_one_scrape_balances(client: FlaskClient, feed: StationFeed) -> None:
    say(feed, status(), metrics())
    found = scrape(client)
    assert value(found["okng_up"]) == 1
    verdicts = {sample.labels["outcome"]: sample.value for sample in found["okng_verdicts_total"]}
    assert verdicts == {"OK": 1258, "NG": 26, "RECHECK": 1, "NO_PART": 0, "ERROR": 2}
    assert value(found["okng_parts_in_flight"]) == 3
    assert value(found["okng_parts_accepted_total"]) == 1290 == sum(verdicts.values()) + 3
    assert sum(sample.value for sample in found["okng_errors_total"]) == verdicts["ERROR"]


def test_every_name_of_a_counter_is_there_before_its_first_event(client: FlaskClient, feed: StationFeed) -> None:
    say(feed, status(), metrics())
    found = scrape(client)
    assert {sample.labels["reason"] for sample in found["okng_errors_total"]} == {reason.value for reason in Reason}
    assert value(found["okng_drops_total"], cause="picture_shed") == 5
    assert value(found["okng_drops_total"], cause="viewer_cut_off") == 0


def test_devices_and_hindrances_are_1_for_what_is(client: FlaskClient, feed: StationFeed) -> None:
    devices = metrics().devices | {"camera": "fault"}
    say(feed, status(), metrics(devices=devices, hindrance="camera"))
    found = scrape(client)
    assert value(found["okng_device_state"], device="camera", state="fault") == 1
    assert value(found["okng_device_state"], device="camera", state="ok") == 0
    assert value(found["okng_device_state"], device="plc", state="ok") == 1
    assert {s.labels["hindrance"] for s in found["okng_hindrance"] if s.value} == {"camera"}
    assert value(found["okng_ready"]) == 0


def test_buckets_are_cumulative_and_count_and_sum_are_of_the_same_parts() -> None:
    rows = {Stage.INFER: StageDurations(counts=(3, 0, 2, 1), total_s=4.25)}
    (*buckets, count, total) = histogram(Durations(bounds_s=(0.01, 0.1, 1.0), stages=rows)).samples
    assert [(each.labels["le"], each.value) for each in buckets] == [("0.01", 3), ("0.1", 3), ("1.0", 5), ("+Inf", 6)]
    assert (count.name, count.value) == ("okng_stage_duration_seconds_count", 6)
    assert (total.name, total.value) == ("okng_stage_duration_seconds_sum", 4.25)


def test_what_is_not_known_is_left_out(client: FlaskClient, feed: StationFeed) -> None:
    unknown = metrics().machine.model_copy(update={"throttled": None, "disk_free_bytes": None, "temperatures": {}})
    say(feed, status(), metrics(machine=unknown.model_dump()))
    found = scrape(client)
    assert not {"okng_cpu_throttled", "okng_disk_free_bytes", "okng_temperature_celsius"} & found.keys()
    assert value(found["okng_up"]) == 1


def about_the_station(found: dict[str, list[Sample]]) -> set[str]:
    return {name for name in found if not name.startswith("okng_web_")}


def test_before_the_station_s_first_word_it_is_down(client: FlaskClient) -> None:
    found = scrape(client)
    assert about_the_station(found) == {"okng_up"}
    assert value(found["okng_up"]) == 0
    assert value(found["okng_web_streams_limit"]) > 0


def test_silence_leaves_nothing_but_that_it_is_down(client: FlaskClient, feed: StationFeed, clock: Clock) -> None:
    say(feed, status(), metrics())
    clock.now += SILENCE_S - 0.1
    assert value(scrape(client)["okng_up"]) == 1
    clock.now += 0.2
    found = scrape(client)
    assert about_the_station(found) == {"okng_up"}
    assert value(found["okng_up"]) == 0


def test_figures_without_a_living_supervisor_are_not_current(
    client: FlaskClient, feed: StationFeed, clock: Clock
) -> None:
    say(feed, status(), metrics())
    for _ in range(5):
        clock.now += 1
        say(feed, metrics(), verdict("OK"))
    assert about_the_station(scrape(client)) == {"okng_up"}


def test_a_status_alone_brings_no_old_figures_back(client: FlaskClient, feed: StationFeed, clock: Clock) -> None:
    say(feed, status(), metrics())
    clock.now += 60
    say(feed, status())
    assert about_the_station(scrape(client)) == {"okng_up"}


def test_figures_of_an_earlier_start_are_not_shown_for_the_next(client: FlaskClient, feed: StationFeed) -> None:
    say(feed, status(), metrics(), status(boot_id="ffffffff"))
    assert about_the_station(scrape(client)) == {"okng_up"}
    say(feed, metrics(boot_id="ffffffff"))
    assert value(scrape(client)["okng_up"]) == 1


def test_figures_are_no_word_for_the_pages(feed: StationFeed, clock: Clock) -> None:
    say(feed, status())
    mailbox, _ = feed.follow()
    clock.now += 3
    say(feed, metrics())
    assert feed.silent_s == 3, "a page must go stale although figures still come"
    assert mailbox.take(0) == ([], False)
    assert feed.refused_lines == 0


def test_openmetrics_for_those_who_ask(client: FlaskClient, feed: StationFeed) -> None:
    say(feed, status(), metrics())
    plain = client.get("/metrics")
    assert plain.content_type.startswith("text/plain; version=0.0.4")
    assert plain.headers["Cache-Control"] == "no-store"
    answer = client.get("/metrics", headers={"Accept": OPENMETRICS})
    assert answer.content_type.startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
    families = {family.name: family for family in parse_openmetrics(answer.text)}
    assert families["okng_stage_duration_seconds"].type == "histogram"
    assert families["okng_verdicts"].type == "counter"


def test_an_answer_is_compressed_for_those_who_ask(client: FlaskClient, feed: StationFeed) -> None:
    say(feed, status(), metrics())
    answer = client.get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"okng_verdicts_total" in gzip.decompress(answer.data)


def test_some_of_the_metrics_can_be_asked_for(client: FlaskClient, feed: StationFeed) -> None:
    say(feed, status(), metrics())
    found = client.get("/metrics?name[]=okng_up&name[]=okng_ready").text
    assert {line.split()[0] for line in found.splitlines() if line[0] != "#"} == {"okng_up", "okng_ready"}


def test_it_only_reads(client: FlaskClient) -> None:
    assert client.post("/metrics").status_code == 405
    assert client.get("/metrics", headers={"Host": "rebound.example"}).status_code == 421


def test_it_can_be_switched_off(tmp_path: Path, feed: StationFeed) -> None:
    config = web_config(tmp_path)
    off = config.model_copy(update={"web": config.web.model_copy(update={"metrics": False})})
    assert create_app(off, feed).test_client().get("/metrics").status_code == 404


def test_a_message_of_the_largest_figures_stays_far_below_a_line_s_limit() -> None:
    most = 2**63 - 1
    stages = {stage: {"counts": (most,) * 16, "total_s": 1e300} for stage in Stage}
    message = metrics(
        durations={"bounds_s": metrics().durations.bounds_s, "stages": stages},
        ledger=metrics().ledger.model_dump() | {"errors": dict.fromkeys(Reason, most)},
    )
    assert len(message.model_dump_json()) < 16_000


COUNTS = st.integers(0, 2**63 - 1)
WORDS = StationFacts.model_fields.keys() - {"simulated"}


@st.composite
def any_durations(draw: st.DrawFn) -> Durations:
    bounds = draw(st.lists(st.floats(0, 1e6), min_size=1, max_size=5, unique=True).map(sorted))
    counts = st.lists(COUNTS, min_size=len(bounds) + 1, max_size=len(bounds) + 1).map(tuple)
    rows = st.builds(StageDurations, counts=counts, total_s=st.floats(0, allow_infinity=False))
    return Durations(bounds_s=tuple(bounds), stages=draw(st.dictionaries(st.sampled_from(Stage), rows)))


def any_figures() -> st.SearchStrategy[LiveMetrics]:
    amounts = st.floats(0, allow_infinity=False)
    workers = st.builds(WorkerFigures, queued=COUNTS, refused=COUNTS, crashes=COUNTS)
    zones = st.dictionaries(st.from_regex(r"[A-Za-z0-9_.-]{1,48}", fullmatch=True), st.floats(-273.15, 1000))
    return st.builds(
        LiveMetrics,
        boot_id=st.just(status().boot_id),
        started_s=amounts,
        facts=st.builds(StationFacts, **dict.fromkeys(WORDS, st.text(max_size=200))),
        deadline_s=amounts,
        durations=any_durations(),
        ledger=st.builds(
            LedgerFigures,
            **dict.fromkeys(LedgerFigures.model_fields.keys() - {"errors", "golden"}, COUNTS),
            golden=st.builds(GoldenFigures, **dict.fromkeys(GoldenFigures.model_fields, COUNTS)),
            errors=st.dictionaries(st.sampled_from(Reason), COUNTS),
        ),
        camera=st.builds(CameraFigures, **dict.fromkeys(CameraFigures.model_fields, COUNTS)),
        workers=st.dictionaries(st.sampled_from(get_args(WorkerName)), workers),
        drops=st.dictionaries(st.sampled_from(get_args(DropCause)), COUNTS),
        outbox=st.builds(OutboxFigures, rows=COUNTS, bytes=COUNTS, limit_bytes=COUNTS, oldest_s=st.none() | amounts),
        process=st.builds(
            ProcessFigures,
            cpu_s=amounts,
            **dict.fromkeys(("resident_bytes", "threads", "open_files"), COUNTS),
            max_open_files=st.none() | COUNTS,
        ),
        machine=st.builds(
            MachineFigures,
            **dict.fromkeys(("disk_free_bytes", "disk_bytes", "throttle_events"), st.none() | COUNTS),
            temperatures=zones,
        ),
    )


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(any_figures())
def test_a_scrape_never_fails_whatever_the_figures_are(feed: StationFeed, figures: LiveMetrics) -> None:
    say(feed, status(), figures)
    registry = CollectorRegistry()
    registry.register(StationCollector(feed))
    text = generate_latest(registry).decode()
    series: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in series, "a series stands twice"
            series.add(key)
    assert ("okng_up", ()) in series
    assert generate_openmetrics(registry).endswith(b"# EOF\n")


def test_every_metric_is_documented_and_nothing_else(client: FlaskClient, feed: StationFeed) -> None:
    say(feed, status(), metrics())
    told = set(re.findall(r"^# TYPE (\w+) ", client.get("/metrics").text, re.MULTILINE))
    documented = set(re.findall(r"`(okng_\w+)(?:\{[\w,]+\})?`", (ROOM / "docs" / "metrics.md").read_text("utf-8")))
    assert documented == {name for name in told if not name.startswith("okng_web_process_")}
