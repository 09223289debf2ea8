"""`GET /metrics`: the table of metrics, filled from what zones say, in Prometheus' text format.

Responsible for: turning statuses and histograms into metric families.
Not here: names and sentences (`core/metrics.py`), the numbers (`runtime/hosted_zone.py`, zones).

A metric finds its number in a status under its own name without `myriad_` and `_total`; one with a label finds a
dictionary there. What a status does not have is left out.

Invariant: only metrics of the table are published.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from myriad.core.histogram import count, cumulative_counts, total
from myriad.core.metrics import BUCKETS_NS, METRICS, PREFIX, Metric
from myriad.core.phases import PHASES

CONTENT_TYPE = CONTENT_TYPE_LATEST
_NS_PER_S = 1e9
_HISTOGRAMS = {"myriad_tick_lateness_seconds": "lateness", "myriad_handoff_gap_seconds": "handoff_gap"}
"""Under which name a zone has the histogram of a metric without a label."""

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
Histograms = Mapping[str, npt.NDArray[np.int64]]


class Measured(NamedTuple):
    """What one zone said."""

    zone: str
    status: Mapping[str, object]
    histograms: Histograms


class _Once(Collector):
    """Publishes one set of numbers."""

    def __init__(self, measured: list[Measured]) -> None:
        self._measured = measured

    def collect(self) -> Iterable[Family]:
        """One family for each row of the table."""
        return [_family(metric, self._measured) for metric in METRICS]


def metrics_text(measured: list[Measured]) -> bytes:
    """The page."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(measured))
    return generate_latest(registry)


def status_key(metric: Metric) -> str:
    """Where a status has the number of a counter or gauge."""
    return metric.name.removeprefix(PREFIX).removesuffix("_total")


def _family(metric: Metric, measured: list[Measured]) -> Family:
    labels = ["zone", metric.label] if metric.label else ["zone"]
    if metric.kind == "histogram":
        return _histogram_family(metric, labels, measured)
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.sentence, labels=labels)
    for zone, status, _ in measured:
        value = status.get(status_key(metric))
        if isinstance(value, Mapping):
            for label, number in value.items():
                family.add_metric([zone, str(label)], float(number))
        elif isinstance(value, int | float):
            family.add_metric([zone], float(value))
    return family


def _histogram_family(metric: Metric, labels: list[str], measured: list[Measured]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(metric.name, metric.sentence, labels=labels)
    own_name = _HISTOGRAMS.get(metric.name, "")
    for zone, _, histograms in measured:
        for name in PHASES if metric.label == "phase" else (own_name,):
            histogram = histograms.get(name)
            if histogram is None:  # a zone that stands alone hands nobody over
                continue
            buckets = [
                (str(bound / _NS_PER_S), float(number))
                for bound, number in zip(BUCKETS_NS, cumulative_counts(histogram, BUCKETS_NS), strict=True)
            ]
            buckets.append(("+Inf", float(count(histogram))))
            own = [zone, name] if metric.label else [zone]
            family.add_metric(own, buckets, sum_value=total(histogram) / _NS_PER_S)
    return family
