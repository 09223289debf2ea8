"""Killing hosts of a world while it is played, and what that means for everybody else.

Responsible for: choosing a host and killing its process, and the snapshots of players whose host was not killed.
Not here: the text form (`loadtest/impairment.py`), bringing players back (`loadtest/returns.py`).

Invariants: only a process that the gateway itself names as a host of this machine is killed, by its id. A player counts
as untouched between two kills if it was in no zone of the killed host since the kill.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.loadtest.travel import Travel
from myriad.runtime.login import FrontDoorError, Gateway

SHORTEST_S = 2.0
"""Between two kills: shorter times say nothing about a rate."""


class HostProcess(NamedTuple):
    """A process that runs zones."""

    pid: int
    zones: frozenset[str]


def hosts_of(world: dict[str, Any]) -> list[HostProcess]:
    """The hosts that `/v1/world` names to this machine, by process id."""
    zones: dict[int, set[str]] = {}
    for zone in world["zones"]:
        for layer in zone["layers"]:
            if layer["pid"]:
                zones.setdefault(int(layer["pid"]), set()).add(str(zone["name"]))
    return [HostProcess(pid, frozenset(zones[pid])) for pid in sorted(zones)]


class Killer:
    """Kills a random host when told."""

    def __init__(self, gateway: Gateway, seed: int, kill: Callable[[int, int], None] = os.kill) -> None:
        self.num_killed = 0
        self._gateway = gateway
        self._rng = np.random.default_rng(seed)
        self._kill = kill

    def kill_one(self) -> frozenset[str]:
        """The zones of the host that was killed; none if there was none to kill."""
        try:
            hosts = hosts_of(self._gateway.world())
        except FrontDoorError:
            return frozenset()
        if not hosts:
            return frozenset()
        host = hosts[int(self._rng.integers(len(hosts)))]
        try:
            self._kill(host.pid, signal.SIGKILL)
        except ProcessLookupError:
            return frozenset()
        self.num_killed += 1
        return host.zones


class Untouched:
    """Snapshots a second of players whose host was not killed, from kill to kill. On the swarm's thread."""

    def __init__(self, travel: Travel) -> None:
        self.rates_hz: list[float] = []
        """The lowest rate of an untouched player of each time between two kills."""
        self.was_touched: npt.NDArray[np.bool_] = np.zeros(len(travel.zone_of), np.bool_)
        """Whose host was killed at some time."""
        self._travel = travel
        self._killed: frozenset[str] = frozenset()
        self._before: npt.NDArray[np.int64] = np.zeros(len(travel.zone_of), np.int64)
        self._since_s = 0.0

    def begin(self, snapshots: npt.NDArray[np.int64], killed: frozenset[str], now_s: float) -> None:
        """A host with the zones `killed` dies now; `snapshots` (n,) is what each player has had so far."""
        self._killed = killed
        self._before = snapshots.copy()
        self._since_s = now_s
        self._travel.forget_visits()

    def end(self, snapshots: npt.NDArray[np.int64], now_s: float) -> None:
        """Another one dies, or the window ends."""
        touched = np.array([bool(visited & self._killed) for visited in self._travel.visited])
        self.was_touched |= touched
        seconds = now_s - self._since_s
        if seconds >= SHORTEST_S and not touched.all():
            self.rates_hz.append(float((snapshots - self._before)[~touched].min() / seconds))

    @property
    def lowest_hz(self) -> float | None:
        """The lowest of all, None if there never was anybody untouched."""
        return min(self.rates_hz, default=None)
