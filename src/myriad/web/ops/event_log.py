"""What happened, numbered: the newest thousand.

Responsible for: numbers, and handing out what is new.
Not here: what is worth telling (`runtime/supervisor.py`, `alarms.py`, `actions.py`), waiting for it (`routes.py`).

Invariants: numbers go up by one; memory is bounded. Any thread may call anything.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Final

from myriad.cluster.requests import ZoneKey
from myriad.web.ops.messages import Events, Happened

KEPT: Final = 1000


class EventLog:
    """See above. Times are Unix time in seconds."""

    def __init__(self) -> None:
        self._kept: deque[Happened] = deque(maxlen=KEPT)
        self._newest = 0
        self._lock = Lock()

    @property
    def newest(self) -> int:
        """The highest number given out, 0 before the first."""
        return self._newest

    def note(self, at: float, kind: str, text: str, *, key: ZoneKey | None = None, host: str | None = None) -> None:
        """Something happened at `at`."""
        with self._lock:
            self._newest += 1
            zone, layer = (None, 0) if key is None else key
            self._kept.append(Happened(self._newest, round(at, 3), kind, zone, layer, host, text))

    def after(self, number: int) -> Events:
        """What has a higher number, oldest first."""
        with self._lock:
            return Events(self._newest, [one for one in self._kept if one.number > number])
