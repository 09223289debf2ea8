"""A thread that does one thing again and again.

Responsible for: resting in between, being woken, ending in time.
Not here: what it does.

Invariant: a turn that fails is logged, and does not end the thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

_LOG = logging.getLogger(__name__)

_AFTER_FAILURE_S: Final = 5.0


class Repeating:
    """Runs `turn`, which says how many seconds to rest, until stopped."""

    def __init__(self, name: str, turn: Callable[[], float]) -> None:
        self._turn = turn
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def wake(self) -> None:
        """Ends the present rest, or leaves out the next; from any thread."""
        self._wake.set()

    def stop(self, timeout_s: float) -> bool:
        """Ends it after its turn; False if it did not end in time."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                rest_s = self._turn()
            except Exception:  # there is nobody above
                _LOG.exception("%s failed", self._thread.name)
                rest_s = _AFTER_FAILURE_S
            if not self._stopping:
                self._wake.wait(rest_s)
