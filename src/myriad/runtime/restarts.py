"""When something that ended is started again.

Responsible for: the wait before each start. Not here: starting.

Invariant: what ran for a while is started again at once; what ends again and again soon after its start waits twice as
long each time, up to a limit.
"""

from __future__ import annotations

from typing import Final

STEADY_S: Final = 5.0
"""What ran for so long did not fail because of its start."""
_FIRST_WAIT_S: Final = 0.25
_LONGEST_WAIT_S: Final = 10.0


class BackOff:
    """The starts of one thing."""

    def __init__(self) -> None:
        self.num_failures = 0
        """Ends in a row that came soon after a start."""
        self._started_s = 0.0

    def started(self, now_s: float) -> None:
        """It begins now."""
        self._started_s = now_s

    def ended(self, now_s: float) -> float:
        """It ended; the seconds to wait before it is started again: none the first time."""
        self.num_failures = self.num_failures + 1 if now_s - self._started_s < STEADY_S else 0
        if self.num_failures <= 1:
            return 0.0
        return min(_FIRST_WAIT_S * 2.0 ** (self.num_failures - 2), _LONGEST_WAIT_S)
