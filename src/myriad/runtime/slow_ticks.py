"""Ticks that took too long: counted, and told with the time of their phases.

Responsible for: which ticks are slow, and at most one line a second about them.
Not here: measuring (`runtime/zone_loop.py`), histograms (`runtime/zone_measures.py`).

Invariants: used by the loop's thread alone; a tick that is not slow costs one comparison.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from myriad.core.clock import NS_PER_S
from myriad.core.log_lines import Lines
from myriad.core.phases import PHASES

_LOG = Lines(__name__)

EVERY_NS: Final = NS_PER_S
"""Time between two lines of one zone."""


class SlowTicks:
    """Of one zone, whose thread says which one it is (`logs.thread_is`)."""

    def __init__(self, slow_ms: float, **fields: object) -> None:
        """`slow_ms` is the setting `slow_tick_ms`, 0: no tick is slow; `fields` are said with every line."""
        self.num_slow = 0
        """Ticks since the start."""
        self.slow_ns = slow_ms * 1e6 or float("inf")
        """A tick that takes longer is slow."""
        self._lines = _LOG.about(**fields)
        self._next_line_ns = 0
        self._num_untold = 0

    def look(self, turn_ns: int, num_ticks: int, spent_ns: Sequence[int], now_ns: int) -> None:
        """A turn of `num_ticks` (>= 1) ended at `now_ns` and took `turn_ns`, of it `spent_ns` by phase."""
        if turn_ns <= self.slow_ns * num_ticks:
            return
        self.num_slow += num_ticks
        if now_ns < self._next_line_ns:
            self._num_untold += num_ticks
            return
        self._next_line_ns = now_ns + EVERY_NS
        untold, self._num_untold = self._num_untold, 0
        if not self._lines.isEnabledFor(logging.WARNING):
            return
        phases_ms = {name: _ms(spent) for name, spent in zip(PHASES, spent_ns, strict=True)}
        self._lines.warning(
            "a tick was slow",
            tick_ms=_ms(turn_ns / num_ticks),
            ticks=num_ticks,
            phases_ms={**phases_ms, "rest": _ms(turn_ns - sum(spent_ns))},
            untold=untold,
        )


def _ms(nanoseconds: float) -> float:
    return round(float(nanoseconds) / 1e6, 3)
