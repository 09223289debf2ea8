"""How often somebody may do something.

Responsible for: one allowance for each key, refilled evenly, with a minute's worth of it at once.
Not here: what the keys are (`addresses.py`, names of accounts).

Invariants: memory is bounded: at most `MAX_KEYS`, those longest unused are forgotten first. Time is an argument.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

NS_PER_S: Final = 1_000_000_000
MAX_KEYS: Final = 65536


class RateLimit:
    """`per_minute` times a minute for each key."""

    def __init__(self, per_minute: int) -> None:
        self._interval_ns = 60 * NS_PER_S // per_minute
        self._burst_ns = self._interval_ns * (per_minute - 1)
        self._paid_until_ns: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._paid_until_ns)

    def take(self, key: str, now_ns: int) -> float:
        """Uses the allowance once and returns 0.0; or returns the seconds to wait, and nothing is used."""
        paid_ns = max(self._paid_until_ns.get(key, 0), now_ns)
        if paid_ns - now_ns > self._burst_ns:
            return (paid_ns - now_ns - self._burst_ns) / NS_PER_S
        self._paid_until_ns[key] = paid_ns + self._interval_ns
        self._paid_until_ns.move_to_end(key)
        self._forget(now_ns)
        return 0.0

    def give_back(self, key: str) -> None:
        """What was taken does not count."""
        if key in self._paid_until_ns:
            self._paid_until_ns[key] -= self._interval_ns

    def _forget(self, now_ns: int) -> None:
        while self._paid_until_ns:
            key = next(iter(self._paid_until_ns))
            if self._paid_until_ns[key] > now_ns and len(self._paid_until_ns) <= MAX_KEYS:
                break
            del self._paid_until_ns[key]
