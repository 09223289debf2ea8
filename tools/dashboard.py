"""The dashboard for Grafana, written by `python -m tools.dashboard ops/grafana/myriad.json`.

Responsible for: which panels there are, and what each of them asks Prometheus for.
Not here: names and meaning of metrics (`core/metrics.py`), alerts (`ops/prometheus/alerts.yml`).

A long file, because it is one table of panels.

Invariant: every query is of metrics and labels of the table; a test reads the file that is written here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
ZONE: Final = '{zone=~"$zone"}'
SPAN: Final = "[$__rate_interval]"
COLUMNS: Final = 24
_HEIGHT: Final = 8
_STAT_HEIGHT: Final = 4


class Panel(NamedTuple):
    """`queries` are (expression, legend)."""

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    about: str
    kind: str = "timeseries"
    stacked: bool = False


def rate(name: str, by: str, where: str = ZONE) -> tuple[str, str]:
    """How fast a counter goes up, for each value of `by` (labels with commas between)."""
    return f"sum by ({by}) (rate({name}{where}{SPAN}))", " ".join(f"{{{{{label.strip()}}}}}" for label in by.split(","))


def quantile(share: float, name: str, by: str, where: str = ZONE) -> tuple[str, str]:
    """A quantile of a histogram, for each value of `by`."""
    legend = " ".join(f"{{{{{label.strip()}}}}}" for label in by.split(",")) if by else f"p{share * 100:g}"
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({name}_bucket{where}{SPAN})))", legend


def largest(name: str, by: str, where: str = ZONE) -> tuple[str, str]:
    """The highest of a gauge, for each value of `by`."""
    return f"max by ({by}) ({name}{where})", " ".join(f"{{{{{label.strip()}}}}}" for label in by.split(","))


def stat(title: str, unit: str, expression: str, about: str) -> Panel:
    """One number."""
    return Panel(title, unit, ((expression, ""),), about, "stat")


WORLD: Final = (
    stat("Players", "short", "sum(myriad_zone_players)", "In the world, those who linger included."),
    stat("Waiting to get in", "short", "sum(myriad_gateway_queue)", "In the login queue."),
    stat("Zones up", "short", "sum(myriad_zone_up)", "Zones with a lease that holds."),
    stat("Zones down", "short", "count(myriad_zone_up == 0) or vector(0)", "Zones that are to run and do not."),
    stat("Ledger", "short", "min(myriad_audit_balanced)", "1 if everything added up at the newest audit."),
    stat("Restarts in an hour", "short", "sum(increase(myriad_fleet_restarts_total[1h]))", "Of any process."),
    Panel(
        "Players by zone",
        "short",
        (('sum by (zone) (myriad_zone_players{zone=~"$zone"})', "{{zone}}"),),
        "By the directory, all layers together.",
        stacked=True,
    ),
    Panel(
        "CPU of processes",
        "none",
        (rate("process_cpu_seconds_total", "job, instance", ""),),
        "Cores.",
        stacked=True,
    ),
    Panel(
        "Memory of processes",
        "bytes",
        (("process_resident_memory_bytes", "{{job}} {{instance}}"),),
        "Resident.",
        stacked=True,
    ),
    Panel(
        "What the supervisor did",
        "short",
        (
            ("sum by (decision) (increase(myriad_fleet_decisions_total[5m]))", "{{decision}}"),
            ("sum(increase(myriad_fleet_restarts_total[5m]))", "restarts"),
            ("sum(increase(myriad_fleet_hangs_total[5m]))", "hangs"),
        ),
        "In five minutes.",
    ),
    Panel(
        "Starts of hosts",
        "short",
        (largest("myriad_fleet_starts_total", "host", ""), ("max(myriad_fleet_hosts)", "hosts that run")),
        "A line that goes up is a host that was started again.",
    ),
    Panel(
        "Zones that sleep, files, lines",
        "short",
        (
            ("max(myriad_fleet_zones_asleep)", "asleep"),
            ("sum(process_open_fds)", "open files"),
            ('sum(increase(myriad_log_lines_total{level=~"warning|error|critical"}[5m]))', "warnings and errors"),
            ("sum(increase(myriad_log_lines_lost_total[5m]))", "lines lost"),
        ),
        "Zones that nobody runs; open files of all processes; log lines of five minutes.",
    ),
)

ZONES: Final = (
    Panel(
        "Ticks late (p99)", "s", (quantile(0.99, "myriad_tick_lateness_seconds", "zone, layer"),), "33 ms: too late."
    ),
    Panel("Turn (p99)", "s", (quantile(0.99, "myriad_turn_seconds", "zone, layer"),), "Receiving, ticking, sending."),
    Panel(
        "Where time goes",
        "percentunit",
        (rate("myriad_phase_seconds_sum", "phase"),),
        "Share of a core for each phase, all chosen zones together.",
        stacked=True,
    ),
    Panel("CPU of zones", "none", (rate("myriad_thread_cpu_seconds_total", "zone, layer"),), "Cores.", stacked=True),
    Panel(
        "Wait for the GIL (p99)",
        "s",
        (quantile(0.99, "myriad_gil_wait_seconds", "zone, layer"),),
        "From waking up to running: what zones of one process cost each other.",
    ),
    Panel(
        "Ladder and time",
        "short",
        (largest("myriad_load_level", "zone, layer"), (f"min(myriad_time_dilation_ratio{ZONE})", "slowest time")),
        "0 is normal. From rung 1 on something is left out.",
    ),
    Panel(
        "Slow and skipped ticks",
        "short",
        (
            (f"sum(rate(myriad_ticks_slow_total{ZONE}{SPAN}))", "slow"),
            (f"sum(rate(myriad_ticks_skipped_total{ZONE}{SPAN}))", "skipped"),
        ),
        "A second.",
    ),
    Panel(
        "Comings and goings",
        "short",
        ((f"sum(rate(myriad_joins_total{ZONE}{SPAN}))", "joins"), rate("myriad_leaves_total", "reason")),
        "A second.",
    ),
    Panel("Handoffs", "short", (rate("myriad_handoffs_total", "result"),), "A second."),
    Panel(
        "Handoff gap",
        "s",
        (
            quantile(0.5, "myriad_handoff_gap_seconds", ""),
            quantile(0.99, "myriad_handoff_gap_seconds", ""),
        ),
        "How long a character stands still while it goes over.",
    ),
    Panel("Passages", "short", (rate("myriad_passages_total", "step"),), "A second, by step on the way to a handoff."),
    Panel(
        "Entities",
        "short",
        (
            (f"sum(myriad_npcs{ZONE})", "NPCs"),
            (f"sum(myriad_entities{ZONE})", "all"),
            (f"sum(myriad_ghosts{ZONE})", "ghosts"),
            (f"sum(myriad_hidden_by_crowd{ZONE})", "hidden by crowds"),
        ),
        "In the chosen zones.",
    ),
    Panel("Round trip to neighbours", "s", (largest("myriad_peer_round_trip_seconds", "zone, peer"),), "Of links."),
)

WIRE: Final = (
    Panel("Bytes sent", "Bps", (rate("myriad_sent_bytes_total", "zone"),), "UDP payload.", stacked=True),
    Panel("Bytes received", "Bps", (rate("myriad_received_bytes_total", "zone"),), "UDP payload.", stacked=True),
    Panel(
        "Snapshots for each player",
        "short",
        (
            (
                f"sum by (zone) (rate(myriad_snapshots_sent_total{ZONE}{SPAN}))"
                f" / (sum by (zone) (myriad_connections{ZONE}) > 0)",
                "{{zone}}",
            ),
        ),
        "A second; 20 is normal.",
    ),
    Panel(
        "Drops by reason",
        "short",
        (rate("myriad_drops_total", "reason", '{zone=~"$zone", reason!="input_repeated"}'),),
        "A second. Inputs are repeated on purpose and left out here.",
    ),
    Panel(
        "Datagrams",
        "short",
        (
            (f"sum(rate(myriad_datagrams_received_total{ZONE}{SPAN}))", "received"),
            (f"sum(rate(myriad_datagrams_sent_total{ZONE}{SPAN}))", "sent"),
            (f"sum(rate(myriad_datagrams_silenced_total{ZONE}{SPAN}))", "silenced"),
            rate("myriad_socket_errors_total", "direction"),
        ),
        "A second.",
    ),
    Panel(
        "What views cost",
        "short",
        (
            (f"sum(rate(myriad_keyframes_sent_total{ZONE}{SPAN}))", "keyframes"),
            (f"sum(rate(myriad_keyframe_repairs_total{ZONE}{SPAN}))", "repairs"),
            (f"sum(rate(myriad_sections_deferred_total{ZONE}{SPAN}))", "deferred"),
        ),
        "A second. Repairs are loss, deferred sections are crowds or slow connections.",
    ),
)

STORE: Final = (
    Panel("Store lag", "s", (largest("myriad_store_lag_seconds", "job, instance", ""),), "The oldest open request."),
    Panel(
        "Commits",
        "s",
        (
            (quantile(0.5, "myriad_store_commit_seconds", "", "")[0], "commit p50"),
            (quantile(0.99, "myriad_store_commit_seconds", "", "")[0], "commit p99"),
            (quantile(0.99, "myriad_store_lock_wait_seconds", "", "")[0], "wait for the lock p99"),
            (quantile(0.99, "myriad_store_request_seconds", "", "")[0], "request p99"),
        ),
        "All processes together.",
    ),
    Panel(
        "What the store does",
        "short",
        (
            (f"sum(rate(myriad_store_transactions_total{SPAN}))", "transactions"),
            (f"sum(rate(myriad_store_cuts_total{SPAN}))", "cuts"),
            (f"sum(rate(myriad_store_failures_total{SPAN}))", "failures"),
            (f"sum(rate(myriad_store_refused_total{SPAN}))", "turned away"),
            (f"sum(rate(myriad_store_requests_repeated_total{SPAN}))", "repeated"),
        ),
        "A second.",
    ),
    Panel("Age of cuts", "s", (largest("myriad_cut_age_seconds", "zone, layer"),), "Cuts that wait for the store."),
    Panel("Leases", "s", ((f"min by (zone, layer) (myriad_lease_left_seconds{ZONE})", "{{zone}} {{layer}}"),), "Left."),
    Panel(
        "Bus",
        "short",
        (
            (f"sum(rate(myriad_bus_published_total{SPAN}))", "published"),
            ("sum(myriad_bus_waiting)", "waiting"),
            ("min(myriad_bus_up)", "up"),
        ),
        "Messages a second, and those that wait.",
    ),
    Panel(
        "Ledger",
        "short",
        (("max(myriad_audit_problems)", "problems"), ("max(myriad_audit_age_seconds)", "age of the audit (s)")),
        "Anything but 0 problems is an alarm.",
    ),
    Panel("Coins", "short", (('max by (asset) (myriad_audit_held{asset="0"})', "held"),), "Held by all."),
)

GATEWAY: Final = (
    Panel("Answers", "short", (rate("myriad_gateway_answers_total", "route, status", ""),), "A second.", stacked=True),
    Panel("Time to answers (p99)", "s", (quantile(0.99, "myriad_gateway_answer_seconds", "route", ""),), "By route."),
    Panel("What became of it", "short", (rate("myriad_gateway_results_total", "what, result", ""),), "A second."),
    Panel(
        "Queue",
        "short",
        (("max(myriad_gateway_queue)", "waiting"), ("max(myriad_gateway_promised)", "promised a place")),
        "Players before the world.",
    ),
    Panel(
        "What it knows",
        "s",
        (("max(myriad_gateway_directory_age_seconds)", "age of the directory"),),
        "It is read when somebody asks.",
    ),
)

RELAY: Final = (
    Panel(
        "Browsers",
        "short",
        (
            ("sum(myriad_relay_players)", "here"),
            ("sum(myriad_relay_connections)", "connections"),
            ("sum(myriad_relay_slow_players)", "slow"),
        ),
        "People who play in a browser.",
    ),
    Panel("Bytes", "Bps", (rate("myriad_relay_bytes_total", "direction", ""),), "Payload."),
    Panel("Messages", "short", (rate("myriad_relay_messages_total", "direction", ""),), "A second."),
    Panel("Drops by reason", "short", (rate("myriad_relay_drops_total", "reason", ""),), "A second."),
    Panel("Ended by the relay", "short", (rate("myriad_relay_ends_total", "reason", ""),), "A second."),
    Panel("What waits", "bytes", (("sum(myriad_relay_waiting_bytes)", "bytes"),), "For browsers that read slowly."),
)

ROWS: Final = {
    "World": WORLD,
    "Zones": ZONES,
    "Wire": WIRE,
    "Store and ledger": STORE,
    "Gateway": GATEWAY,
    "Relay": RELAY,
}


def dashboard() -> dict[str, Any]:
    """As Grafana imports it."""
    return {
        "title": "Myriad",
        "uid": "myriad-world",
        "description": "A world of zones: players, ticks, wire, store, gateway and relay.",
        "tags": ["myriad"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": [_source_variable(), _zone_variable()]},
        "panels": list(_panels()),
    }


def _source_variable() -> dict[str, Any]:
    return {
        "name": "source",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
        "hide": 0,
    }


def _zone_variable() -> dict[str, Any]:
    query = "label_values(myriad_zone_players, zone)"
    return {
        "name": "zone",
        "label": "Zone",
        "type": "query",
        "datasource": SOURCE,
        "definition": query,
        "query": {"query": query, "refId": "zones"},
        "refresh": 2,
        "sort": 7,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "hide": 0,
    }


def _panels() -> Iterator[dict[str, Any]]:
    number, y = 1, 0
    for title, panels in ROWS.items():
        yield {
            "id": number,
            "type": "row",
            "title": title,
            "collapsed": False,
            "panels": [],
            "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": y},
        }
        number, y = number + 1, y + 1
        for width, height, line in _lines(panels):
            for place, panel in enumerate(line):
                yield _panel(panel, number, {"h": height, "w": width, "x": place * width, "y": y})
                number += 1
            y += height


def _lines(panels: Iterable[Panel]) -> Iterator[tuple[int, int, list[Panel]]]:
    """Numbers six in a line, charts three."""
    for kind, width, height in (("stat", 4, _STAT_HEIGHT), ("timeseries", 8, _HEIGHT)):
        own = [panel for panel in panels if panel.kind == kind]
        for first in range(0, len(own), COLUMNS // width):
            yield width, height, own[first : first + COLUMNS // width]


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    targets = [
        {
            "refId": chr(ord("A") + position),
            "datasource": SOURCE,
            "expr": expression,
            "legendFormat": legend or "__auto",
            "range": True,
            "instant": False,
            "editorMode": "code",
        }
        for position, (expression, legend) in enumerate(panel.queries)
    ]
    custom = {"fillOpacity": 10, "showPoints": "never", "stacking": {"mode": "normal" if panel.stacked else "none"}}
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0}
    if panel.kind == "timeseries":
        defaults["custom"] = custom
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "gridPos": place,
        "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _STAT if panel.kind == "stat" else _CHART,
    }


_STAT: Final = {"colorMode": "value", "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
_CHART: Final = {
    "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
    "tooltip": {"mode": "multi", "sort": "desc"},
}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(dashboard(), indent=1) + "\n", encoding="utf-8")
