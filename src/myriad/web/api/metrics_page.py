"""`GET /metrics` of a host: what its zones and its process say, as samples of the table.

Responsible for: turning what zones say into samples.
Not here: names and sentences (`core/metrics.py`), the text (`web/exposition.py`), the numbers
(`runtime/hosted_zone.py`, zones).

A metric finds its number in what a zone says under its own name without `myriad_` and `_total`; one with a label of its
own finds a dictionary there. What a zone does not say is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.histogram import NUM_BUCKETS, bucket_upper, total
from myriad.core.metrics import BUCKETS_NS, HOST, PREFIX, ZONE_METRICS, Buckets, Metric, Sample
from myriad.core.phases import PHASES
from myriad.web.api.ports import FrontDoorHost, FrontDoorZone
from myriad.web.exposition import Page

Status = Mapping[str, Any]
Histogram = npt.NDArray[np.int64]
Labels = tuple[str, str]

_HISTOGRAMS: Final = {
    "myriad_tick_lateness_seconds": "lateness",
    "myriad_turn_seconds": "turn",
    "myriad_gil_wait_seconds": "gil_wait",
    "myriad_handoff_gap_seconds": "handoff_gap",
}
"""Under which name a zone has the histogram of a metric."""

_OTHERWISE: Final[dict[str, Callable[[Status], object]]] = {
    "myriad_handoffs_total": lambda status: _both(status, done="handoffs", refused="handoffs_failed"),
    "myriad_socket_errors_total": lambda status: _both(status, receive="receive_errors", send="send_errors"),
    "myriad_peer_round_trip_seconds": lambda status: _round_trips(status),
}
"""Metrics that are put together from what a zone says otherwise."""

_ROWS: Final = [(metric, metric.name.removeprefix(PREFIX).removesuffix("_total")) for metric in ZONE_METRICS]
"""Rows, and where a zone says their numbers."""
_UPPERS: Final = [bucket_upper(index) for index in range(NUM_BUCKETS)]
_STARTS: Final = np.array([0, *(np.searchsorted(_UPPERS, bound, side="right") for bound in BUCKETS_NS)])
"""Where in a zone's histogram each published bucket begins."""


async def metrics_text(host: FrontDoorHost, logins: Mapping[str, int]) -> bytes:
    """The page, of what zones said a moment ago; between two zones their threads may have the GIL."""
    page = Page(HOST)
    for zone in list(host.zones.values()):
        page.add(zone_samples(await _measure(zone)))
        await asyncio.sleep(0)
    page.add(Sample("myriad_logins_total", (result,), number) for result, number in logins.items())
    page.add(host.samples())
    return page.text()


async def _measure(zone: FrontDoorZone) -> Measured:
    try:
        return Measured(zone.name, await zone.numbers(), zone.histograms())
    except (RuntimeError, TimeoutError):
        return Measured(zone.name, None, {})


class Measured(NamedTuple):
    """What one zone said; nothing if it did not answer."""

    zone: str
    status: Status | None
    histograms: Mapping[str, Histogram]


def zone_samples(measured: Measured) -> Iterator[Sample]:
    """Everything about one zone."""
    zone, _, layer = measured.zone.partition("/")
    labels = (zone, layer or "0")
    if measured.status is None:
        yield Sample("myriad_zone_answers", labels, 0)
        return
    yield Sample("myriad_zone_answers", labels, 1)
    for metric, key in _ROWS:
        if metric.kind == "histogram":
            yield from _histogram_samples(metric, labels, measured.histograms)
            continue
        otherwise = _OTHERWISE.get(metric.name)
        value = measured.status.get(key) if otherwise is None else otherwise(measured.status)
        if isinstance(value, int | float | dict):
            yield Sample(metric.name, labels, value)


def buckets_of(histogram: Histogram) -> Buckets:
    """A zone's histogram with the buckets in which it is published."""
    counts = np.add.reduceat(histogram[:NUM_BUCKETS], _STARTS)
    return Buckets(counts.tolist(), total(histogram))


def _histogram_samples(metric: Metric, labels: Labels, histograms: Mapping[str, Histogram]) -> Iterator[Sample]:
    by_phase = "phase" in metric.labels
    for name in PHASES if by_phase else (_HISTOGRAMS[metric.name],):
        histogram = histograms.get(name)
        if histogram is not None:  # a zone that stands alone hands nobody over
            yield Sample(metric.name, (*labels, name) if by_phase else labels, buckets_of(histogram))


def _both(status: Status, **names: str) -> dict[str, float]:
    return {label: status[name] for label, name in names.items() if name in status}


def _round_trips(status: Status) -> dict[str, float]:
    """To neighbours only: a zone may have links to any number of others."""
    neighbours = status.get("neighbours", ())
    found: Mapping[str, float] = status.get("peer_round_trip_ms", {})
    return {peer: ms / 1e3 for peer, ms in found.items() if peer.partition("/")[0] in neighbours}
