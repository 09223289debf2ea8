"""What hosts tell of themselves, looked at again and again: rates, and the points of the last hour.

Responsible for: differences of counters between two looks, handoffs of the last minute, what a point of history holds.
Not here: asking (`operations.py`), showing (`world.py`), counting (`runtime/zone_meter.py`).

Invariants: no input, no output, no clock; a counter that went down belongs to a zone that began anew, and counts from
there; who has not been heard of for `FORGOTTEN_NS` is not shown.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from myriad.cluster.requests import ZoneKey
from myriad.web.ops.history import Point

NS_PER_S: Final = 1_000_000_000
FORGOTTEN_NS: Final = 15 * NS_PER_S
MINUTE_NS: Final = 60 * NS_PER_S

_COUNTERS: Final = ("snapshots", "sent_bytes", "received_bytes", "cpu_ns")
_WORST: Final = {"late_p99_ms": "late_p99_ms", "cut_ms": "store_lag_ms", "gap_p99_ms": "handoff_gap_p99_ms"}


class ZoneNumbers(NamedTuple):
    """A zone as it was last heard of."""

    pid: int
    heard_ns: int
    shown: Mapping[str, Any]
    """As the zone told it."""
    rates: Mapping[str, float]
    """Of each counter, a second; empty until the second look."""


class ProcessNumbers(NamedTuple):
    """A process as it was last heard of."""

    pid: int
    heard_ns: int
    cpu_cores: float | None
    rss_bytes: int


class _Sample(NamedTuple):
    now_ns: int
    numbers: Mapping[str, Any]


class Watch:
    """See above. All times are of the reader's own clock, but those within what a host told."""

    def __init__(self) -> None:
        self.zones: dict[ZoneKey, ZoneNumbers] = {}
        self.processes: dict[int, ProcessNumbers] = {}
        self._samples: dict[tuple[int, ZoneKey], _Sample] = {}
        self._cpu: dict[int, _Sample] = {}
        self._handoffs: deque[tuple[int, str, str, int, int]] = deque()
        """When, from, to, how many took place, how many were refused."""
        self._added: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._worst: dict[str, float] = {}
        self._point_ns: int | None = None

    def observe(self, told: Mapping[str, Any], now_ns: int) -> None:
        """A host answered."""
        pid = int(told["pid"])
        self._observe_process(pid, told, now_ns)
        for name, numbers in told["zones"].items():
            zone, _, layer = name.partition("/")
            self._observe_zone(pid, ZoneKey(zone, int(layer or 0)), numbers, now_ns)

    def observe_process(self, pid: int, cpu_ns: int, rss_bytes: int, now_ns: int) -> None:
        """A process that is looked at from here."""
        self._observe_process(pid, {"now_ns": now_ns, "cpu_ns": cpu_ns, "rss_bytes": rss_bytes}, now_ns)

    def _observe_process(self, pid: int, told: Mapping[str, Any], now_ns: int) -> None:
        before = self._cpu.get(pid)
        self._cpu[pid] = _Sample(told["now_ns"], {"cpu_ns": told["cpu_ns"]})
        cores = None
        if before is not None and told["now_ns"] > before.now_ns:
            spent_ns = max(0, told["cpu_ns"] - before.numbers["cpu_ns"])
            cores = spent_ns / (told["now_ns"] - before.now_ns)
            self._added["process_cpu_ns"] += spent_ns
        known = self.processes.get(pid)
        if cores is None and known is not None:
            cores = known.cpu_cores
        self.processes[pid] = ProcessNumbers(pid, now_ns, cores, int(told["rss_bytes"]))

    def _observe_zone(self, pid: int, key: ZoneKey, numbers: Mapping[str, Any], now_ns: int) -> None:
        before = self._samples.get((pid, key))
        if before is not None and numbers["now_ns"] <= before.now_ns:  # somebody else made it look a moment ago
            self.zones[key] = self.zones[key]._replace(heard_ns=now_ns)
            return
        self._samples[pid, key] = _Sample(numbers["now_ns"], numbers)
        for name, series in _WORST.items():
            if numbers.get(name) is not None:
                self._worst[series] = max(self._worst.get(series, 0.0), numbers[name])
        rates = {}
        if before is not None:
            passed_s = (numbers["now_ns"] - before.now_ns) / NS_PER_S
            grown = {name: _grown(numbers, before.numbers, name) for name in _COUNTERS}
            rates = {name: number / passed_s for name, number in grown.items()}
            self._added.update(grown)
            self._dropped.update(_each_grown(numbers["drops"], before.numbers["drops"]))
            self._note_handoffs(key, numbers, before.numbers, now_ns)
        self.zones[key] = ZoneNumbers(pid, now_ns, numbers, rates)

    def _note_handoffs(self, key: ZoneKey, numbers: Mapping[str, Any], before: Mapping[str, Any], now_ns: int) -> None:
        done = _each_grown(numbers["handoffs"], before["handoffs"])
        failed = _each_grown(numbers["handoffs_failed"], before["handoffs_failed"])
        for target in {**done, **failed}:
            self._handoffs.append((now_ns, key.zone, target, done.get(target, 0), failed.get(target, 0)))

    def forget(self, now_ns: int) -> None:
        """Who has been silent for long."""
        self.zones = {key: zone for key, zone in self.zones.items() if now_ns - zone.heard_ns < FORGOTTEN_NS}
        self.processes = {pid: one for pid, one in self.processes.items() if now_ns - one.heard_ns < FORGOTTEN_NS}
        self._samples = {(pid, key): each for (pid, key), each in self._samples.items() if pid in self.processes}
        self._cpu = {pid: each for pid, each in self._cpu.items() if pid in self.processes}
        while self._handoffs and now_ns - self._handoffs[0][0] >= MINUTE_NS:
            self._handoffs.popleft()

    def handoffs(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Of the last minute, by (from, to): how many took place, how many were refused."""
        found: dict[tuple[str, str], tuple[int, int]] = {}
        for _, source, target, done, failed in self._handoffs:
            before = found.get((source, target), (0, 0))
            found[source, target] = (before[0] + done, before[1] + failed)
        return found

    def store_lag_ms(self) -> float | None:
        """How long the slowest zone's newest cut took; None if nobody wrote."""
        return max((zone.shown["cut_ms"] for zone in self.zones.values() if zone.shown["cut_ms"]), default=None)

    def take_point(self, at: float, now_ns: int, known: Mapping[str, float | None]) -> Point:
        """What was gathered since the last point; `known` is what others know of this moment."""
        passed_s = (now_ns - self._point_ns) / NS_PER_S if self._point_ns is not None else 0.0
        values: dict[str, float | None] = dict(known)
        for name, counter in _RATES.items():
            values[name] = _rate(self._added[counter], passed_s)
        cores = _rate(self._added["process_cpu_ns"] / NS_PER_S, passed_s)
        values["cpu_cores"] = None if cores is None else round(cores, 3)
        for series in _WORST.values():
            values[series] = self._worst.get(series)
        drops = {reason: round(number / passed_s, 3) for reason, number in self._dropped.items() if number and passed_s}
        self._added.clear()
        self._dropped.clear()
        self._worst.clear()
        self._point_ns = now_ns
        return Point(at, values, drops)


_RATES: Final = {"snapshots_s": "snapshots", "down_bytes_s": "sent_bytes", "up_bytes_s": "received_bytes"}


def _rate(number: float, passed_s: float) -> float | None:
    return round(number / passed_s, 1 if number > passed_s else 3) if passed_s > 0 else None


def _grown(now: Mapping[str, Any], before: Mapping[str, Any], name: str) -> int:
    """How much a counter went up; one that went down began anew."""
    later, earlier = int(now.get(name, 0)), int(before.get(name, 0))
    return later - earlier if later >= earlier else later


def _each_grown(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {name: grown for name in now if (grown := _grown(now, before, name))}
