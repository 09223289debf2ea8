"""What the relay answers to HTTP: whether a WebSocket may open, `/healthz` and `/metrics`.

Responsible for: these answers.
Not here: HTTP and WebSockets themselves (`runtime/browser_socket.py`), what is counted (`relay.py`), names of metrics
(`core/metrics.py`).

Invariant: an answer changes nothing but counts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from myriad.core.errors import DROP_REASONS
from myriad.core.metrics import RELAY, Sample
from myriad.netcode.client_arrays import CLIENT_CONNECTED
from myriad.web.exposition import CONTENT_TYPE, page_text
from myriad.web.relay.limits import NS_PER_S, may_use
from myriad.web.relay.relay import Relay

RELAY_PATH: Final = "/v1/relay"
JSON: Final = "application/json"


class Answer(NamedTuple):
    """To a request that opens no WebSocket."""

    status: int
    content_type: str
    body: bytes


Samples = Callable[[], Iterable[Sample]]
"""What the process knows of itself, made when it is asked for."""


def answer(relay: Relay, path: str, headers: Mapping[str, str], process: Samples, now_ns: int) -> Answer | None:
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
        return Answer(200, CONTENT_TYPE, metrics_text(relay, process, now_ns))
    return Answer(404, "text/plain", b"there is only /v1/relay, /healthz and /metrics\n")


def metrics_text(relay: Relay, process: Samples, now_ns: int) -> bytes:
    """The page."""
    return page_text(RELAY, (*_samples(relay, now_ns), *process()))


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


def _samples(relay: Relay, now_ns: int) -> Iterator[Sample]:
    slow = [player.waiting for player in relay.players if player.waiting is not None]
    totals = relay.totals
    yield Sample("myriad_relay_players", (), len(relay.players))
    yield Sample("myriad_relay_connections", (), _num_connections(relay))
    yield Sample("myriad_relay_slow_players", (), len(slow))
    yield Sample("myriad_relay_waiting_bytes", (), sum(waiting.num_bytes for waiting in slow))
    for direction in ("up", "down"):
        yield Sample("myriad_relay_messages_total", (direction,), totals[f"messages_{direction}"])
        yield Sample("myriad_relay_datagrams_total", (direction,), totals[f"datagrams_{direction}"])
    yield Sample("myriad_relay_bytes_total", ("up",), totals["bytes_up"])
    yield Sample("myriad_relay_bytes_total", ("down",), int(relay.arrays.counts[1]))
    yield Sample("myriad_relay_opens_total", (), totals["opens"])
    for reason, count in drops_by_reason(relay).items():
        yield Sample("myriad_relay_drops_total", (reason,), count)
    for reason, count in relay.ends.items():
        yield Sample("myriad_relay_ends_total", (reason,), count)
    yield Sample("myriad_relay_zones", (), relay.routes.num_zones)
    if relay.directory_ns is not None:
        yield Sample("myriad_relay_directory_age_seconds", (), (now_ns - relay.directory_ns) / NS_PER_S)
