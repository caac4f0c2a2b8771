"""A real station scraped by a real Prometheus; and the rules and dashboard held against what it really tells."""

from __future__ import annotations

import http.client
import urllib.error
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.samples import Sample

from appliance.domain.stages import Stage
from appliance.web.feed import SILENCE_S
from tests.fakes.line import OKNG, Running
from tests.fakes.monitoring import (
    MONITORING,
    Prometheus,
    dashboard,
    dashboard_queries,
    families,
    get,
    promtool,
    selectors,
    series,
    station_config,
)
from tests.fakes.waiting import until
from tests.fakes.web_server import free_port

# What a machine without these sensors leaves out; tests/unit/appliance/test_machine.py shows them.
NOT_ON_EVERY_MACHINE = {"okng_temperature_celsius", "okng_cpu_throttled", "okng_cpu_throttle_events"}


def total(samples: list[Sample]) -> float:
    return sum(sample.value for sample in samples)


def judged(page: str) -> float:
    """Verdicts so far; 0 while page or station do not speak yet."""
    try:
        return total(series(get(f"{page}/metrics"))["okng_verdicts_total"])
    except (urllib.error.URLError, ConnectionError, http.client.HTTPException):
        return 0


class Line:
    """A station and its page as processes."""

    def __init__(self, folder: Path, ends: ExitStack) -> None:
        port = free_port()
        config = station_config(folder, port)
        self.page = f"http://127.0.0.1:{port}"
        self.target = f"127.0.0.1:{port}"
        self.station = ends.enter_context(Running([*OKNG, "run", "--config", config], folder / "station.log"))
        self.web = ends.enter_context(Running([*OKNG, "web", "--config", config], folder / "web.log"))
        until(lambda: judged(self.page) >= 10, "ten parts in the figures", 90)

    def scrape(self) -> str:
        return get(f"{self.page}/metrics")


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    with ExitStack() as ends:
        yield Line(tmp_path_factory.mktemp("line"), ends)


