"""The overload ladder: what a zone gives up, in which order, when its ticks take longer than they may.

Responsible for: deciding the rung from measured load. Not here: measuring (`runtime/`), and what each rung does to
cells (`replication/`) or rules (the game, through `clock.npc_stride`).

Invariants: rungs are entered and left one at a time, in the order of `RUNGS`; a rung is left only after load has been
low for longer than it took to enter it, so that the ladder does not flap.
"""

from __future__ import annotations

from typing import NamedTuple


class Rung(NamedTuple):
    """One step of the ladder: `replication_level` as `replication/` understands it, NPC rules every `npc_stride`
    ticks, `dilation` in percent of real time."""

    name: str
    sentence: str
    replication_level: int
    npc_stride: int
    dilation: int


RUNGS = (
    Rung("normal", "Everything at full rate.", 0, 1, 100),
    Rung("far_cells_slow", "Far cells are sent half as often.", 1, 1, 100),
    Rung("small_view", "Far cells are not sent.", 2, 1, 100),
    Rung("npc_half_rate", "NPC rules run every other tick.", 2, 2, 100),
    Rung("time_dilation", "All timers of the zone run at half speed, and clients are told.", 2, 2, 50),
)

ENTER_LOAD = 0.9
LEAVE_LOAD = 0.55
ENTER_SECONDS = 1.0
LEAVE_SECONDS = 3.0
SMOOTHING_SECONDS = 0.5


class OverloadLadder:
    """Watches the share of a tick's time that the tick's work took, and chooses the rung."""

    def __init__(self) -> None:
        self.rung = 0
        self.load = 0.0
        self._high_for_s = 0.0
        self._low_for_s = 0.0

    def observe(self, busy_s: float, interval_s: float) -> bool:
        """Tell the ladder that one tick took `busy_s` of the `interval_s` (> 0) it had. True if the rung changed.

        On the last rung ticks are farther apart: `interval_s` is then the undilated one, so that the load it sees
        stays comparable and the rung is left when the work would fit again.
        """
        weight = min(1.0, interval_s / SMOOTHING_SECONDS)
        self.load += weight * (busy_s / interval_s - self.load)
        self._high_for_s = self._high_for_s + interval_s if self.load > ENTER_LOAD else 0.0
        self._low_for_s = self._low_for_s + interval_s if self.load < LEAVE_LOAD else 0.0
        if self._high_for_s >= ENTER_SECONDS and self.rung < len(RUNGS) - 1:
            return self._move(1)
        if self._low_for_s >= LEAVE_SECONDS and self.rung > 0:
            return self._move(-1)
        return False

    def _move(self, step: int) -> bool:
        self.rung += step
        self._high_for_s = 0.0
        self._low_for_s = 0.0
        return True
