"""What the relay answers to HTTP: whether a WebSocket may open, `/healthz` and `/metrics`.

Responsible for: these answers and the table of metrics.
Not here: HTTP and WebSockets themselves (`runtime/browser_socket.py`), what is counted (`relay.py`).

Invariant: names and sentences of metrics are those of `RELAY_METRICS`, which `docs/relay.md` is tested against.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from myriad.core.errors import DROP_REASONS
from myriad.netcode.client_arrays import CLIENT_CONNECTED
from myriad.web.relay.limits import NS_PER_S, may_use
from myriad.web.relay.relay import Relay

RELAY_PATH: Final = "/v1/relay"
JSON: Final = "application/json"

Family = CounterMetricFamily | GaugeMetricFamily
Samples = Iterator[tuple[str, tuple[str, ...], float]]


class Answer(NamedTuple):
    """To a request that opens no WebSocket."""

    status: int
    content_type: str
    body: bytes


class Process(NamedTuple):
    """What the process knows of itself."""

    cpu_s: float
    resident_bytes: int


class RelayMetric(NamedTuple):
    """One row of the table."""

    name: str
    kind: str
    labels: tuple[str, ...]
    sentence: str


RELAY_METRICS: Final = (
    RelayMetric("myriad_relay_players", "gauge", (), "Browsers that are here."),
    RelayMetric("myriad_relay_connections", "gauge", (), "Connections to zones that stand."),
    RelayMetric("myriad_relay_slow_players", "gauge", (), "Browsers whose sockets take nothing at the moment."),
    RelayMetric("myriad_relay_waiting_bytes", "gauge", (), "What waits for them."),
    RelayMetric(
        "myriad_relay_messages_total", "counter", ("direction",), "Messages from browsers (up), to them (down)."
    ),
    RelayMetric(
        "myriad_relay_bytes_total", "counter", ("direction",), "Payload from browsers (up), from zones (down)."
    ),
    RelayMetric(
        "myriad_relay_datagrams_total", "counter", ("direction",), "Datagrams to zones (up), from them (down)."
    ),
    RelayMetric("myriad_relay_opens_total", "counter", (), "Connections that browsers asked for."),
    RelayMetric("myriad_relay_drops_total", "counter", ("reason",), "What was thrown away."),
    RelayMetric("myriad_relay_ends_total", "counter", ("reason",), "WebSockets that the relay ended."),
    RelayMetric("myriad_relay_zones", "gauge", (), "Zones that may be dialled."),
    RelayMetric("myriad_relay_directory_age_seconds", "gauge", (), "Since the directory was read."),
    RelayMetric("myriad_relay_cpu_seconds_total", "counter", (), "CPU time of the process."),
    RelayMetric("myriad_relay_memory_bytes", "gauge", (), "Resident memory of the process."),
)


def answer(relay: Relay, path: str, headers: Mapping[str, str], process: Process, now_ns: int) -> Answer | None:
    """The answer to a GET of `path`; None: a WebSocket may open."""
    path = path.partition("?")[0]
    if path == RELAY_PATH:
        if not may_use(headers.get("origin"), headers.get("host", ""), relay.limits.origins):
            relay.ends["origin"] += 1
            return Answer(403, "text/plain", b"pages of that origin may not use this relay\n")
        if relay.is_full:
            relay.ends["full"] += 1
            return Answer(503, "text/plain", b"the relay is full\n")
        return None
    if path == "/healthz":
        well = relay.directory_ns is not None
        text = "ready" if well else "the directory was not read yet"
        body = json.dumps({"ok": well, "text": text, "players": len(relay.players)})
        return Answer(200 if well else 503, JSON, body.encode())
    if path == "/metrics":
        return Answer(200, CONTENT_TYPE_LATEST, metrics_text(relay, process, now_ns))
    return Answer(404, "text/plain", b"there is only /v1/relay, /healthz and /metrics\n")


class _Once(Collector):
    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families


def metrics_text(relay: Relay, process: Process, now_ns: int) -> bytes:
    """The page."""
    samples: dict[str, list[tuple[tuple[str, ...], float]]] = {}
    for name, labels, value in _measure(relay, process, now_ns):
        samples.setdefault(name, []).append((labels, value))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once([_family(metric, samples.get(metric.name, [])) for metric in RELAY_METRICS]))
    return generate_latest(registry)


def numbers(relay: Relay) -> dict[str, int]:
    """The few that heartbeats carry."""
    totals = relay.totals
    return {
        "players": len(relay.players),
        "connections": _num_connections(relay),
        "messages_down": totals["messages_down"],
        "messages_up": totals["messages_up"],
        "bytes_down": int(relay.arrays.counts[1]),
        "bytes_up": totals["bytes_up"],
        "drops": drops_by_reason(relay).total(),
    }


def drops_by_reason(relay: Relay) -> Counter[str]:
    """The relay's own, and those of netcode."""
    drops = Counter(relay.drops)
    drops["not_connected"] += int(relay.arrays.counts[2])
    for reason, count in zip(DROP_REASONS, relay.arrays.net.drops.tolist(), strict=True):
        drops[reason.name] += count
    return +drops


def _num_connections(relay: Relay) -> int:
    return int((relay.arrays.net.clients["state"] == CLIENT_CONNECTED).sum())


def _family(metric: RelayMetric, samples: list[tuple[tuple[str, ...], float]]) -> Family:
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.sentence, labels=metric.labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    return family


def _measure(relay: Relay, process: Process, now_ns: int) -> Samples:
    slow = [player.waiting for player in relay.players if player.waiting is not None]
    totals = relay.totals
    yield "myriad_relay_players", (), len(relay.players)
    yield "myriad_relay_connections", (), _num_connections(relay)
    yield "myriad_relay_slow_players", (), len(slow)
    yield "myriad_relay_waiting_bytes", (), sum(waiting.num_bytes for waiting in slow)
    for direction in ("up", "down"):
        yield "myriad_relay_messages_total", (direction,), totals[f"messages_{direction}"]
        yield "myriad_relay_datagrams_total", (direction,), totals[f"datagrams_{direction}"]
    yield "myriad_relay_bytes_total", ("up",), totals["bytes_up"]
    yield "myriad_relay_bytes_total", ("down",), int(relay.arrays.counts[1])
    yield "myriad_relay_opens_total", (), totals["opens"]
    for reason, count in drops_by_reason(relay).items():
        yield "myriad_relay_drops_total", (reason,), count
    for reason, count in relay.ends.items():
        yield "myriad_relay_ends_total", (reason,), count
    yield "myriad_relay_zones", (), relay.routes.num_zones
    if relay.directory_ns is not None:
        yield "myriad_relay_directory_age_seconds", (), (now_ns - relay.directory_ns) / NS_PER_S
    yield "myriad_relay_cpu_seconds_total", (), process.cpu_s
    yield "myriad_relay_memory_bytes", (), process.resident_bytes
