"""Comparing views with the server while the swarm runs.

Responsible for: which clients are compared when, and how long views take to be right after the impairment has ended.
Not here: one comparison (`loadtest/truth.py`).

Invariant: clients take turns, so that every client is compared as often as any other.
"""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from myriad.client.ground import ZoneMap
from myriad.loadtest.crew import Crew
from myriad.loadtest.truth import (
    MAX_SAMPLES_PER_CLIENT,
    SAMPLE,
    TruthKeeper,
    Verdict,
    ZoneCells,
    read_truths,
    sample_views,
)
from myriad.runtime.login import FrontDoor
from myriad.wire.layouts import CELL_M

CLIENTS_PER_CHECK = 120
"""Compared each second: the load test promises at least 100."""

MAX_COMPLAINTS = 10


def cells_of(zone: ZoneMap) -> ZoneCells:
    """The cells that a zone covers."""
    west, south, east, north = zone.bounds
    return ZoneCells(west // CELL_M, south // CELL_M, (east - west) // CELL_M, (north - south) // CELL_M)


class ViewChecks:
    """Counts what comparisons found."""

    def __init__(self, crew: Crew, door: FrontDoor, zone: ZoneMap, ticks_per_snapshot: int) -> None:
        self.num_checked = 0
        self.num_wrong = 0
        self.complaints: list[str] = []
        """The first parts that differed, in words."""
        self.converged_ms: float | None = None
        """Set when every client's view was right again after `watch_convergence`."""
        self._crew = crew
        self._cells = cells_of(zone)
        self._ticks_per_snapshot = ticks_per_snapshot
        self._keeper = TruthKeeper(lambda tick: read_truths(door.digests(tick)))
        self._samples = np.zeros(MAX_SAMPLES_PER_CLIENT * len(crew.swarm.plan), SAMPLE)
        self._next = 0
        self._stopped_s = 0.0
        self._behind: set[int] | None = None

    def check_some(self) -> None:
        """Compares the next clients in turn."""
        number = len(self._crew.swarm.plan)
        rows = (self._next + np.arange(min(CLIENTS_PER_CHECK, number))) % number
        self._next = (self._next + len(rows)) % number
        self._count(self._judge(rows.astype(np.int32)))

    def watch_convergence(self) -> None:
        """The impairment has ended now: from here on every client is compared until it is right and current."""
        self._stopped_s = time.monotonic()
        self._behind = set(range(len(self._crew.swarm.plan)))

    @property
    def converging(self) -> bool:
        """True while some client has not been seen right and current since the impairment ended."""
        return bool(self._behind)

    def check_convergence(self) -> None:
        """Compares the clients that have not been right and current yet."""
        if self._behind is None:
            return
        waiting = np.array(sorted(self._behind), np.int32)
        seen_s = time.monotonic()
        verdict = self._judge(waiting)
        self._count(verdict)
        self._behind -= verdict.current
        if not self._behind:
            self.converged_ms = round((seen_s - self._stopped_s) * 1000, 1)
            self._behind = None

    def _judge(self, rows: npt.NDArray[np.int32]) -> Verdict:
        swarm = self._crew.swarm
        used = self._crew.call(lambda: sample_views(swarm.clients, rows, len(rows), self._samples, 0))
        return self._keeper.judge(self._samples[:used], self._cells, self._ticks_per_snapshot)

    def _count(self, verdict: Verdict) -> None:
        self.num_checked += len(verdict.checked)
        self.num_wrong += len(verdict.wrong)
        room = MAX_COMPLAINTS - len(self.complaints)
        self.complaints += verdict.complaints[: max(room, 0)]
