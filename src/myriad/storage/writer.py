"""The writer: between a host's zones and its store, one transaction at a time.

Responsible for: the bounded queue, which requests go into the next transaction, asking again when the store could not
be reached, and the numbers about all of it.
Not here: the thread that drives it and the clock (`runtime/`), what a request does (`store.py`).

A driver calls `poll`; or, where a transaction takes time of its own (a simulation), `begin`, then `finish` or `fail`.
Any thread may `submit`; only the driver's calls the rest. A reply is None if the store could not be asked.

Invariants: requests of one zone are carried out in the order in which they were submitted; at most one cut of a zone is
in a transaction; a transaction that failed is repeated as it was, before anything else. Every request is answered once.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Final, NamedTuple

from myriad.cluster.requests import Answer, Cut, Request, ZoneKey
from myriad.core.clock import NS_PER_S
from myriad.core.durations import Durations
from myriad.core.metrics import Sample
from myriad.storage.port import Store, StoreUnavailable

MAX_BATCH: Final = 256
"""Requests in one transaction: the longer it is, the longer others wait for the lock."""
FIRST_BACK_OFF_NS: Final = 50_000_000
LONGEST_BACK_OFF_NS: Final = 1_000_000_000

Reply = Callable[[Answer | None], None]

_LOG = logging.getLogger(__name__)


class _Waiting(NamedTuple):
    request: Request
    reply: Reply
    since_ns: int


class Writer:
    """All requests of a host on their way to the store."""

    def __init__(self, store: Store, clock: Callable[[], int], max_waiting: int) -> None:
        """`clock` gives nanoseconds that never go back; `max_waiting` is the setting `store_queue`."""
        self.num_refused = 0
        """Requests that found the queue full."""
        self.num_failures = 0
        """Transactions that the store could not carry out (they were repeated)."""
        self.num_transactions = 0
        self.num_answered = 0
        self.num_cuts = 0
        self.last_failure = ""
        """What the store said when it failed last; "" while it works."""
        self.waits = Durations()
        """From submitting a request to its answer."""
        self.commits = Durations()
        """A transaction as a whole, the wait for its lock included."""
        self.lock_waits = Durations()
        """How long a transaction waited for the right to write."""
        self._store = store
        self._clock = clock
        self._max_waiting = max_waiting
        self._lock = Lock()
        self._waiting: deque[_Waiting] = deque()
        self._batch: list[_Waiting] = []
        self._began_ns = 0
        self._next_try_ns: int | None = None
        self._back_off_ns = FIRST_BACK_OFF_NS

    @property
    def num_waiting(self) -> int:
        """Requests that are not answered yet."""
        return len(self._waiting) + len(self._batch)

    @property
    def lag_ns(self) -> int:
        """How long the oldest request has waited for its answer, 0 if none waits."""
        try:
            oldest = self._batch[0] if self._batch else self._waiting[0]
        except IndexError:  # it was answered in this very moment
            return 0
        return max(self._clock() - oldest.since_ns, 0)

    def samples(self) -> list[Sample]:
        """For metrics; from any thread."""
        numbers = {
            "up": not self.last_failure,
            "waiting": self.num_waiting,
            "lag_seconds": self.lag_ns / NS_PER_S,
            "requests_total": self.num_answered,
            "refused_total": self.num_refused,
            "cuts_total": self.num_cuts,
            "transactions_total": self.num_transactions,
            "failures_total": self.num_failures,
        }
        durations = {"request": self.waits, "commit": self.commits, "lock_wait": self.lock_waits}
        return [
            *(Sample(f"myriad_store_{name}", (), number) for name, number in numbers.items()),
            *(Sample(f"myriad_store_{name}_seconds", (), taken.buckets) for name, taken in durations.items()),
        ]

    @property
    def next_try_ns(self) -> int | None:
        """When the store is to be asked again after it failed; None if it works."""
        return self._next_try_ns

    def submit(self, request: Request, reply: Reply) -> None:
        """Takes a request; `reply(answer)` is called by the driver's thread, or `reply(None)` at once if too many
        wait."""
        with self._lock:
            taken = self.num_waiting < self._max_waiting
            if taken:
                self._waiting.append(_Waiting(request, reply, self._clock()))
        if not taken:
            self.num_refused += 1
            reply(None)

    def poll(self) -> bool:
        """Carries out one transaction, if anything waits and it is time. True if more could be done now."""
        requests = self.begin(self._clock())
        if not requests:
            return False
        try:
            answers = self._store.execute(requests)
        except StoreUnavailable as error:
            self.fail(str(error), self._clock())
            return False
        self.lock_waits.record(self._store.lock_wait_ns)
        self.finish(answers, self._clock())
        return self.num_waiting > 0

    def secret(self) -> bytes:
        """32 random bytes of this world."""
        return self._store.secret()

    def close(self) -> None:
        """Lets the store go; what still waits is answered None."""
        with self._lock:
            left, self._batch = [*self._batch, *self._waiting], []
            self._waiting.clear()
        self._store.close()
        for waiting in left:
            waiting.reply(None)

    def begin(self, now_ns: int) -> tuple[Request, ...]:
        """The requests of the next transaction, in order; none if nothing waits or it is too early to try again."""
        if self._next_try_ns is not None and now_ns < self._next_try_ns:
            return ()
        if not self._batch:
            with self._lock:
                self._batch = self._choose()
        self._began_ns = now_ns
        return tuple(waiting.request for waiting in self._batch)

    def finish(self, answers: Sequence[Answer], now_ns: int) -> None:
        """The transaction took place: everybody in it is answered."""
        done, self._batch = self._batch, []
        self.num_transactions += 1
        self.num_answered += len(done)
        self.commits.record(now_ns - self._began_ns)
        self._next_try_ns, self._back_off_ns, self.last_failure = None, FIRST_BACK_OFF_NS, ""
        for waiting, answer in zip(done, answers, strict=True):
            self.waits.record(now_ns - waiting.since_ns)
            self.num_cuts += isinstance(waiting.request, Cut)
            try:
                waiting.reply(answer)
            except Exception:  # whoever asked has ended: the others are to hear all the same
                _LOG.exception("an answer could not be handed on")

    def fail(self, why: str, now_ns: int) -> None:
        """The transaction did not take place, or nobody knows: it is tried again after a while."""
        self.num_failures += 1
        self.last_failure = why
        self._next_try_ns = now_ns + self._back_off_ns
        self._back_off_ns = min(self._back_off_ns * 2, LONGEST_BACK_OFF_NS)

    def _choose(self) -> list[_Waiting]:
        """Takes what waits out of the queue, but of each zone only up to its second cut."""
        chosen, left = _split(self._waiting)
        self._waiting = deque(left)
        return chosen


def _split(waiting: Iterable[_Waiting]) -> tuple[list[_Waiting], list[_Waiting]]:
    """What goes into one transaction, and what must wait for the next."""
    chosen: list[_Waiting] = []
    left: list[_Waiting] = []
    cut: set[ZoneKey] = set()
    held_up: set[ZoneKey] = set()
    for each in waiting:
        key: ZoneKey | None = getattr(each.request, "key", None)
        second_cut = isinstance(each.request, Cut) and key in cut
        if len(chosen) == MAX_BATCH or key in held_up or second_cut:
            left.append(each)
            if key is not None:
                held_up.add(key)
            continue
        chosen.append(each)
        if isinstance(each.request, Cut):
            cut.add(each.request.key)
    return chosen, left