@pytest.fixture(scope="module")
def prometheus(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Scrapes the line with the shipped example, only faster and at the line's own port."""
    folder = tmp_path_factory.mktemp("prometheus")
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(MONITORING / name) for name in config["rule_files"]]
    config["scrape_configs"][0]["static_configs"] = [{"targets": [line.target]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    with Running([*command, f"--web.listen-address={address}"], folder / "prometheus.log") as server:
        server.until_says("Server is ready to receive web requests", 60)
        api = Prometheus(f"http://{address}")
        until(lambda: api.query("rate(okng_parts_accepted_total[1m]) > 0"), "a rate of parts", 60)
        until(lambda: all(rule["health"] != "unknown" for rule in api.rules()), "every rule evaluated once", 60)
        yield api


def test_every_scrape_balances_while_parts_come(line: Line) -> None:
    seen: set[float] = set()

    def scraped() -> bool:
        found = series(line.scrape())
        (accepted,), (in_flight,) = found["okng_parts_accepted_total"], found["okng_parts_in_flight"]
        assert accepted.value == total(found["okng_verdicts_total"]) + in_flight.value
        (errors,) = [each for each in found["okng_verdicts_total"] if each.labels["outcome"] == "ERROR"]
        assert total(found["okng_errors_total"]) == errors.value
        seen.add(accepted.value)
        return len(seen) >= 4

    until(scraped, "four scrapes with different counts", 30)


def test_histograms_are_whole_and_fit_the_verdicts(line: Line) -> None:
    found = series(line.scrape())
    counts = {}
    for stage in Stage:
        buckets = [s for s in found["okng_stage_duration_seconds_bucket"] if s.labels["stage"] == stage]
        (count,) = [s.value for s in found["okng_stage_duration_seconds_count"] if s.labels["stage"] == stage]
        (time_s,) = [s.value for s in found["okng_stage_duration_seconds_sum"] if s.labels["stage"] == stage]
        assert all(low.value <= high.value for low, high in pairwise(buckets)), f"{stage}: not cumulative"
        assert (buckets[-1].labels["le"], buckets[-1].value) == ("+Inf", count)
        held = [float(s.labels["le"]) for s in buckets[:-1]]
        least = sum(
            (high.value - low.value) * bound for (low, high), bound in zip(pairwise(buckets), held, strict=True)
        )
        assert time_s >= least, f"{stage}: the sum is smaller than its buckets allow"
        counts[stage] = count
    settled = total(found["okng_verdicts_total"])
    assert settled - 8 <= counts[Stage.TOTAL] <= settled, "at most a batch may be settled and not yet measured"
    assert counts[Stage.TOTAL] >= 10


def test_promtool_finds_no_fault_with_the_scrape(line: Line) -> None:
    checked = promtool("check", "metrics", stdin=line.scrape())
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_the_files_pass_promtool() -> None:
    for arguments in (
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "okng.rules.yml"),
        ("test", "rules", "okng.rules.test.yml"),
    ):
        checked = promtool(*arguments)
        assert checked.returncode == 0, f"{arguments}: {checked.stdout}{checked.stderr}"


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((MONITORING / "okng.rules.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_alert_is_tried_both_ways_and_speaks_both_languages() -> None:
    tests = (MONITORING / "okng.rules.test.yml").read_text(encoding="utf-8")
    for rule in rules():
        name, texts = rule["alert"], rule["annotations"]
        assert f"- name: {name} fires, " in tests, f"no test in which {name} fires"
        assert f"- name: {name} is silent, " in tests, f"no test in which {name} is silent"
        assert texts.keys() == {"summary", "description", "summary_zh", "description_zh"}, name
        assert all(any("\u4e00" <= c <= "\u9fff" for c in texts[f"{key}_zh"]) for key in ("summary", "description"))


def test_rules_and_dashboard_name_only_what_a_station_tells(line: Line) -> None:
    text = line.scrape()
    names, found = {name.removesuffix("_total") for name in families(text)}, series(text)
    expressions = [rule["expr"] for rule in rules()] + dashboard_queries()
    asked = [selector for expression in expressions for selector in selectors(expression)]
    assert len({name for name, _ in asked}) > 30
    for name, matchers in asked:
        assert name.removesuffix("_total") in names, f"{name} is in no scrape"
        for label, operator, value in matchers:
            if label != "instance" and operator == "=" and found[name]:
                assert value in {sample.labels.get(label) for sample in found[name]}, f"{name} has no {label}={value}"


def test_prometheus_evaluates_every_query_of_the_dashboard(prometheus: Prometheus) -> None:
    for query in dashboard_queries():
        result = prometheus.query(query)
        may_be_empty = query.endswith((" > 0", " == 1")) or any(name in query for name in NOT_ON_EVERY_MACHINE)
        assert result or may_be_empty, f"nothing to show for {query}"


def test_prometheus_evaluates_every_rule_and_a_sound_station_raises_no_alarm(prometheus: Prometheus) -> None:
    found = prometheus.rules()
    assert len(found) == len(rules())
    assert [(rule["name"], rule.get("lastError")) for rule in found if rule["health"] != "ok"] == []
    critical = [
        rule["name"] for rule in found if rule["state"] == "firing" and rule["labels"]["severity"] == "critical"
    ]
    assert critical == []


def test_prometheus_finds_the_books_balanced(prometheus: Prometheus) -> None:
    (books,) = [t["expr"] for p in dashboard()["panels"] if p["title"] == "The books" for t in p["targets"]][:1]
    assert [row["value"][1] for row in prometheus.query(books.replace("$instance", ".*"))] == ["0"]


def test_a_station_that_ends_is_down_within_the_silence_time_and_nothing_old_is_shown(tmp_path: Path) -> None:
    with ExitStack() as ends:
        line = Line(tmp_path, ends)
        line.station.end()
        until(lambda: "okng_up 0.0" in line.scrape(), "the station is told to be down", SILENCE_S + 3)
        left = {name for name in series(line.scrape()) if not name.startswith("okng_web_")}
        assert left == {"okng_up"}
