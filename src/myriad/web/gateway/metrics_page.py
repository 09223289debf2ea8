"""`GET /metrics` of the gateway: its own numbers, those of all zones by the directory, and the auditor's newest report.

Responsible for: the table of these metrics, and filling it.
Not here: what a zone measures of itself (`core/metrics.py`, each host's front door).

Invariant: names and sentences are those of `GATEWAY_METRICS`, which `docs/gateway.md` is tested against.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from myriad.cluster.requests import LeaseRow
from myriad.web.gateway.gateway import Gateway

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
NS_PER_S: Final = 1_000_000_000

Family = CounterMetricFamily | GaugeMetricFamily
Sample = tuple[tuple[str, ...], float]


class GatewayMetric(NamedTuple):
    """One row of the table."""

    name: str
    kind: str
    labels: tuple[str, ...]
    sentence: str


_ZONE = ("zone", "layer")

GATEWAY_METRICS: Final = (
    GatewayMetric("myriad_gateway_answers_total", "counter", ("route", "status"), "HTTP requests answered."),
    GatewayMetric("myriad_gateway_results_total", "counter", ("what", "result"), "What became of what was asked for."),
    GatewayMetric("myriad_gateway_queue", "gauge", (), "Players in the login queue."),
    GatewayMetric("myriad_gateway_promised", "gauge", (), "Places promised to players who have not arrived yet."),
    GatewayMetric("myriad_gateway_store_up", "gauge", (), "1 if the store answered when it was last asked."),
    GatewayMetric("myriad_gateway_directory_age_seconds", "gauge", (), "Since the directory was read."),
    GatewayMetric("myriad_zone_players", "gauge", _ZONE, "Players in a zone, those who linger included."),
    GatewayMetric("myriad_zone_connected", "gauge", _ZONE, "Players connected to a zone."),
    GatewayMetric("myriad_zone_capacity", "gauge", _ZONE, "Connected players that a zone takes."),
    GatewayMetric("myriad_zone_lateness_p99_seconds", "gauge", _ZONE, "How late a zone's ticks begin (p99)."),
    GatewayMetric("myriad_zone_cpu_cores", "gauge", _ZONE, "CPU that a zone uses."),
    GatewayMetric("myriad_zone_epoch", "gauge", _ZONE, "Epoch of a zone's lease: goes up when it starts anew."),
    GatewayMetric("myriad_audit_balanced", "gauge", (), "1 if everything added up at the newest audit."),
    GatewayMetric("myriad_audit_problems", "gauge", (), "What did not add up at the newest audit."),
    GatewayMetric("myriad_audit_age_seconds", "gauge", (), "Since the newest audit."),
    GatewayMetric("myriad_audit_entries", "gauge", (), "Ledger entries at the newest audit."),
    GatewayMetric("myriad_audit_minted", "gauge", ("asset",), "Of an asset: ever made."),
    GatewayMetric("myriad_audit_burned", "gauge", ("asset",), "Of an asset: ever destroyed."),
    GatewayMetric("myriad_audit_held", "gauge", ("asset",), "Of an asset: held by characters and grounds."),
)


class _Once(Collector):
    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families


def metrics_text(gateway: Gateway, now_ns: int) -> bytes:
    """The page."""
    samples: dict[str, list[Sample]] = {}
    for name, labels, value in _measure(gateway, now_ns):
        samples.setdefault(name, []).append((labels, value))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once([_family(metric, samples.get(metric.name, [])) for metric in GATEWAY_METRICS]))
    return generate_latest(registry)


def _family(metric: GatewayMetric, samples: list[Sample]) -> Family:
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.sentence, labels=metric.labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    return family


def _measure(gateway: Gateway, now_ns: int) -> Iterator[tuple[str, tuple[str, ...], float]]:
    for (route, status), count in gateway.answers.items():
        yield "myriad_gateway_answers_total", (route, str(status)), count
    for what, count in gateway.counts.items():
        yield "myriad_gateway_results_total", what, count
    balancer = gateway.balancer
    yield "myriad_gateway_queue", (), len(balancer.queue)
    yield "myriad_gateway_promised", (), len(balancer.promises)
    yield "myriad_gateway_store_up", (), gateway.store_failed_ns is None
    yield "myriad_gateway_directory_age_seconds", (), (now_ns - balancer.view.read_ns) / NS_PER_S
    for row in balancer.view.rows(now_ns):
        yield from _measure_zone(row)
    yield from _measure_audit(gateway, now_ns)


def _measure_zone(row: LeaseRow) -> Iterator[tuple[str, tuple[str, ...], float]]:
    labels = (row.key.zone, str(row.key.layer))
    yield "myriad_zone_players", labels, row.load.players
    yield "myriad_zone_connected", labels, row.load.connected
    yield "myriad_zone_capacity", labels, row.capacity
    yield "myriad_zone_lateness_p99_seconds", labels, row.load.lateness_p99_ms / 1e3
    yield "myriad_zone_cpu_cores", labels, row.load.cpu_cores
    yield "myriad_zone_epoch", labels, row.epoch


def _measure_audit(gateway: Gateway, now_ns: int) -> Iterator[tuple[str, tuple[str, ...], float]]:
    audited = gateway.audited
    if audited is None:
        return
    report = audited.report
    yield "myriad_audit_balanced", (), report.balanced
    yield "myriad_audit_problems", (), len(report.problems)
    yield "myriad_audit_age_seconds", (), (now_ns - audited.now_ns) / NS_PER_S
    yield "myriad_audit_entries", (), report.num_entries
    for name, amounts in (("minted", report.minted), ("burned", report.burned), ("held", report.held)):
        for asset, amount in amounts.items():
            yield f"myriad_audit_{name}", (str(asset),), amount
