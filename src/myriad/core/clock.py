"""Time as an argument: the fixed step of a zone, and a clock that a test moves by hand.

Responsible for: how many ticks are due at a given moment, how late they are, and how many had to be skipped.
Not here: the real clocks (`runtime/` reads them and passes integers on).

Invariants: tick k of a run is due at `start + k / hz` exactly, so nothing drifts; a step never catches up more than
`catch_up_ticks` at once, and what it leaves out is counted in `skipped_ticks`.
"""

from __future__ import annotations

from typing import Final, Protocol

NS_PER_S: Final = 1_000_000_000


class Clock(Protocol):
    """Where `now` comes from."""

    def now_ns(self) -> int:
        """Nanoseconds of a clock that never goes back; its zero means nothing."""
        ...

    def wall_s(self) -> int:
        """Whole seconds since 1970: what expiry times of tokens are compared with."""
        ...


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now_ns: int = 0, wall_s: int = 1_700_000_000) -> None:
        self._start_ns = now_ns
        self._now_ns = now_ns
        self._start_wall_s = wall_s

    def now_ns(self) -> int:
        """Nanoseconds, as set and advanced so far."""
        return self._now_ns

    def wall_s(self) -> int:
        """Whole seconds since 1970, moving together with `now_ns`."""
        return self._start_wall_s + (self._now_ns - self._start_ns) // NS_PER_S

    def advance_ns(self, duration_ns: int) -> int:
        """Moves on by `duration_ns` >= 0 and returns the new `now_ns`. Raises ValueError for a step back."""
        if duration_ns < 0:
            raise ValueError(f"a clock does not go back ({duration_ns} ns)")
        self._now_ns += duration_ns
        return self._now_ns


class FixedStep:
    """Says when ticks are due.

    Call `start`, then `due` whenever there is time; run as many ticks as it returns; sleep until `next_due_ns`.
    """

    def __init__(self, hz: int, catch_up_ticks: int = 5) -> None:
        """`hz` ticks a second, and at most `catch_up_ticks` of them in one go. Raises ValueError if either is < 1."""
        if hz < 1 or catch_up_ticks < 1:
            raise ValueError(f"hz {hz} and catch_up_ticks {catch_up_ticks} must be at least 1")
        self.hz = hz
        self.catch_up_ticks = catch_up_ticks
        self.skipped_ticks = 0
        """Ticks left out so far, because more than `catch_up_ticks` were due at once."""
        self.lateness_ns = 0
        """How long after its time the oldest tick of the latest `due` came, 0 if none was due."""
        self._start_ns = 0
        self._done_ticks = 0

    def start(self, now_ns: int) -> None:
        """Begins anew, also after a sleep: the next tick is due one interval from now, and nothing is owed."""
        self._start_ns = now_ns
        self._done_ticks = 0
        self.lateness_ns = 0

    def due(self, now_ns: int) -> int:
        """Number of ticks to run now, 0..catch_up_ticks; they count as done. What is beyond is counted as skipped."""
        owed = (now_ns - self._start_ns) * self.hz // NS_PER_S - self._done_ticks
        if owed <= 0:
            self.lateness_ns = 0
            return 0
        self.lateness_ns = now_ns - self.next_due_ns
        run = min(owed, self.catch_up_ticks)
        self.skipped_ticks += owed - run
        self._done_ticks += owed
        return run

    def due_one(self, now_ns: int) -> bool:
        """As `due`, for who runs one tick at a time: true if one is to be run now. Others that are due stay so, up to
        `catch_up_ticks` with this one; what is beyond is counted as skipped."""
        owed = (now_ns - self._start_ns) * self.hz // NS_PER_S - self._done_ticks
        if owed <= 0:
            self.lateness_ns = 0
            return False
        self.lateness_ns = now_ns - self.next_due_ns
        skipped = max(owed - self.catch_up_ticks, 0)
        self.skipped_ticks += skipped
        self._done_ticks += skipped + 1
        return True

    @property
    def origin(self) -> tuple[int, int]:
        """When it was started, and ticks done since, for whoever counts by itself and says so with `took`."""
        return self._start_ns, self._done_ticks

    def took(self, num_ticks: int) -> None:
        """`num_ticks` of those that were due are done, each as it became due."""
        self._done_ticks += num_ticks

    @property
    def next_due_ns(self) -> int:
        """The moment from which `due` returns at least 1."""
        return self._start_ns - (-(self._done_ticks + 1) * NS_PER_S // self.hz)
