"""The phases of a tick, and how the time that each takes is gathered.

Responsible for: the names and numbers of the phases and the adding up of their time within one turn of a zone's loop.
Not here: the histograms of them (`runtime/zone_measures.py`) and the clock (an argument).

Invariant: a phase's number is its place in `PHASES`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

PHASES: Final = ("receive", "slow", "step", "encode", "assemble", "send")
PHASE_RECEIVE: Final = 0
PHASE_SLOW: Final = 1
PHASE_STEP: Final = 2
PHASE_ENCODE: Final = 3
PHASE_ASSEMBLE: Final = 4
PHASE_SEND: Final = 5


class PhaseTimer:
    """Adds up nanoseconds by phase: `start`, work, `done(PHASE_STEP)`, work, `done(PHASE_ENCODE)`, and so on."""

    def __init__(self, clock_ns: Callable[[], int]) -> None:
        self.spent_ns = [0] * len(PHASES)
        """Time by phase since the reader last cleared it; 0 for a phase that did not happen."""
        self._clock_ns = clock_ns
        self._mark_ns = clock_ns()

    def start(self) -> None:
        """What follows counts for the phase named by the next `done`."""
        self._mark_ns = self._clock_ns()

    def done(self, phase: int) -> None:
        """Counts the time since the latest `start` or `done` for `phase` (PHASE_...)."""
        now_ns = self._clock_ns()
        self.spent_ns[phase] += now_ns - self._mark_ns
        self._mark_ns = now_ns

    def clear(self) -> None:
        """Begins a new turn."""
        self.spent_ns[:] = [0] * len(PHASES)
