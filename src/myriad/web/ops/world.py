"""`GET /v1/ops/world`: the whole world at once, out of what the directory, the supervisor and the hosts say.

Responsible for: that answer, and the state of each zone.
Not here: the sources (`operations.py`), rates (`watch.py`).

Invariant: where sources disagree the supervisor is right about processes, the directory about who owns a zone, and a
host about its numbers; what nobody knows is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from myriad.cluster.directory import DirectoryView
from myriad.cluster.events import GlobalEvent
from myriad.cluster.requests import LeaseRow, ZoneKey
from myriad.core.settings import Settings
from myriad.game.world_map import WorldMap, ZoneArea
from myriad.runtime.control import Message
from myriad.web.gateway.gateway import Audited
from myriad.web.ops.messages import (
    Area,
    BorderRow,
    GameEvent,
    Ledger,
    ProcessRow,
    StoreState,
    WorldState,
    ZoneRow,
)
from myriad.web.ops.watch import Watch, ZoneNumbers

NS_PER_S: Final = 1_000_000_000
STORE_SILENT_S: Final = 3.0
"""The directory is read twice a second: older, and the store does not answer."""
_SUMS: Final = ("players", "connected", "capacity", "npcs", "cpu_cores", "down_bytes_s", "up_bytes_s", "snapshots_s")

RUNNING: Final = "running"
DRAINING: Final = "draining"
RESTARTING: Final = "restarting"
HIBERNATING: Final = "hibernating"


class Known(NamedTuple):
    """Everything that the answer is made of, at one moment."""

    now: float
    now_ns: int
    settings: Settings
    map: WorldMap
    view: DirectoryView
    watch: Watch
    fleet: Message
    supervised: bool
    lost: frozenset[ZoneKey]
    """Zones whose process ended, and that were not heard of since."""
    audited: Audited | None
    events: tuple[GlobalEvent, ...]
    own_pid: int


def world_state(known: Known) -> WorldState:
    """The answer."""
    zones = zone_rows(known)
    sums = {name: round(sum(getattr(row, name) or 0 for row in zones), 3) for name in _SUMS}
    return WorldState(
        now=round(known.now, 3),
        tick_hz=known.settings.tick_hz,
        supervised=known.supervised,
        zones=zones,
        borders=_borders(known),
        totals=sums,
        hosts=_hosts(known),
        relay=_relay(known),
        gateway=_gateway(known),
        ledger=_ledger(known),
        store=store_state(known.view, known.watch, known.now_ns),
        game_events=[
            GameEvent(event.number, event.name, event.text, event.ends_ms / 1000 if event.ends_ms else None)
            for event in known.events
        ],
    )


def store_state(view: DirectoryView, watch: Watch, now_ns: int) -> StoreState:
    """Whether the store answers, and how long it takes to make a cut durable."""
    up = (now_ns - view.read_ns) / NS_PER_S < STORE_SILENT_S
    return StoreState(up, watch.store_lag_ms())


# Zones.


def zone_rows(known: Known) -> list[ZoneRow]:
    """Every zone of the map with all its layers, one row for a zone that does not run."""
    fleet = _Fleet(known.fleet)
    found = []
    for area in known.map.zones:
        rows = {row.key: row for row in known.view.layers(area.name, known.now_ns)}
        keys = set(rows) | {key for key in fleet.charged if key.zone == area.name} | {ZoneKey(area.name)}
        found += [_zone_row(known, fleet, area, key, rows.get(key)) for key in sorted(keys)]
    return found


class _Fleet:
    """What the supervisor says, by zone and by process."""

    def __init__(self, fleet: Message) -> None:
        self.hosts: list[Message] = fleet.get("hosts", [])
        self.names: dict[int, str] = {host["pid"]: host["name"] for host in self.hosts if host["pid"] is not None}
        self.charged: dict[ZoneKey, str] = {}
        """The host that each zone is in the charge of."""
        self.states: dict[ZoneKey, str] = {}
        self.held = {_key(text) for text in fleet.get("held", ())}
        for host in self.hosts:
            self.charged.update({_key(text): host["name"] for text in host.get("charge", host["zones"])})
            self.states.update({_key(text): state for text, state in host["zones"].items()})


def _zone_row(known: Known, fleet: _Fleet, area: ZoneArea, key: ZoneKey, row: LeaseRow | None) -> ZoneRow:
    state = _state(known, fleet, key, row)
    numbers = known.watch.zones.get(key) if state in {RUNNING, DRAINING} else None
    if numbers is not None and row is not None and numbers.pid != row.host.pid:
        numbers = None
    host = None
    if row is not None and state != HIBERNATING:
        host = fleet.names.get(row.host.pid, None if known.supervised else f"process {row.host.pid}")
    shown = _shown(numbers) if numbers is not None else {}
    load = row.load if row is not None else None
    return ZoneRow(
        zone=key.zone,
        layer=key.layer,
        state=state,
        area=Area(area.x, area.y, area.width, area.height),
        players=shown.pop("players", load.players if load else 0),
        connected=shown.pop("connected", load.connected if load else 0),
        capacity=row.capacity if row is not None else 0,
        host=host or fleet.charged.get(key),
        epoch=row.epoch if row is not None else 0,
        held=key in fleet.held,
        **({"late_p99_ms": load.lateness_p99_ms, "cpu_cores": load.cpu_cores} if load else {}) | shown,
    )


def _state(known: Known, fleet: _Fleet, key: ZoneKey, row: LeaseRow | None) -> str:
    charged = fleet.charged.get(key)
    if key in known.lost and (charged is not None or not known.supervised):
        return RESTARTING
    if charged is not None:
        told = fleet.states.get(key)
        if told == DRAINING or told == "releasing":
            return DRAINING
        return RUNNING if row is not None and told == RUNNING else RESTARTING
    if row is None or known.supervised:
        return HIBERNATING
    return DRAINING if row.load.state == DRAINING else RUNNING


def _shown(numbers: ZoneNumbers) -> dict[str, Any]:
    told, rates = numbers.shown, numbers.rates
    found: dict[str, Any] = {
        name: told[name]
        for name in ("players", "connected", "npcs", "ladder", "tick_p50_ms", "tick_p99_ms", "late_p99_ms")
        if told.get(name) is not None
    }
    if rates:
        found["cpu_cores"] = round(rates["cpu_ns"] / NS_PER_S, 4)
        found["down_bytes_s"] = round(rates["sent_bytes"])
        found["up_bytes_s"] = round(rates["received_bytes"])
        found["snapshots_s"] = round(rates["snapshots"], 1)
    return found


def _key(text: str) -> ZoneKey:
    zone, _, layer = text.partition("/")
    return ZoneKey(zone, int(layer or 0))


def _borders(known: Known) -> list[BorderRow]:
    """All pairs of neighbours, both ways."""
    handoffs = known.watch.handoffs()
    return [
        BorderRow(area.name, other.name, *map(float, handoffs.get((area.name, other.name), (0, 0))))
        for area in known.map.zones
        for other in known.map.neighbours(area.name)
    ]


# Processes.


def _process(known: Known, name: str, pid: int | None, **more: Any) -> ProcessRow:
    heard = known.watch.processes.get(pid) if pid is not None else None
    if heard is not None:
        cores = None if heard.cpu_cores is None else round(heard.cpu_cores, 3)
        more = {"cpu_cores": cores, "rss_bytes": heard.rss_bytes, **more}
    return ProcessRow(up=pid is not None, name=name, pid=pid, **more)


def _hosts(known: Known) -> list[ProcessRow]:
    if known.supervised:
        return [
            _process(
                known,
                host["name"],
                host["pid"],
                starts=host["starts"],
                zones=sorted(host.get("charge", host["zones"]), key=_natural),
            )
            for host in known.fleet.get("hosts", [])
        ]
    by_pid: dict[int, list[str]] = {}
    for row in known.view.rows(known.now_ns):
        by_pid.setdefault(row.host.pid, []).append(str(row.key))
    return [
        _process(known, f"process {pid}", pid, zones=sorted(zones, key=_natural))
        for pid, zones in sorted(by_pid.items())
    ]


def _natural(text: str) -> tuple[str, int, int]:
    """zone-2 before zone-10."""
    zone, layer = _key(text)
    name, _, number = zone.rpartition("-")
    return (name, int(number), layer) if number.isdecimal() else (zone, 0, layer)


def _relay(known: Known) -> ProcessRow | None:
    told: Mapping[str, Any] | None = known.fleet.get("relay")
    if told is None:
        return None
    shown = {name: told[name] for name in ("cpu_cores", "rss_bytes", "players") if name in told}
    return _process(known, "relay", told["pid"], starts=told["starts"], **shown)


def _gateway(known: Known) -> ProcessRow:
    age_s = round((known.now_ns - known.view.read_ns) / NS_PER_S, 2)
    starts = known.fleet.get("gateway", {}).get("starts")
    return _process(known, "gateway", known.own_pid, starts=starts, directory_age_s=age_s)


def _ledger(known: Known) -> Ledger:
    audited = known.audited
    if audited is None:
        return Ledger(None, 0, None, 0)
    age_s = round((known.now_ns - audited.now_ns) / NS_PER_S, 1)
    report = audited.report
    return Ledger(report.balanced, len(report.problems), age_s, report.num_entries)
