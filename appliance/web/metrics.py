"""`/metrics`: the station's figures as Prometheus reads them. What each means stands in docs/metrics.md.

One scrape is one snapshot. While the station is silent only `okng_up 0` and the page's own figures are given: a value
that is no longer true is left out, and Prometheus marks its series as ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from flask import Flask, request
from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from werkzeug.wrappers import Response

from appliance.config.schema import WebConfig
from appliance.domain.stages import Stage
from appliance.live_metrics import Durations
from appliance.web.feed import StationFeed
from appliance.web.metric_families import FAMILIES
from appliance.web.stream import StreamSlots

_DURATIONS = (
    "okng_stage_duration_seconds",
    "Time parts took in each stage; total is from trigger to answer, wake no part's time.",
)


def serve_metrics(app: Flask, web: WebConfig, feed: StationFeed, slots: StreamSlots) -> None:
    """Add `/metrics` to the pages, unless it is switched off: text format or OpenMetrics, compressed if asked for."""
    if not web.metrics:
        return
    registry = CollectorRegistry(auto_describe=False)
    registry.register(StationCollector(feed))
    registry.register(PageCollector(feed, slots))
    ProcessCollector(namespace="okng_web", registry=registry)
    exposition = make_wsgi_app(registry)

    @app.get("/metrics")
    def metrics() -> Response:
        response = Response.from_app(exposition, request.environ)
        response.cache_control.no_store = True
        return response


class StationCollector(Collector):
    """What the station told its page last, if that is of now."""

    def __init__(self, feed: StationFeed) -> None:
        self._feed = feed

    def collect(self) -> Iterator[Metric]:
        metrics = self._feed.metrics
        up = self._up()
        up.add_metric((), metrics is not None)
        yield up
        if metrics is not None:
            yield from (family.of(metrics) for family in FAMILIES)
            yield histogram(metrics.durations)

    def describe(self) -> Iterator[Metric]:
        """Every family without a value, so that a name given twice is found when the page starts."""
        yield self._up()
        yield from (family.empty() for family in FAMILIES)
        yield HistogramMetricFamily(*_DURATIONS, labels=("stage",))

    @staticmethod
    def _up() -> GaugeMetricFamily:
        return GaugeMetricFamily("okng_up", "Whether the station speaks: 0 means that nobody can tell how it is.")


class PageCollector(Collector):
    """How the page itself is; there whether the station speaks or not."""

    def __init__(self, feed: StationFeed, slots: StreamSlots) -> None:
        self._feed = feed
        self._slots = slots

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("okng_web_streams", "Screens that follow the live page now.", self._slots.open)
        yield GaugeMetricFamily("okng_web_streams_limit", "Screens that may follow at once.", self._slots.limit)
        yield CounterMetricFamily(
            "okng_web_skipped_events", "Events that slow screens did not see.", self._feed.viewers.skipped
        )
        yield CounterMetricFamily(
            "okng_web_refused_lines", "Lines from the station that were no message.", self._feed.refused_lines
        )
        yield CounterMetricFamily(
            "okng_web_feed_failures", "Times the page's ear at the station broke and began anew.", self._feed.failures
        )

    def describe(self) -> Iterator[Metric]:
        return self.collect()


def histogram(durations: Durations) -> HistogramMetricFamily:
    """Cumulative buckets; `_count` is the last of them, and so of the same parts as the sum."""
    family = HistogramMetricFamily(*_DURATIONS, labels=("stage",))
    bounds = [*(repr(bound) for bound in durations.bounds_s), "+Inf"]
    for stage in Stage:
        if (row := durations.stages.get(stage)) is not None:
            buckets = list(zip(bounds, accumulate(row.counts), strict=True))
            family.add_metric((stage.value,), buckets, row.total_s)
    return family
