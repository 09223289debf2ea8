"""The last hour: a point every five seconds.

Responsible for: keeping and handing out points. Not here: what is in a point (`watch.py`).

Invariants: memory is bounded; a series has a value, or None, for each time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from myriad.web.ops.messages import History

STEP_S: Final = 5
POINTS: Final = 3600 // STEP_S
DROPS: Final = "drops_s"

SERIES: Final = (
    "players",
    "connected",
    "snapshots_s",
    "late_p99_ms",
    "down_bytes_s",
    "up_bytes_s",
    "store_lag_ms",
    "handoff_gap_p99_ms",
    "ledger_problems",
    "cpu_cores",
)


class Point(NamedTuple):
    """One moment: `values` by the names of SERIES, `drops` (a second) by reason."""

    at: float
    values: Mapping[str, float | None]
    drops: Mapping[str, float]


class HourRing:
    """See above. Times are Unix time in seconds."""

    def __init__(self) -> None:
        self._points: deque[Point] = deque(maxlen=POINTS)

    def add(self, point: Point) -> None:
        """The newest; one that is not newer than the last is not taken."""
        if not self._points or point.at > self._points[-1].at:
            self._points.append(point)

    def since(self, at: float) -> History:
        """All points after `at`."""
        points = [point for point in self._points if point.at > at]
        series: dict[str, Any] = {name: [point.values.get(name) for point in points] for name in SERIES}
        reasons = sorted({reason for point in points for reason in point.drops})
        series[DROPS] = {reason: [point.drops.get(reason, 0.0) for point in points] for reason in reasons}
        return History(STEP_S, [point.at for point in points], series)
