"""The result of a run: from counters to the documented fields, the verdict, and the table at the end.

Responsible for: rates and percentiles, whether the run is valid, whether every client was served.
Not here: counting (`loadtest/measure.py`), the list of fields (`loadtest/fields.py`).

Every client was served if the run is valid and, over the window: all clients are connected at its end; each decoded
at least 95 % of the snapshots that the network let through (all of them without an impairment) and none that was
malformed; each had an input confirmed; nothing was undecodable unless the network was impaired; no compared view was
wrong; and with `--impair-stop` all views agreed again. What a world of zones adds to that is in `world_report.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from myriad.core.histogram import percentile, summary_ms
from myriad.loadtest.facts import RunFacts
from myriad.loadtest.impairment import parse_impairment
from myriad.loadtest.measure import LATENCY, SEND_LATENESS
from myriad.loadtest.world_report import find_broken, world_fields, world_rows

MAX_SEND_LATENESS_MS = 20.0
SERVED_SHARE = 0.95
MAX_DROPPED_SHARE = 0.001


def build_result(facts: RunFacts) -> dict[str, Any]:
    """The result as the documented JSON object."""
    unserved = find_unserved(facts)
    reason = find_bottleneck(facts)
    per_snapshot_us = facts.server.cpu_s * 1e6 / max(facts.server.snapshots_sent, 1)
    result: dict[str, Any] = {
        "valid": not reason,
        "reason": reason,
        "served": not unserved and not reason,
        "unserved": unserved,
        "clients": facts.options.clients,
        "connected": facts.connected,
        "seconds": round(facts.seconds, 3),
        "input_hz": facts.options.input_hz,
        "spread": facts.options.spread,
        "square_share": facts.options.square_share,
        "fight": facts.options.fight,
        "seed": facts.options.seed,
        "impair": facts.options.impair,
        "warm_up": {"seconds": round(facts.warm_up_s, 3), "login_ms": _times(facts.login_ns)},
        **_client_fields(facts),
        "handshake_ms": _times(facts.handshake_ns),
        "views": {"checked": facts.checks.checked, "wrong": facts.checks.wrong},
        "converged_ms": {"max": facts.checks.converged_ms},
        "activity": _activity(facts),
        "generator_cpu_cores": round(facts.cpu_s / facts.seconds, 4),
        "generator": _generator(facts),
        "impairment": {
            name: int(facts.fates[name].sum()) for name in ("lost", "duplicated", "reordered", "overflowed")
        },
        "floor_us_per_datagram": facts.floor_us if facts.floor_us is None else round(facts.floor_us, 3),
        "ratio_to_floor": None if not facts.floor_us else round(per_snapshot_us / facts.floor_us, 3),
        "server": {
            "npcs": facts.server.npcs,
            "cpu_cores": round(facts.server.cpu_s / facts.seconds, 4),
            "rss_bytes": facts.server.rss_bytes,
            "tick_hz": round(facts.server.ticks / facts.seconds, 2),
            "tick_lateness_ms": {
                **summary_ms(facts.server.lateness),
                "p999": round(percentile(facts.server.lateness, 99.9) / 1e6, 3),
            },
            "thread_cpu_cores": round(facts.server.thread_cpu_s / facts.seconds, 4),
            "phases_cores": {
                name: round(spent_ns / 1e9 / facts.seconds, 4) for name, spent_ns in facts.server.phases_ns.items()
            },
            "cpu_us_per_client_snapshot": round(per_snapshot_us, 3),
            "drops": dict(facts.server.drops),
        },
    }
    return result if facts.world is None else result | world_fields(facts.world)


def find_bottleneck(facts: RunFacts) -> str:
    """Why the generator and not the server decided the figures, or "" if it did not."""
    late_ms = percentile(facts.histograms[SEND_LATENESS], 99) / 1e6
    if late_ms > MAX_SEND_LATENESS_MS:
        return f"inputs were sent {late_ms:.1f} ms late (p99), more than {MAX_SEND_LATENESS_MS:g} ms"
    received = int(facts.counts["down_datagrams"].sum())
    if facts.socket_drops > MAX_DROPPED_SHARE * max(received, 1):
        return f"{facts.socket_drops} datagrams were dropped at the clients' sockets, more than 0.1 %"
    sent = facts.counts["inputs"] / facts.seconds
    if len(sent) and float(np.median(sent)) < 0.97 * facts.options.input_hz and facts.connected > 0:
        return f"clients sent {float(np.median(sent)):.2f} input packets a second instead of {facts.options.input_hz}"
    if int(facts.fates["overflowed"].sum()) > 0:
        return "the queue of impaired datagrams was full"
    return ""


def find_unserved(facts: RunFacts) -> list[str]:
    """What was not as it should be, one sentence each."""
    found = []
    clients = facts.options.clients
    impairment = parse_impairment(facts.options.impair)
    if facts.connected < clients:
        found.append(f"{clients - facts.connected} clients were not connected at the end")
    wanted = SERVED_SHARE * facts.server.snapshot_hz * (1 - impairment.loss / 100)
    counted = np.ones(clients, np.bool_) if facts.world is None else ~facts.world.touched
    few = int((facts.counts["snapshots"][counted] / facts.seconds < wanted).sum())
    if few:
        found.append(f"{few} clients decoded fewer than {wanted:.2f} snapshots a second")
    malformed = int((facts.counts["malformed"] > 0).sum())
    if malformed:
        found.append(f"{malformed} clients got malformed payloads")
    unheard = int((~facts.confirmed).sum())
    if unheard:
        found.append(f"{unheard} clients had no input confirmed")
    undecodable = int(facts.counts["undecodable"].sum())
    if undecodable and not impairment.any:
        found.append(f"{undecodable} sections were undecodable")
    if facts.checks.wrong:
        found.append(f"{facts.checks.wrong} views were wrong")
    if facts.options.impair_stop > 0 and facts.checks.checked and facts.checks.converged_ms is None:
        found.append("views did not agree again after the impairment")
    return found + (find_broken(facts.world, wanted) if facts.world is not None else [])


def _client_fields(facts: RunFacts) -> dict[str, Any]:
    counts = facts.counts
    snapshots_hz = counts["snapshots"] / facts.seconds
    near_hz = snapshots_hz * counts["near_updates"] / np.maximum(counts["near_cells"], 1)
    return {
        "inputs_per_client_hz": _spread(counts["inputs"] / facts.seconds, "min", "p50"),
        "snapshots_per_client_hz": _spread(snapshots_hz, "min", "p1", "p50"),
        "own_state_hz": _spread(counts["own"] / facts.seconds, "min"),
        "near_cell_hz": _spread(near_hz, "min", "p50"),
        "input_to_snapshot_ms": summary_ms(facts.histograms[LATENCY]),
        "gaps_over_100_ms": int(counts["gaps"].sum()),
        "down_bytes_per_client_s": _spread(counts["down_bytes"] / facts.seconds, "p50", "max"),
        "up_bytes_per_client_s": _spread(counts["up_bytes"] / facts.seconds, "p50", "max"),
        "in_view": {
            "players": _spread(facts.players_in_view, "p50", "max"),
            "entities": _spread(facts.entities_in_view, "p50", "max"),
        },
        "decoded_clients": int(((counts["snapshots"] > 0) & (counts["malformed"] == 0)).sum()),
        "undecodable_sections": int(counts["undecodable"].sum()),
        "keyframe_repairs": int(counts["nacks"].sum()),
    }


def _activity(facts: RunFacts) -> dict[str, Any]:
    return {
        "moved_m_p50": round(float(np.median(facts.counts["moved_m"])), 2),
        "attacks": int(facts.counts["attacks"].sum()),
        "hits": facts.server.hits,
        "deaths": facts.server.deaths,
        "pickups": facts.server.pickups,
        "chats": int(facts.counts["chats"].sum()),
    }


def _generator(facts: RunFacts) -> dict[str, Any]:
    datagrams = int(facts.counts["down_datagrams"].sum() + facts.counts["up_datagrams"].sum())
    return {
        "send_lateness_ms": summary_ms(facts.histograms[SEND_LATENESS]),
        "socket_drops": facts.socket_drops,
        "send_failures": int(facts.counts["send_failures"].sum()),
        "cpu_us_per_datagram": round(facts.cpu_s * 1e6 / max(datagrams, 1), 3),
    }


_SHARES = {"min": 0.0, "p1": 1.0, "p50": 50.0, "p99": 99.0, "max": 100.0}


def _spread(values: npt.NDArray[Any], *names: str) -> dict[str, float]:
    """The named percentiles of (n,) values; 0 if there are none."""
    if len(values) == 0:
        return dict.fromkeys(names, 0.0)
    return {name: round(float(np.percentile(values, _SHARES[name], method="nearest")), 3) for name in names}


def _times(values_ns: npt.NDArray[np.int64]) -> dict[str, float]:
    return {name: round(value / 1e6, 3) for name, value in _spread(values_ns, "p50", "p99").items()}


def kbit_s(bytes_per_s: float) -> float:
    """Kilobits (1,000 bits) a second."""
    return bytes_per_s * 8 / 1000


def summary_rows(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The table that a person reads: label and value."""
    latency, lateness = result["input_to_snapshot_ms"], result["server"]["tick_lateness_ms"]
    down, up = result["down_bytes_per_client_s"], result["up_bytes_per_client_s"]
    late = result["generator"]["send_lateness_ms"]
    snapshots = result["snapshots_per_client_hz"]
    server, activity, view = result["server"], result["activity"], result["in_view"]
    rows = [
        ("clients connected", f"{result['connected']} of {result['clients']}, {result['decoded_clients']} decoded"),
        ("snapshots/s per client", "min {min:.2f}, p1 {p1:.2f}, p50 {p50:.2f}".format(**snapshots)),
        ("own state, near cells", f"min {result['own_state_hz']['min']:.2f}, {result['near_cell_hz']['min']:.2f} Hz"),
        ("input to snapshot", "p50 {p50:.1f}, p99 {p99:.1f}, max {max:.1f} ms".format(**latency)),
        ("gaps over 100 ms", f"{result['gaps_over_100_ms']}"),
        ("down per client", f"p50 {kbit_s(down['p50']):.1f}, max {kbit_s(down['max']):.1f} kbit/s"),
        ("up per client", f"p50 {kbit_s(up['p50']):.1f}, max {kbit_s(up['max']):.1f} kbit/s"),
        ("in view", f"p50 {view['players']['p50']:.0f} players, {view['entities']['p50']:.0f} entities"),
        ("undecodable, asked again", f"{result['undecodable_sections']}, {result['keyframe_repairs']}"),
        ("views checked, wrong", f"{result['views']['checked']}, {result['views']['wrong']}"),
        ("handshake", "p50 {p50:.1f}, p99 {p99:.1f} ms".format(**result["handshake_ms"])),
        (
            "activity",
            "walked {moved_m_p50:.0f} m, {attacks} attacks, {hits} hits, {deaths} deaths, {pickups} pick-ups,"
            " {chats} messages".format(**activity),
        ),
        ("server", f"{server['cpu_cores']:.3f} cores, {server['rss_bytes'] / 1e6:.0f} MB, {server['tick_hz']:.1f} Hz"),
        ("server per client·snapshot", f"{server['cpu_us_per_client_snapshot']:.2f} µs"),
        ("tick lateness", "p50 {p50:.2f}, p99 {p99:.2f}, max {max:.2f} ms".format(**lateness)),
        ("generator", f"{result['generator_cpu_cores']:.3f} cores, inputs sent late: p99 {late['p99']:.2f} ms"),
    ]
    if result["converged_ms"]["max"] is not None:
        rows.append(("views right again after", f"{result['converged_ms']['max']:.0f} ms"))
    if result["ratio_to_floor"] is not None:
        rows.append(
            ("floor", f"{result['floor_us_per_datagram']:.2f} µs per snapshot; ratio {result['ratio_to_floor']:.2f}")
        )
    return rows + (world_rows(result) if "handoffs" in result else [])
