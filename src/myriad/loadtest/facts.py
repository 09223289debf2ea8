"""Everything that a run measured, as it goes into the result.

Responsible for: the shapes. Not here: how the facts come to be, what is made of them (`report.py`, `world_report.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.histogram import Histogram
from myriad.loadtest.options import LoadOptions


class ServerFacts(NamedTuple):
    """What the server said of the window."""

    npcs: int
    snapshot_hz: float
    cpu_s: float
    rss_bytes: int
    ticks: int
    lateness: Histogram
    snapshots_sent: int
    hits: int
    deaths: int
    pickups: int
    drops: Mapping[str, int]
    phases_ns: Mapping[str, int]
    thread_cpu_s: float


class CheckFacts(NamedTuple):
    """What comparing views with the server found."""

    checked: int = 0
    wrong: int = 0
    converged_ms: float | None = None


class WorldFacts(NamedTuple):
    """What there is to say of a world of zones besides."""

    handoffs: int
    handoffs_failed: int
    gaps_ns: npt.NDArray[np.int64]
    inputs_lost: int
    inputs_doubled: int
    returns_ns: npt.NDArray[np.int64]
    confirmed: int
    confirmed_lost: int
    chats: int
    chats_lost: int
    events_seen_min: int | None
    untouched_hz: float | None
    balanced: bool | None
    num_killed: int
    touched: npt.NDArray[np.bool_]  # (players,): its host was killed
    zones: Mapping[str, Mapping[str, float]]


class RunFacts(NamedTuple):
    """Everything that a run measured."""

    options: LoadOptions
    seconds: float
    counts: npt.NDArray[np.void]  # (clients,) COUNTS
    histograms: Histogram  # (NUM_HISTOGRAMS, HISTOGRAM_LENGTH)
    connected: int
    confirmed: npt.NDArray[np.bool_]  # (clients,): had an input confirmed
    handshake_ns: npt.NDArray[np.int64]  # (clients,)
    login_ns: npt.NDArray[np.int64]
    warm_up_s: float
    players_in_view: npt.NDArray[np.int64]  # samples
    entities_in_view: npt.NDArray[np.int64]
    checks: CheckFacts
    cpu_s: float
    socket_drops: int
    fates: npt.NDArray[np.void]  # (2,) FATES
    floor_us: float | None
    server: ServerFacts
    world: WorldFacts | None
