"""What a world's zones say about themselves, before and after the window.

Responsible for: finding every zone's front door, reading `/v1/zone` of each, and adding up their differences.
Not here: one zone's difference (`loadtest/server_side.py`).

Invariants: a process counts once, however many zones it runs; a zone whose counters fell was started anew meanwhile,
and counts from zero; one that does not answer is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from myriad.core.histogram import percentile
from myriad.core.phases import PHASES
from myriad.loadtest.facts import ServerFacts
from myriad.loadtest.server_side import server_facts
from myriad.runtime.login import FrontDoor, FrontDoorError

_NOTHING: Mapping[str, Any] = {
    "cpu_seconds": 0.0,
    "thread_cpu_seconds": 0.0,
    "ticks": 0,
    "snapshots_sent": 0,
    "drops": {},
    "histograms_ns": {"lateness": {"counts": {}, "sum": 0, "max": 0}},
}
TIMEOUT_S = 3.0


class Reading(NamedTuple):
    """`/v1/zone` of each zone by name, and the front door of its host."""

    statuses: Mapping[str, Mapping[str, Any]]
    doors: Mapping[str, str]


def read_zones(world: Mapping[str, Any]) -> Reading:
    """Asks all zones that `/v1/world` lists."""
    statuses: dict[str, Mapping[str, Any]] = {}
    doors: dict[str, str] = {}
    open_doors: dict[str, FrontDoor] = {}
    for zone in world["zones"]:
        for layer in zone["layers"]:
            name = str(zone["name"]) + (f"/{layer['layer']}" if layer["layer"] else "")
            address = str(layer["front_door"])
            host, _, port = address.rpartition(":")
            door = open_doors.setdefault(address, FrontDoor(host.strip("[]"), int(port or 0), TIMEOUT_S))
            try:
                statuses[name] = door.zone_status(name)
                doors[name] = address
            except FrontDoorError:
                continue
    for door in open_doors.values():
        door.close()
    return Reading(statuses, doors)


def facts_by_zone(before: Reading, after: Reading) -> dict[str, ServerFacts]:
    """The window's figures of each zone that runs at its end."""
    found = {}
    for name, status in after.statuses.items():
        earlier = before.statuses.get(name, _NOTHING)
        same = before.doors.get(name) == after.doors[name] and int(status["ticks"]) >= int(earlier["ticks"])
        found[name] = server_facts(earlier if same else _NOTHING, status)
    return found


def add_up(zones: Mapping[str, ServerFacts], doors: Mapping[str, str], snapshot_hz: float) -> ServerFacts:
    """All zones as one server: ticks are those of a zone on average, the rest is summed."""
    facts = list(zones.values())
    hosts = {doors[name]: one for name, one in zones.items()}.values()
    drops: dict[str, int] = {}
    for one in facts:
        for reason, number in one.drops.items():
            drops[reason] = drops.get(reason, 0) + number
    return ServerFacts(
        npcs=sum(one.npcs for one in facts),
        snapshot_hz=snapshot_hz,
        cpu_s=sum(one.cpu_s for one in hosts),
        rss_bytes=sum(one.rss_bytes for one in hosts),
        ticks=round(sum(one.ticks for one in facts) / max(len(facts), 1)),
        lateness=np.sum([one.lateness for one in facts], axis=0, dtype=np.int64),
        snapshots_sent=sum(one.snapshots_sent for one in facts),
        hits=sum(one.hits for one in facts),
        deaths=sum(one.deaths for one in facts),
        pickups=sum(one.pickups for one in facts),
        drops=drops,
        phases_ns={name: sum(one.phases_ns[name] for one in facts) for name in PHASES},
        thread_cpu_s=sum(one.thread_cpu_s for one in facts),
    )


def zone_figures(
    zones: Mapping[str, ServerFacts], statuses: Mapping[str, Mapping[str, Any]], seconds: float
) -> dict[str, dict[str, float]]:
    """What the result says of each zone."""
    return {
        name: {
            "players": int(statuses[name]["players"]),
            "tick_hz": round(one.ticks / seconds, 2),
            "snapshots_hz": round(one.snapshots_sent / seconds, 1),
            "lateness_p50_ms": round(percentile(one.lateness, 50) / 1e6, 3),
            "lateness_p99_ms": round(percentile(one.lateness, 99) / 1e6, 3),
        }
        for name, one in zones.items()
    }
