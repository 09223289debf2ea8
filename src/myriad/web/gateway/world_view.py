"""`GET /v1/world`: every zone of the map with what runs of it.

Responsible for: that answer. Not here: the directory (`cluster/directory.py`).

Invariant: processes are named to programs of this machine only.
"""

from __future__ import annotations

from typing import Final

from myriad.cluster.requests import LeaseRow
from myriad.web.gateway.gateway import Gateway
from myriad.web.gateway.messages import LayerAnswer, WorldAnswer, ZoneAnswer

NS_PER_S: Final = 1_000_000_000
LATE_MS: Final = 33.0
"""Two ticks of 60 Hz: a zone whose p99 is beyond shows it to its players."""


def world_answer(gateway: Gateway, now_ns: int, relay: str, *, with_hosts: bool) -> WorldAnswer:
    """What everybody may know, and the processes `with_hosts`; `relay` is where browsers connect."""
    view = gateway.balancer.view
    totals = view.totals(now_ns)
    zones = [
        ZoneAnswer(*area, layers=[_layer(row, with_hosts) for row in view.layers(area.name, now_ns)])
        for area in gateway.world.map.zones
    ]
    return WorldAnswer(
        game=gateway.world.game,
        players=totals.players,
        connected=totals.connected,
        max_online=gateway.settings.max_online,
        waiting=len(gateway.balancer.queue),
        guests=gateway.guests,
        relay=relay,
        hosts=totals.hosts,
        directory_age_s=round((now_ns - view.read_ns) / NS_PER_S, 3),
        zones=zones,
    )


def _layer(row: LeaseRow, with_hosts: bool) -> LayerAnswer:
    load = row.load
    return LayerAnswer(
        layer=row.key.layer,
        endpoint=row.endpoint,
        front_door=row.front_door,
        health=_health(row),
        epoch=row.epoch,
        players=load.players,
        connected=load.connected,
        capacity=row.capacity,
        lateness_p99_ms=load.lateness_p99_ms,
        cpu_cores=load.cpu_cores,
        host=row.host.name if with_hosts else None,
        machine=row.host.machine if with_hosts else None,
        pid=row.host.pid if with_hosts else None,
    )


def _health(row: LeaseRow) -> str:
    if row.load.state != "running":
        return row.load.state
    return "late" if row.load.lateness_p99_ms > LATE_MS else "ok"
