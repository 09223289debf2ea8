"""What should run: from measured load to decisions, each with its reason.

Responsible for: when to start a zone, let an empty one sleep, add a layer to a full one and merge layers again; and on
which host a zone starts.
Not here: carrying decisions out (the supervisor), who may enter (`placement.py`).

Up is fast, down is slow. A layer is added when a zone is 80 % full, or will be within the time that a layer takes to
start; it is merged when the zone has needed less than half of the remaining layers for a minute. Between two decisions
about one zone lies a cool-down, so load that swings around a threshold changes nothing.

Invariants: a zone with players, lingering ones included, is never put to sleep, nor is a zone of `always`. At most
`max_hosts × zones_per_host` zones run or start. Time is an argument; the same observations give the same decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from myriad.cluster.directory import takes_players
from myriad.cluster.requests import LeaseRow, ZoneKey

NS_PER_S: Final = 1_000_000_000
_MAX_PATIENCE: Final = 4
_GROWTH_OVER_S: Final = 5.0


class ScalingLimits(NamedTuple):
    """Where and how fast the policy acts."""

    zones_per_host: int = 10
    max_hosts: int = 8
    max_layers: int = 8
    """Layers of one zone, the first included."""
    cores: float = 0.0
    """CPU that the machine has; 0: not known. A late zone gets no second layer when all of it is in use."""
    hibernate_after_s: float = 60.0
    """0: never."""
    fill_high: float = 0.8
    fill_low: float = 0.5
    merge_after_s: float = 60.0
    lead_s: float = 10.0
    """A zone's growth is looked ahead so far: the time that a layer takes to start and to be known. A zone whose
    layers changed since lets in those who waited for it or had to move, which is no growth."""
    late_ms: float = 33.0
    """Lateness (p99) that is too much if it lasts for `late_for_s` in a zone that is at least `late_fill` full."""
    late_for_s: float = 10.0
    late_fill: float = 0.4
    up_cool_down_s: float = 5.0
    down_cool_down_s: float = 120.0
    start_patience_s: float = 15.0
    """A zone that was started and does not run after this time is started again; twice as long each further time, and
    after the fourth only if somebody still wants it."""
    end_patience_s: float = 60.0
    """A zone that was to end and still runs after this time counts as running again."""


class Start(NamedTuple):
    """Run a zone that does not run."""

    key: ZoneKey
    reason: str


class AddLayer(NamedTuple):
    """Run one more layer of a zone."""

    key: ZoneKey
    reason: str


class MergeLayer(NamedTuple):
    """Drain a layer: it takes nobody any more, its players go to the others, and it ends."""

    key: ZoneKey
    reason: str


class Hibernate(NamedTuple):
    """End a zone, if nobody has come since it was measured; it starts again when somebody wants it."""

    key: ZoneKey
    reason: str


Decision = Start | AddLayer | MergeLayer | Hibernate


@dataclass(slots=True)
class _Zone:
    """What is remembered of one zone, all its layers together."""

    steady_since_ns: int | None = None
    """Since when the same layers run, and none of them drains."""
    epochs: tuple[int, ...] = ()
    empty_since_ns: int | None = None
    small_since_ns: int | None = None
    late_since_ns: int | None = None
    changed_ns: int = -(1 << 62)
    """Of the latest decision to add or to merge a layer."""
    seen_ns: int = 0
    connected: int = 0
    growth_hz: float = 0.0
    """Players a second, smoothed over some seconds."""


@dataclass(slots=True)
class _Starting:
    """A zone that was told to start and does not run yet."""

    since_ns: int
    patience_s: float


@dataclass(slots=True)
class _Round:
    """One call of `decide`."""

    now_ns: int
    by_zone: dict[str, list[LeaseRow]]
    wanted: frozenset[ZoneKey]
    busy_cores: float
    decisions: list[Decision] = field(default_factory=list)


def choose_host(num_zones: Mapping[str, int], busy_cores: Mapping[str, float], limits: ScalingLimits) -> str | None:
    """Where a zone starts: the host with room that has the least to do; "" for a new host; None if there is no room.

    `num_zones` are the zones that each host runs or starts, `busy_cores` what it uses.
    """
    with_room = [host for host, count in num_zones.items() if count < limits.zones_per_host]
    if with_room:
        return min(with_room, key=lambda host: (busy_cores.get(host, 0.0), num_zones[host], host))
    return "" if len(num_zones) < limits.max_hosts else None


class ScalingPolicy:
    """Decides; call `decide` about once a second with everything that runs."""

    def __init__(self, limits: ScalingLimits, always: Iterable[ZoneKey] = ()) -> None:
        """`always` are zones that run whether anybody is there or not: those where players start."""
        self.held: set[ZoneKey] = set()
        """Zones that are not to run, whoever wants them: an operator ended them."""
        self._limits = limits
        self._always = tuple(always)
        self._zones: dict[str, _Zone] = {}
        self._starting: dict[ZoneKey, _Starting] = {}
        self._running: set[ZoneKey] = set()
        self._ending: dict[ZoneKey, int] = {}

    @property
    def num_starting(self) -> int:
        """Zones told to start that do not run yet."""
        return len(self._starting)

    def decide(self, rows: Iterable[LeaseRow], wanted: Iterable[ZoneKey], now_ns: int) -> list[Decision]:
        """What to change now. `rows` is the directory, `wanted` what somebody asked for since the last call."""
        rows = list(rows)
        by_zone: dict[str, list[LeaseRow]] = {}
        for row in sorted(rows, key=lambda row: row.key):
            by_zone.setdefault(row.key.zone, []).append(row)
        this = _Round(now_ns, by_zone, frozenset(wanted), sum(row.load.cpu_cores for row in rows))
        for zone in self._zones.keys() - by_zone.keys():
            self._zones[zone] = _Zone(changed_ns=self._zones[zone].changed_ns)
        for zone, layers in by_zone.items():
            self._measure(self._zones.setdefault(zone, _Zone()), layers, now_ns)
        self._start_missing({row.key for row in rows}, this)
        self._note_ending(rows, now_ns)
        for zone, layers in by_zone.items():
            self._add_layer(zone, layers, this)
            self._merge_layer(zone, layers, this)
        self._hibernate(this)
        return this.decisions

    # What is measured.

    def _measure(self, zone: _Zone, layers: list[LeaseRow], now_ns: int) -> None:
        limits = self._limits
        connected = sum(row.load.connected for row in layers)
        passed_s = (now_ns - zone.seen_ns) / NS_PER_S if zone.seen_ns else 0.0
        if passed_s > 0:
            weight = min(1.0, passed_s / _GROWTH_OVER_S)
            zone.growth_hz += weight * ((connected - zone.connected) / passed_s - zone.growth_hz)
        zone.seen_ns, zone.connected = now_ns, connected
        epochs = tuple(row.epoch for row in layers)
        steady = epochs == zone.epochs and all(takes_players(row) and row.key not in self._ending for row in layers)
        zone.epochs = epochs
        zone.steady_since_ns = _since(zone.steady_since_ns, steady, now_ns)
        open_layers = [row for row in layers if takes_players(row)]
        fewer = sum(row.capacity for row in open_layers[:-1])
        empty = not any(row.load.players or row.load.connected for row in layers)
        late = max(row.load.lateness_p99_ms for row in layers) >= limits.late_ms
        zone.empty_since_ns = _since(zone.empty_since_ns, empty, now_ns)
        zone.small_since_ns = _since(zone.small_since_ns, connected <= fewer * limits.fill_low, now_ns)
        zone.late_since_ns = _since(zone.late_since_ns, late, now_ns)

    # Up.

    def _start_missing(self, running: set[ZoneKey], this: _Round) -> None:
        """Zones that ended without being told to, those that always run, and those that somebody wants."""
        for key in running:
            self._starting.pop(key, None)
        lost = self._running - running - self._ending.keys()
        self._running = running
        reasons = dict.fromkeys(sorted(lost), "it starts again: it ended without being told to")
        for key in self._always:
            reasons.setdefault(key, "it always runs")
        for key in sorted(this.wanted):
            reasons.setdefault(key, "somebody wants to go there")
        for key in sorted(self._starting):
            reasons.setdefault(key, "it was started and does not run yet")
        for key, reason in reasons.items():
            if key in self.held:
                self._starting.pop(key, None)
            elif key not in running and key.layer < self._limits.max_layers:
                self._start(key, reason, this)
        for key in this.wanted & running:
            self._zones[key.zone].empty_since_ns = None

    def _note_ending(self, rows: list[LeaseRow], now_ns: int) -> None:
        """Who ends by itself does not start again; whom we told to end and who did not, runs."""
        patience_ns = self._limits.end_patience_s * NS_PER_S
        self._ending = {
            key: since_ns
            for key, since_ns in self._ending.items()
            if key in self._running and now_ns - since_ns < patience_ns
        } | {row.key: now_ns for row in rows if not takes_players(row)}

    def _start(self, key: ZoneKey, reason: str, this: _Round) -> None:
        patience_s = self._limits.start_patience_s
        before = self._starting.get(key)
        if before is not None:
            if this.now_ns - before.since_ns < before.patience_s * NS_PER_S:
                return
            if before.patience_s > patience_s * _MAX_PATIENCE:
                del self._starting[key]
                return
            patience_s, reason = before.patience_s * 2, f"it does not run {before.patience_s:.0f} s after its start"
        elif not self._has_room():
            return
        self._starting[key] = _Starting(this.now_ns, patience_s)
        if key.layer == 0:
            this.decisions.append(Start(key, reason))
        else:
            self._zones.setdefault(key.zone, _Zone()).changed_ns = this.now_ns
            this.decisions.append(AddLayer(key, reason))

    def _add_layer(self, zone: str, layers: list[LeaseRow], this: _Round) -> None:
        known = self._zones[zone]
        coming = [key for key in self._starting if key.zone == zone]
        held = {key.layer for key in self.held if key.zone == zone}
        used = {row.key.layer for row in layers} | {key.layer for key in coming} | held
        free = next((layer for layer in range(self._limits.max_layers) if layer not in used), None)
        if free is None or coming or not _passed(known.changed_ns, self._limits.up_cool_down_s, this.now_ns):
            return
        reason = self._why_more(known, layers, this)
        if reason:
            self._start(ZoneKey(zone, free), reason, this)

    def _why_more(self, known: _Zone, layers: list[LeaseRow], this: _Round) -> str:
        """Why a zone needs another layer, "" if it does not."""
        limits = self._limits
        capacity = sum(row.capacity for row in layers if takes_players(row))
        steady = known.steady_since_ns is not None and _passed(known.steady_since_ns, limits.lead_s, this.now_ns)
        soon = known.connected + max(0.0, known.growth_hz) * limits.lead_s if steady else 0.0
        if known.connected >= capacity * limits.fill_high:
            return f"{known.connected} players are connected, of {capacity} at most"
        if soon >= capacity:
            return f"{known.connected} players are connected, and {soon:.0f} of {capacity} at most will be soon"
        late_s = 0.0 if known.late_since_ns is None else (this.now_ns - known.late_since_ns) / NS_PER_S
        busy = limits.cores and this.busy_cores >= limits.cores
        if late_s >= limits.late_for_s and known.connected >= capacity * limits.late_fill and not busy:
            return f"its ticks have been more than {limits.late_ms:.0f} ms late for {late_s:.0f} s"
        return ""

    def _has_room(self) -> bool:
        return len(self._running) + len(self._starting) < self._limits.max_hosts * self._limits.zones_per_host

    # Down.

    def _merge_layer(self, zone: str, layers: list[LeaseRow], this: _Round) -> None:
        limits, known = self._limits, self._zones[zone]
        open_layers = [row for row in layers if takes_players(row) and row.key not in self._ending]
        if len(open_layers) < 2 or any(key.zone == zone for key in self._starting):
            return
        if known.small_since_ns is None or not _passed(known.small_since_ns, limits.merge_after_s, this.now_ns):
            return
        if not _passed(known.changed_ns, limits.down_cool_down_s, this.now_ns):
            return
        known.changed_ns = this.now_ns
        least = min(open_layers[1:], key=lambda row: (row.load.connected, -row.key.layer))
        key = least.key
        self._ending[key] = this.now_ns
        capacity = sum(row.capacity for row in open_layers) - least.capacity
        reason = f"{known.connected} players are connected, and the other layers take {capacity}"
        this.decisions.append(MergeLayer(key, reason))

    def _hibernate(self, this: _Round) -> None:
        after_s = self._limits.hibernate_after_s
        if after_s <= 0:
            return
        awake = [zone for zone, layers in this.by_zone.items() if any(row.key not in self._ending for row in layers)]
        for zone in list(awake):
            layers, known = this.by_zone[zone], self._zones[zone]
            key = layers[-1].key
            if known.empty_since_ns is None or not _passed(known.empty_since_ns, after_s, this.now_ns):
                continue
            if len(layers) > 1 or key in self._always or key in self._ending or len(awake) == 1:
                continue
            awake.remove(zone)
            self._ending[key] = this.now_ns
            this.decisions.append(Hibernate(key, f"nobody has been there for {after_s:.0f} s"))


def _since(since_ns: int | None, holds: bool, now_ns: int) -> int | None:
    """Since when something has held without a break, None if it does not."""
    if not holds:
        return None
    return now_ns if since_ns is None else since_ns


def _passed(since_ns: int, seconds: float, now_ns: int) -> bool:
    return now_ns - since_ns >= seconds * NS_PER_S
