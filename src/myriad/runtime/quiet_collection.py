"""Garbage collection at chosen moments.

Responsible for: taking the collector away from Python, and running it when a zone has time.
Not here: deciding when there is time (`runtime/zone_loop.py`).

Invariant: after `begin` no collection happens inside a tick.
"""

from __future__ import annotations

import gc
import threading

_EVERY_NS = 60_000_000_000
_SLACK_NS = 8_000_000


class QuietCollection:
    """Shared by all zones of a process: collects at most once a minute, when one of them has time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last_ns = 0
        self._begun = False

    def begin(self, now_ns: int) -> None:
        """Exempts everything made so far from collection and stops automatic collection."""
        gc.collect()
        gc.freeze()
        gc.disable()
        self._last_ns = now_ns
        self._begun = True

    def offer(self, now_ns: int, slack_ns: int) -> bool:
        """Says that nothing is due for `slack_ns`; collects if that is enough and it is time. True if it did."""
        if not self._begun or slack_ns < _SLACK_NS or now_ns - self._last_ns < _EVERY_NS:
            return False
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self._last_ns = now_ns
            gc.collect()
        finally:
            self._lock.release()
        return True

    def end(self) -> None:
        """Gives the collector back to Python."""
        self._begun = False
        gc.enable()
        gc.unfreeze()
