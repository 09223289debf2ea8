"""How long a zone may speak: its lease, by its own clock.

Responsible for: the deadline, when to renew, and the end.
Not here: granting leases (`storage/`), sending the renewal (`member.py`).

Invariant: the deadline is counted from the moment before the request was sent, so it is never later than the store's;
this holds if the clock runs through suspension and no faster clock runs at the store.
"""

from __future__ import annotations

from typing import Final

NS_PER_MS: Final = 1_000_000
RETRY_NS: Final = 200 * NS_PER_MS
"""After the store could not be asked."""


class LeaseKeeper:
    """One zone's lease under one epoch.

    Silent before `start`; then it speaks until the deadline. Past the deadline it is silent, but goes on asking: the
    epoch may still be its own, and a renewal lets it speak again. Once fenced it never speaks again.
    """

    def __init__(self, ttl_ms: int, renew_ns: int) -> None:
        self._ttl_ns = ttl_ms * NS_PER_MS
        self._renew_ns = renew_ns
        self._asked_ns: int | None = None
        """When the renewal was sent that is not answered yet."""
        self._next_ns = 0
        self._deadline_ns: int | None = None
        self.fenced = False

    def start(self, asked_ns: int) -> None:
        """The lease was granted to a request that was sent at `asked_ns`."""
        self._deadline_ns = asked_ns + self._ttl_ns
        self._next_ns = asked_ns + self._renew_ns

    @property
    def speak_until_ns(self) -> int:
        """The deadline; 0 before the start and once fenced."""
        return 0 if self.fenced or self._deadline_ns is None else self._deadline_ns

    def may_speak(self, now_ns: int) -> bool:
        """True while the zone is surely the only one of its name."""
        return now_ns < self.speak_until_ns

    def left_ns(self, now_ns: int) -> int:
        """How long it may speak if it is not renewed; 0 if it may not."""
        return self._deadline_ns - now_ns if self._deadline_ns is not None and self.may_speak(now_ns) else 0

    def renewal_due(self, now_ns: int) -> bool:
        """True if a renewal is to be sent now; it counts as sent, and one is under way at a time."""
        if self.fenced or self._deadline_ns is None or self._asked_ns is not None or now_ns < self._next_ns:
            return False
        self._asked_ns = now_ns
        return True

    def renewed(self) -> None:
        """The store has renewed it."""
        if self._asked_ns is None or self._deadline_ns is None:
            return
        self._deadline_ns = max(self._deadline_ns, self._asked_ns + self._ttl_ns)
        self._next_ns = self._asked_ns + self._renew_ns
        self._asked_ns = None

    def unanswered(self, now_ns: int) -> None:
        """The store could not be asked; it is asked again soon."""
        self._asked_ns = None
        self._next_ns = now_ns + RETRY_NS

    def fence(self) -> None:
        """The store says that the zone is another's: silent for good."""
        self.fenced = True
