"""`GET /metrics` of the gateway: its own numbers, those of all zones by the directory, the auditor's newest report, and
what the supervisor says.

Responsible for: turning all that into samples of the table.
Not here: names and sentences (`core/metrics.py`), the text (`web/exposition.py`), what a zone measures of itself (each
host's front door).

Invariant: nothing is asked of anybody for it: everything is known here already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from myriad.cluster.requests import LeaseRow
from myriad.core.metrics import GATEWAY, Sample
from myriad.web.exposition import page_text
from myriad.web.gateway.gateway import Gateway

NS_PER_S: Final = 1_000_000_000
_DECISIONS: Final = ("started", "layers_added", "merged", "hibernated")


def metrics_text(gateway: Gateway, now_ns: int) -> bytes:
    """The page."""
    return page_text(GATEWAY, _samples(gateway, now_ns))


def _samples(gateway: Gateway, now_ns: int) -> Iterator[Sample]:
    fleet = gateway.fleet()
    yield from _own_samples(gateway, now_ns)
    yield from _directory_samples(gateway, fleet, now_ns)
    yield from _audit_samples(gateway, now_ns)
    yield from _fleet_samples(fleet)
    for source in gateway.sources:
        yield from source()


def _own_samples(gateway: Gateway, now_ns: int) -> Iterator[Sample]:
    for (route, status), count in list(gateway.answers.items()):
        yield Sample("myriad_gateway_answers_total", (route, str(status)), count)
    for route, taken in list(gateway.answer_times.items()):
        yield Sample("myriad_gateway_answer_seconds", (route,), taken.buckets)
    for what, count in list(gateway.counts.items()):
        yield Sample("myriad_gateway_results_total", what, count)
    balancer = gateway.balancer
    yield Sample("myriad_gateway_queue", (), len(balancer.queue))
    yield Sample("myriad_gateway_promised", (), len(balancer.promises))
    yield Sample("myriad_gateway_store_up", (), gateway.store_failed_ns is None)
    yield Sample("myriad_gateway_directory_age_seconds", (), (now_ns - balancer.view.read_ns) / NS_PER_S)


def _directory_samples(gateway: Gateway, fleet: Mapping[str, Any], now_ns: int) -> Iterator[Sample]:
    wanted = {_labels(name) for host in fleet.get("hosts", ()) for name in host.get("charge", ())}
    for row in gateway.balancer.view.rows(now_ns):
        labels = (row.key.zone, str(row.key.layer))
        wanted.discard(labels)
        yield Sample("myriad_zone_up", labels, 1)
        yield from _zone_samples(row, labels)
    for labels in wanted:
        yield Sample("myriad_zone_up", labels, 0)


def _zone_samples(row: LeaseRow, labels: tuple[str, str]) -> Iterator[Sample]:
    yield Sample("myriad_zone_players", labels, row.load.players)
    yield Sample("myriad_zone_connected", labels, row.load.connected)
    yield Sample("myriad_zone_capacity", labels, row.capacity)
    yield Sample("myriad_zone_lateness_p99_seconds", labels, row.load.lateness_p99_ms / 1e3)
    yield Sample("myriad_zone_cpu_cores", labels, row.load.cpu_cores)
    yield Sample("myriad_zone_epoch", labels, row.epoch)


def _audit_samples(gateway: Gateway, now_ns: int) -> Iterator[Sample]:
    audited = gateway.audited
    if audited is None:
        return
    report = audited.report
    yield Sample("myriad_audit_balanced", (), report.balanced)
    yield Sample("myriad_audit_problems", (), len(report.problems))
    yield Sample("myriad_audit_age_seconds", (), (now_ns - audited.now_ns) / NS_PER_S)
    yield Sample("myriad_audit_entries", (), report.num_entries)
    for name, amounts in (("minted", report.minted), ("burned", report.burned), ("held", report.held)):
        for asset, amount in amounts.items():
            yield Sample(f"myriad_audit_{name}", (str(asset),), amount)


def _fleet_samples(fleet: Mapping[str, Any]) -> Iterator[Sample]:
    """Nothing without a supervisor."""
    if not fleet:
        return
    hosts, counts = fleet.get("hosts", ()), fleet.get("counts", {})
    yield Sample("myriad_fleet_hosts", (), sum(1 for host in hosts if host["pid"] is not None))
    yield Sample("myriad_fleet_zones_asleep", (), len(fleet.get("asleep", ())))
    for host in hosts:
        yield Sample("myriad_fleet_starts_total", (host["name"],), host["starts"])
    yield Sample("myriad_fleet_restarts_total", (), counts.get("restarts", 0))
    yield Sample("myriad_fleet_hangs_total", (), counts.get("hung", 0))
    for decision in _DECISIONS:
        yield Sample("myriad_fleet_decisions_total", (decision,), counts.get(decision, 0))


def _labels(zone: str) -> tuple[str, str]:
    name, _, layer = zone.partition("/")
    return name, layer or "0"
