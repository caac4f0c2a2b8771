"""Prometheus and what is watched by it: a station with its page, the files in docs/monitoring, and the real tools."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections import defaultdict
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.fakes.line import DEMO_PACKAGE, ROOM, write_config

MONITORING = ROOM / "docs" / "monitoring"
_SELECTOR = re.compile(r"\b(okng_\w+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


def station_config(folder: Path, port: int) -> Path:
    """A simulated line that triggers itself ten times a second."""
    return write_config(
        folder / "station.toml",
        station={"state_dir": folder / "state", "armed": True},
        camera={"type": "synthetic", "seed": 5},
        trigger={"source": "interval", "interval_ms": 100},
        model={"package": DEMO_PACKAGE},
        web={"port": port},
    )


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def series(text: str) -> dict[str, list[Sample]]:
    """The samples of a scrape by their name."""
    found: dict[str, list[Sample]] = defaultdict(list)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name].append(sample)
    return found


def families(text: str) -> set[str]:
    """The names a scrape announces, whether they have samples now or not."""
    names = set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))
    histograms = set(re.findall(r"^# TYPE (\w+) histogram$", text, re.MULTILINE))
    return names | {f"{name}{suffix}" for name in histograms for suffix in ("_bucket", "_sum", "_count")}


def promtool(*arguments: object, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    command = ["promtool", *map(str, arguments)]
    return subprocess.run(
        command, cwd=MONITORING, input=stdin, capture_output=True, text=True, timeout=200, check=False
    )


def dashboard() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((MONITORING / "grafana-dashboard.json").read_text(encoding="utf-8"))
    return read


def dashboard_queries() -> list[str]:
    """Every PromQL expression of the dashboard, Grafana's variables filled in as it would."""
    targets = [target for panel in dashboard()["panels"] for target in panel.get("targets", [])]
    return [t["expr"].replace("$instance", ".*").replace("$__rate_interval", "1m") for t in targets]


def selectors(expression: str) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """(metric, [(label, operator, value)]) of each selector in a PromQL expression."""
    return [(name, _MATCHER.findall(matchers or "")) for name, matchers in _SELECTOR.findall(expression)]


class Prometheus:
    """The API of a Prometheus server at `address`."""

    def __init__(self, address: str) -> None:
        self._address = address

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The vector an expression gives now; fails the test when Prometheus cannot evaluate it."""
        found = self._get("query?" + urllib.parse.urlencode({"query": expression}))
        assert found["resultType"] == "vector", expression
        result: list[dict[str, Any]] = found["result"]
        return result

    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, path: str) -> dict[str, Any]:
        answer = json.loads(get(f"{self._address}/api/v1/{path}"))
        assert answer["status"] == "success", answer
        data: dict[str, Any] = answer["data"]
        return data
